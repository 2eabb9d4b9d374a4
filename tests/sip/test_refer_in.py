"""An agent's phone passes the caller on: REFER to us (RFC 3515), and the call that we then make."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest
from support.sipua import SipUa, until

from drivers.sip import SipDriver
from engine.audio.clip import Clip
from engine.errors import NotAllowed, Unsupported
from engine.lines import Cause, Hangup

SAID = bytes(range(0x80, 0xD0)) * 2


class Talk:
    """A caller who talks to an agent."""

    def __init__(self, driver, leg, caller, other, agent):
        self.driver, self.leg, self.caller, self.other, self.agent = driver, leg, caller, other, agent

    async def refer(self, to, headers=()):
        self.agent._request("REFER", "", [("Refer-To", to), ("Contact", self.agent.contact), *headers])
        return await self.agent.response(method="REFER")

    async def reports(self, count):
        """The status lines that the agent's phone was told, when there are so many."""

        def seen():
            notifies = {m.cseq: m for m in self.agent.requests if m.method == "NOTIFY"}
            return [notify.body.strip() for notify in notifies.values()]

        await until(lambda: len(seen()) >= count)
        return seen()


@pytest.fixture
async def second():
    async with SipUa.open() as ua:
        yield ua


@pytest.fixture
async def talk(phone, second, request):
    """The parameter, if any: seconds without a packet that end a call."""

    async def connect(caller, to):
        dialled.append(to)
        if to == "0899":
            raise NotAllowed("premium-rate numbers are not dialled")
        return await driver.originate(second.uri(to) if to.isdigit() else to, near=caller)

    dialled = []
    driver = SipDriver(
        listen="127.0.0.1:0",
        rtp_ports=range(31400, 31600),
        media_workers=1,
        rtp_timeout=getattr(request, "param", 60.0),
        on_refer=connect,
    )
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    caller = await phone.invite("32", driver.address)
    leg = await asyncio.wait_for(legs.get(), 3)
    await asyncio.gather(leg.answer(), caller.answered())
    calling = asyncio.create_task(driver.originate(phone.uri("201"), near=leg))
    agent = await phone.next_call()
    await agent.answer()
    other = await calling
    await leg.bridge(other)
    talk = Talk(driver, leg, caller, other, agent)
    talk.dialled, talk.legs = dialled, legs
    yield talk
    await driver.stop()


async def hears(rtp, other):
    async with asyncio.timeout(3):
        while not any(packet.payload == SAID for packet in rtp.received):
            other.send(SAID)
            await asyncio.sleep(0.02)


async def speak(rtp):
    while True:
        rtp.send(bytes(160))
        await asyncio.sleep(0.05)


def ours(talk, user):
    return f"<sip:{user}@{talk.driver.address[0]}:{talk.driver.address[1]}>"


@pytest.mark.parametrize("waits", [True, False])
async def test_an_agent_passes_the_caller_on(talk, second, waits):
    """waits: the agent's phone hears how it ends; another hangs up as soon as we have consented."""
    reply = await talk.refer(ours(talk, "202"))
    assert reply.status == 202
    if not waits:
        await talk.agent.bye()
    colleague = await second.next_call()
    assert talk.other.passed_on.is_set() is not waits  # who has hung up is not in the way of the next call
    talk.agent.rtp.received.clear()
    await talk.caller.rtp.stream(SAID * 3)
    assert not any(packet.payload == SAID for packet in talk.agent.rtp.received)  # they are apart by now
    await colleague.answer()
    if waits:
        assert await talk.reports(2) == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
        await talk.agent.over.wait()
    assert talk.other.passed_on.is_set()
    await hears(colleague.rtp, talk.caller.rtp)
    talk.caller.rtp.received.clear()
    await hears(talk.caller.rtp, colleague.rtp)
    assert talk.dialled == ["202"]
    await colleague.rtp.press("7")
    assert await asyncio.wait_for(talk.other.digits.get(), 1) == "7"
    await colleague.bye()
    assert await asyncio.wait_for(asyncio.shield(talk.other.ended), 3) == Hangup("remote", Cause.NORMAL)
    assert talk.leg.alive
    await talk.leg.hangup()
    await until(lambda: not any(talk.driver.usage().values()))


@pytest.mark.parametrize("talk", [0.3], indirect=True)
async def test_an_agent_who_has_left_is_not_missed(talk, second):
    """rtp.timeout is for far ends that vanish; this one has said good-bye, and the new phone rings for longer."""
    speaking = asyncio.create_task(speak(talk.caller.rtp))
    await talk.refer(ours(talk, "202"))
    await talk.agent.bye()
    colleague = await second.next_call()
    await asyncio.sleep(0.8)
    await colleague.answer()
    await hears(talk.caller.rtp, colleague.rtp)
    assert talk.other.alive
    speaking.cancel()


async def test_the_new_phone_is_hung_up_on_as_the_old_one_would_be(talk, second):
    await talk.refer(ours(talk, "202"))
    colleague = await second.next_call()
    await colleague.answer()
    await talk.agent.over.wait()
    await talk.other.hangup()
    await colleague.over.wait()
    await talk.leg.hangup()
    await until(lambda: not any(talk.driver.usage().values()))


async def test_a_colleague_who_is_busy(talk, second):
    """The agent still has the caller, and may try somebody else."""
    await talk.refer(ours(talk, "202"))
    (await second.next_call()).reject(486)
    assert (await talk.reports(2))[1] == "SIP/2.0 486 Busy Here"
    assert not talk.other.passed_on.is_set()
    await hears(talk.agent.rtp, talk.caller.rtp)
    assert (await talk.refer(ours(talk, "203"))).status == 202
    assert (await second.next_call()).requests[0].start.split()[1] == second.uri("203")
    events = [m.get("Event") for m in talk.agent.requests if m.method == "NOTIFY"]
    assert events[0] == "refer"
    assert events[-1].startswith("refer;id=")


async def test_a_colleague_who_is_busy_when_the_agent_has_left(talk, second):
    await talk.refer(ours(talk, "202"))
    await talk.agent.bye()
    (await second.next_call()).reject(486)
    assert await asyncio.wait_for(asyncio.shield(talk.other.ended), 3) == Hangup("remote", Cause.NORMAL)
    assert talk.leg.alive


async def test_a_caller_who_gives_up_meanwhile(talk, second):
    await talk.refer(ours(talk, "202"))
    colleague = await second.next_call()
    colleague.ring()
    await talk.caller.bye()
    await talk.other.hangup()
    await colleague.request("CANCEL")
    await until(lambda: not any(talk.driver.usage().values()))


async def test_a_number_that_the_rules_forbid(talk):
    await talk.refer(ours(talk, "0899"))
    assert (await talk.reports(2))[1] == "SIP/2.0 603 Decline"
    await hears(talk.agent.rtp, talk.caller.rtp)


async def test_an_address_elsewhere(talk, second):
    await talk.refer(f"<{second.uri('9')}>")
    await second.next_call()
    assert talk.dialled == [second.uri("9")]


@pytest.mark.parametrize(
    ("to", "headers", "status"),
    [
        ("<sip:202@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", (), 603),
        ("<sip:202@127.0.0.1?Subject=x>", (), 603),
        ("<sip:202@127.0.0.1;method=BYE>", (), 603),
        ("<sip:202@127.0.0.1>", (("Refer-To", "<sip:203@127.0.0.1>"),), 400),
        ("<mailto:a@b>", (), 400),
    ],
)
async def test_what_is_not_done(talk, to, headers, status):
    assert (await talk.refer(to, headers)).status == status
    assert talk.other.alive
    assert talk.dialled == []


class Consultation:
    """The agent's second call, by which they ask a colleague before they pass the caller on."""

    def __init__(self, leg, call, other, colleague):
        self.leg, self.call, self.other, self.colleague = leg, call, other, colleague

    @classmethod
    async def begin(cls, talk, phone, second, codec="PCMU"):
        call = await phone.invite("202", talk.driver.address)
        leg = await asyncio.wait_for(talk.legs.get(), 3)
        await asyncio.gather(leg.answer(), call.answered())
        calling = asyncio.create_task(talk.driver.originate(second.uri("202"), near=leg))
        colleague = await second.next_call()
        await colleague.answer(codecs=[codec])
        other = await calling
        await leg.bridge(other)
        return cls(leg, call, other, colleague)

    def named(self, talk):
        """Refer-To that asks for the caller to take the agent's place."""
        tags = [value.partition(";tag=")[2] for value in (self.call.remote, self.call.local)]
        replaces = f"{self.call.call_id};to-tag={tags[0]};from-tag={tags[1]}"
        host, port = talk.driver.address
        return f"<sip:202@{host}:{port}?Replaces={quote(replaces, safe='')}>"


async def says(speaker, listener):
    """Both are heard whatever their codecs are."""
    listener.received.clear()
    async with asyncio.timeout(3):
        while not any(len(set(packet.payload)) > 1 for packet in listener.audio()):
            speaker.send(SAID)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("first", ["caller", "colleague"])
async def test_an_agent_asks_a_colleague_and_passes_the_caller_on(talk, phone, second, first):
    """Attended: both of the agent's calls end, and neither of the two scenarios is any the wiser."""
    asked = await Consultation.begin(talk, phone, second)
    assert (await talk.refer(asked.named(talk))).status == 202
    assert await talk.reports(2) == ["SIP/2.0 100 Trying", "SIP/2.0 200 OK"]
    await asyncio.gather(talk.agent.over.wait(), asked.call.over.wait())
    assert (talk.other.passed_on.is_set(), asked.other.passed_on.is_set()) == (True, False)
    await says(talk.caller.rtp, asked.colleague.rtp)
    await says(asked.colleague.rtp, talk.caller.rtp)
    await asked.colleague.rtp.press("7")
    assert await asyncio.wait_for(talk.other.digits.get(), 1) == "7"
    assert talk.dialled == []
    with pytest.raises(Unsupported, match="a call of ours"):
        await asked.leg.transfer("203")
    if first == "caller":
        await talk.caller.bye()
        await talk.other.hangup()  # as the scenario of the caller does
        assert await asyncio.wait_for(asyncio.shield(asked.leg.ended), 3) == Hangup("remote", Cause.NORMAL)
        assert asked.other.alive  # until its scenario ends it
    else:
        await asked.colleague.bye()
        await asked.leg.hangup()
        assert await asyncio.wait_for(asyncio.shield(talk.other.ended), 3) == Hangup("remote", Cause.NORMAL)
        assert talk.leg.alive
    for leg in (talk.leg, asked.other):
        await leg.hangup()
    await until(lambda: not any(talk.driver.usage().values()))


async def test_a_scenario_goes_on_with_whom_it_was_given(talk, phone, second):
    """After the colleague has hung up, the caller hears the colleague's scenario, and presses keys there."""
    asked = await Consultation.begin(talk, phone, second)
    await talk.refer(asked.named(talk))
    await talk.agent.over.wait()
    await asked.colleague.bye()
    await asked.other.ended
    talk.caller.rtp.received.clear()
    await asked.leg.play([Clip(b"\x00\x20\x00\xe0" * 800)])
    assert any(len(set(packet.payload)) > 1 for packet in talk.caller.rtp.audio())
    await talk.caller.rtp.press("4")
    assert await asyncio.wait_for(asked.leg.digits.get(), 1) == "4"


async def test_the_consultation_has_ended_meanwhile(talk, phone, second):
    asked = await Consultation.begin(talk, phone, second)
    named = asked.named(talk)
    await asked.leg.hangup()
    await asked.call.over.wait()
    assert (await talk.refer(named)).status == 603
    await hears(talk.agent.rtp, talk.caller.rtp)


async def test_a_call_cannot_take_its_own_place(talk):
    host, port = talk.driver.address
    tags = [value.partition(";tag=")[2] for value in (talk.agent.remote, talk.agent.local)]
    replaces = quote(f"{talk.agent.call_id};to-tag={tags[0]};from-tag={tags[1]}", safe="")
    assert (await talk.refer(f"<sip:202@{host}:{port}?Replaces={replaces}>")).status == 603


async def test_one_at_a_time(talk, second):
    await talk.refer(ours(talk, "202"))
    await second.next_call()
    assert (await talk.refer(ours(talk, "203"))).status == 491


async def test_a_caller_alone_cannot_make_us_call(bench, phone):
    """Neither where nobody may, nor in a scenario."""
    _, call = await bench.answered(phone)
    call._request("REFER", "", [("Refer-To", "<sip:0899@127.0.0.1>"), ("Contact", call.contact)])
    assert (await call.response(method="REFER")).status == 202
    await until(lambda: any("603" in m.body for m in call.requests if m.method == "NOTIFY"))
    assert not any(m.method == "INVITE" for m in call.requests)

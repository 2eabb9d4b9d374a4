"""Phones that register with us, are called, and call (RFC 3261 section 10.3, RFC 7616), over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from support.sipphone import Phone
from support.sipua import Message, SipUa, until

from drivers.sip import SipDriver
from drivers.sip.phones import Phones
from drivers.sip.registrar import Register, Registrar
from drivers.sip.verifier import Verifier
from engine.errors import ConfigurationError, OriginateError
from engine.lines import Cause

USERS = {"201": "s3cret", "202": "other"}


@asynccontextmanager
async def running(allow=(), on_refer=None, **phones):
    driver = SipDriver(
        listen="127.0.0.1:0",
        allow=list(allow),
        phones={"users": USERS, **phones},
        rtp_ports=range(31400, 31600),
        media_workers=1,
        on_refer=on_refer,
    )
    driver.legs = asyncio.Queue()
    await driver.start(driver.legs.put_nowait)
    try:
        yield driver
    finally:
        await driver.stop()


@asynccontextmanager
async def phone_of(driver, user="201", password="s3cret", host="127.0.0.1"):
    async with SipUa.open(host) as ua:
        yield Phone(ua, user, password, driver.address)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_registered_called_and_gone(algorithm):
    async with running(algorithms=[algorithm]) as driver, phone_of(driver) as phone:
        assert not driver.reaches("201")
        accepted = await phone.register(120)
        assert (accepted.status, accepted.get("Contact")) == (200, f"{phone.contact};expires=120")
        assert accepted.get("Server") == ""
        assert (driver.reaches("201"), driver.reaches("202")) == (True, False)
        calling = asyncio.create_task(driver.originate("201", caller_id="+33555"))
        call = await phone.ua.next_call()
        assert call.requests[0].start == f"INVITE {phone.contact[1:-1]} SIP/2.0"
        assert "<sip:+33555@127.0.0.1>" in call.requests[0].get("From")
        await call.answer()
        leg = await calling
        assert (leg.info.channel, leg.info.did) == ("sip/phones", "201")
        await leg.hangup()
        await call.request("BYE")
        assert (await phone.register(0)).status == 200
        assert not driver.reaches("201")
        with pytest.raises(OriginateError, match="no phone is registered") as caught:
            await driver.originate("201")
        assert caught.value.cause is Cause.NOT_FOUND


async def test_the_log_tells_who_comes_and_goes_and_who_has_a_wrong_password(caplog):
    caplog.set_level("INFO")
    async with running() as driver, phone_of(driver) as phone, phone_of(driver, password="guess") as wrong:
        for seconds in (120, 120, 0):
            await phone.register(seconds)
        await wrong.register(120)
    where = f"127.0.0.1:{phone.ua.port}"
    said = [line for line in caplog.messages if "phone" in line]
    assert said == [
        f"a phone of 201 has registered: {where}",
        f"a phone of 201 is gone: {where}",
        "a phone has given a wrong password: 201 from 127.0.0.1",
    ]


async def test_a_phone_is_called_where_it_registered_from():
    """Its own idea of its address may be that of a network behind a router."""
    async with running() as driver, phone_of(driver) as phone:
        await phone.register(contact="<sip:201@10.1.2.3:5060>")
        calling = asyncio.create_task(driver.originate("201"))
        call = await phone.ua.next_call()
        assert call.requests[0].start == "INVITE sip:201@10.1.2.3:5060 SIP/2.0"
        call.contact = "<sip:201@10.1.2.3:5060>"
        await call.answer()
        leg = await calling
        await leg.hangup()
        await call.request("BYE")
        call = await phone.ua.prepare("32", driver.address)
        call.contact = "<sip:201@10.1.2.3:5060>"
        leg, _ = await called(driver, phone, call)
        await leg.hangup()
        await call.request("BYE")


@pytest.mark.parametrize(("known", "dialled"), [(True, "202"), (False, "sip:202@pbx.example")])
async def test_a_phone_that_knows_us_by_a_name_passes_its_caller_on(known, dialled):
    """What it dials at that name is a number of ours (REFER)."""
    dialling = asyncio.Queue()

    async def connect(caller, to):
        dialling.put_nowait(to)
        raise OriginateError(to, Cause.BUSY, "")

    async with running(on_refer=connect) as driver, phone_of(driver) as phone:
        phone.domain = "PBX.example" if known else ""
        await phone.register()
        inside = await phone.call("32")
        leg = await asyncio.wait_for(driver.legs.get(), 3)
        await asyncio.gather(leg.answer(), inside.answered())
        calling = asyncio.create_task(driver.originate("201", near=leg))
        agent = await phone.ua.next_call()
        await agent.answer()
        await leg.bridge(await calling)
        agent._request("REFER", "", [("Refer-To", "<sip:202@pbx.example>"), ("Contact", agent.contact)])
        assert await asyncio.wait_for(dialling.get(), 3) == dialled


async def test_all_the_phones_of_an_extension_ring_and_the_first_to_answer_has_it():
    async with running() as driver, phone_of(driver) as desk, phone_of(driver) as soft:
        await desk.register()
        await soft.register()
        calling = asyncio.create_task(driver.originate("201"))
        at_desk, at_soft = await desk.ua.next_call(), await soft.ua.next_call()
        at_desk.ring()
        at_soft.ring()
        await at_soft.answer()
        leg = await calling
        await at_desk.request("CANCEL")
        assert leg.alive
        assert driver.usage()["legs"] == 1
        await leg.hangup()
        await at_soft.request("BYE")
        await until(lambda: not any(driver.usage().values()))


async def test_one_busy_phone_does_not_silence_the_other_and_one_that_declines_does():
    async with running() as driver, phone_of(driver) as desk, phone_of(driver) as soft:
        await desk.register()
        await soft.register()
        calling = asyncio.create_task(driver.originate("201"))
        at_desk, at_soft = await desk.ua.next_call(), await soft.ua.next_call()
        at_desk.reject(486)
        await at_desk.request("ACK")
        assert not at_soft.over.is_set()
        at_soft.reject(480)
        with pytest.raises(OriginateError) as caught:
            await calling
        assert caught.value.cause is Cause.BUSY
        calling = asyncio.create_task(driver.originate("201"))
        at_desk, at_soft = await desk.ua.next_call(), await soft.ua.next_call()
        at_desk.reject(603)
        with pytest.raises(OriginateError) as caught:
            await calling
        assert caught.value.cause is Cause.REJECTED
        await at_soft.request("CANCEL")
        await until(lambda: not any(driver.usage().values()))


async def test_a_call_that_is_withdrawn_stops_ringing_everywhere():
    async with running() as driver, phone_of(driver) as desk, phone_of(driver) as soft:
        await desk.register()
        await soft.register()
        calling = asyncio.create_task(driver.originate("201"))
        calls = [await desk.ua.next_call(), await soft.ua.next_call()]
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling
        for call in calls:
            await call.request("CANCEL")
        await until(lambda: not any(driver.usage().values()))


async def called(driver, phone, call):
    """The call after its password has been given and it has been answered: our leg and the phone's end."""
    await phone.place(call)
    leg = await asyncio.wait_for(driver.legs.get(), 3)
    await asyncio.gather(leg.answer(), call.answered())
    return leg, call


async def test_a_phone_calls_with_its_password_and_under_its_own_number():
    async with running() as driver, phone_of(driver) as phone:
        call = await phone.call("32", cli="+33999")
        leg = await asyncio.wait_for(driver.legs.get(), 3)
        assert (leg.info.channel, leg.info.did, leg.info.cli, leg.info.name) == ("sip/phones", "32", "201", "Anne")
        await asyncio.gather(leg.answer(), call.answered())
        await call.bye()
        assert (await leg.ended).by == "remote"


async def test_a_call_without_the_password_is_none():
    async with running() as driver, phone_of(driver, password="guess") as phone:
        call = await phone.call("32")
        await until(lambda: [m.status for m in call.responses].count(401) == 2)
        assert "SDP" not in str(call.responses)
        assert driver.legs.empty()
        assert not any(driver.usage().values())


async def test_an_allowed_address_calls_without_a_password_and_registers_with_one():
    async with running(["127.0.0.1/32"]) as driver, phone_of(driver) as phone:
        await phone.ua.invite("32", driver.address, cli="777")
        assert (await asyncio.wait_for(driver.legs.get(), 3)).info.cli == "777"
        assert (await phone.send_register()).status == 401
        assert (await phone.register()).status == 200


@pytest.mark.parametrize(
    ("spoilt", "status"),
    [
        ({"password": "guess"}, 401),
        ({"user": "999"}, 401),
        ({"uri": "sip:192.0.2.1"}, 401),
    ],
)
async def test_a_wrong_answer_is_challenged_again(spoilt, status):
    async with running() as driver, phone_of(driver) as phone:
        for name, value in spoilt.items():
            setattr(phone, name, value)
        assert (await phone.register()).status == status
        assert not driver.reaches("201")


async def test_an_extension_registers_for_itself_only():
    async with running() as driver, phone_of(driver) as phone:
        assert (await phone.register(user="202")).status == 403
        assert not driver.reaches("202")


async def test_an_answer_that_was_recorded_is_no_password():
    async with running() as driver, phone_of(driver) as phone:
        answer = phone.answer(await phone.send_register(), "REGISTER")
        assert (await phone.send_register(300, "", "", answer)).status == 200
        again = await phone.send_register(0, "", "", answer)
        assert again.status == 401
        assert "stale=true" in again.get("WWW-Authenticate")
        assert driver.reaches("201")


async def test_strangers_hear_nothing_but_a_challenge_where_phones_may_be():
    async with running(allow=["127.0.0.9/32"]) as driver, SipUa.open() as stranger:
        headers = [("From", "<sip:x@127.0.0.1>;tag=x"), ("To", "<sip:201@127.0.0.1>"), ("Call-ID", "a@b")]
        for method in ("OPTIONS", "SUBSCRIBE", "MESSAGE", "INFO"):
            more = [("Via", stranger.via()), ("CSeq", f"1 {method}"), ("Max-Forwards", "70")]
            stranger.send(Message(f"{method} sip:201@127.0.0.1 SIP/2.0", [*headers, *more]), driver.address)
        phone = Phone(stranger, "201", "s3cret", driver.address)
        assert (await phone.send_register()).status == 401
        assert len(stranger.log) == 1
        await phone.register()
        more = [("Via", stranger.via()), ("CSeq", "1 OPTIONS"), ("Max-Forwards", "70")]
        assert (await phone.ask(Message("OPTIONS sip:201@127.0.0.1 SIP/2.0", [*headers, *more]))).status == 200


async def test_outside_the_phones_networks_nobody_is_challenged():
    async with running(allow=["127.0.0.9/32"]) as driver:
        driver._registrar._permitted = lambda source: False
        async with SipUa.open() as stranger, SipUa.open("127.0.0.9") as friend:
            with pytest.raises(TimeoutError):
                await Phone(stranger, "201", "s3cret", driver.address).send_register()
            assert (await Phone(friend, "201", "s3cret", driver.address).register()).status == 200


def test_wrong_networks_are_refused():
    with pytest.raises(ConfigurationError, match=r"sip\.phones\.allow"):
        SipDriver(listen="127.0.0.1:0", phones={"users": USERS, "allow": ["home"]})


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Desk:
    """A registrar without a socket, and requests to it that carry the password."""

    def __init__(self, **options):
        self.clock = Clock()
        self.registrar = Registrar(Phones(users=USERS, **options), self.clock)
        self.cseq = 0

    def register(self, *contacts, expires="", call_id="a", cseq=None, source=("192.0.2.7", 5060), **more):
        self.cseq = self.cseq + 1 if cseq is None else cseq
        phone = Phone(type("Ua", (), {"host": "h", "port": 1})(), "201", "s3cret", ("pbx", 5060))
        challenge = Message("", [("WWW-Authenticate", self.registrar._verifier.challenges()[0])])
        given = {"authorization": [phone.answer(challenge, "REGISTER", "sip:pbx")], "to": ["<sip:201@pbx>"]}
        given |= {"contact": list(contacts), "expires": [expires] if expires else [], **more}
        phone.uri = ""
        request = Register(lambda name: given.get(name, []), "sip:pbx", source, call_id, self.cseq)
        return self.registrar.register(request)

    def uris(self):
        return [binding.uri for binding in self.registrar.contacts("201")]


def test_several_contacts_each_for_its_time():
    desk = Desk()
    answer = desk.register("<sip:a@h>;expires=100", "sip:b@h;expires=200", expires="60")
    assert answer.status == 200
    assert answer.headers == (("contact", "<sip:b@h>;expires=200"), ("contact", "<sip:a@h>;expires=100"))
    desk.clock.now += 150
    assert desk.uris() == ["sip:b@h"]
    assert desk.registrar.is_phone("192.0.2.7")
    desk.clock.now += 51
    assert desk.uris() == []
    assert not desk.registrar.is_phone("192.0.2.7")


@pytest.mark.parametrize(
    ("contact", "expires", "granted"),
    [
        ("<sip:a@h>", "", 600),
        ("<sip:a@h>", "120", 120),
        ("<sip:a@h>;expires=90", "120", 90),
        ("<sip:a@h>;expires=86400", "", 600),
        ("<sip:a@h>;expires=junk", "120", 120),
        ('"Anne <x>" <sip:a@h>;q=0.5;expires="90"', "", 90),
    ],
)
def test_how_long(contact, expires, granted):
    desk = Desk()
    assert desk.register(contact, expires=expires).headers == (("contact", f"<sip:a@h>;expires={granted}"),)


@pytest.mark.parametrize(
    ("contacts", "options", "status"),
    [
        (["<sip:a@h>;expires=30"], {}, 423),
        (["*"], {"expires": "60"}, 400),
        (["*", "<sip:a@h>"], {"expires": "0"}, 400),
        (["<tel:+331>"], {}, 400),
        (["<sip:a@h"], {}, 400),
        (["<sip:" + "a" * 300 + "@h>"], {}, 400),
        ([" " * 60_000 + '"'], {}, 400),  # which would take the parser 15 s
        (["<sip:a@h>"], {"require": ["outbound"]}, 420),
        (["<sip:new@h>", "<sip:old@h>"], {"cseq": 1}, 500),
        (["*"], {"expires": "0", "cseq": 1}, 500),
    ],
)
def test_what_is_refused_changes_nothing(contacts, options, status):
    desk = Desk()
    desk.register("<sip:old@h>")
    answer = desk.register(*contacts, **options)
    assert answer.status == status
    assert desk.uris() == ["sip:old@h"]
    assert status != 423 or answer.headers == (("min-expires", "60"),)


def test_a_query_changes_nothing_and_lists_them_all():
    desk = Desk()
    desk.register("<sip:a@h>")
    assert desk.register().headers == (("contact", "<sip:a@h>;expires=600"),)


def test_all_of_them_are_given_up_at_once():
    desk = Desk()
    desk.register("<sip:a@h>", "<sip:b@h>")
    assert desk.register("*", expires="0").headers == ()
    assert desk.uris() == []


def test_refreshed_not_doubled_and_after_a_restart_the_count_may_begin_again():
    desk = Desk()
    desk.register("<sip:a@h>", cseq=70)
    desk.register("<sip:b@h>", cseq=71)
    assert desk.register("<sip:a@h>", call_id="other", cseq=1).status == 200
    assert desk.uris() == ["sip:a@h", "sip:b@h"]


def test_the_oldest_contact_makes_room():
    desk = Desk(contacts=2)
    for name in "abc":
        desk.register(f"<sip:{name}@h>")
    assert desk.uris() == ["sip:c@h", "sip:b@h"]


def test_a_proxy_in_between_is_kept_and_told():
    desk = Desk()
    answer = desk.register("<sip:a@h>", path=["<sip:edge@192.0.2.9;lr>"], require=["path"])
    assert ("path", "<sip:edge@192.0.2.9;lr>") in answer.headers
    (binding,) = desk.registrar.contacts("201")
    assert binding.call("+331").account.routes == ("<sip:edge@192.0.2.9;lr>",)


def test_a_nonce_does_not_last():
    clock = Clock()
    verifier = Verifier("flowctl", USERS, ["SHA-256", "MD5"], clock)
    phone = Phone(type("Ua", (), {"host": "h", "port": 1})(), "201", "s3cret", ("pbx", 5060))
    first, second = (Message("", [("WWW-Authenticate", text)]) for text in verifier.challenges())
    assert verifier.check([phone.answer(first, "REGISTER", "sip:pbx")], "REGISTER", "sip:pbx:5060;x=y").user == "201"
    assert verifier.check([phone.answer(first, "INVITE", "sip:pbx", 2)], "INVITE", "sip:32@pbx;x=y").user == "201"
    assert verifier.check([phone.answer(first, "INVITE", "sip:31@pbx", 3)], "INVITE", "sip:32@pbx").wrong
    assert verifier.check([phone.answer(first, "REGISTER", "sip:pbx", 4)], "INVITE", "sip:pbx").wrong
    clock.now += 301
    late = verifier.check([phone.answer(second, "REGISTER", "sip:pbx", 2)], "REGISTER", "sip:pbx")
    assert (late.user, late.stale, late.wrong) == ("", True, False)
    other = Verifier("flowctl", USERS, ["MD5"], clock)
    foreign = other.check([phone.answer(second, "REGISTER", "sip:pbx")], "REGISTER", "sip:pbx")
    assert (foreign.user, foreign.wrong) == ("", False)
    assert other.check(["Digest nonsense", "Basic x"], "REGISTER", "sip:pbx").user == ""

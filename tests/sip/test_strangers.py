"""Everything else that reaches the port: garbage, scanners, requests that we do not serve."""

from __future__ import annotations

import asyncio
import random

import pytest
from support.sipua import Message, SipUa, sdp, until

from drivers.sip import SipDriver
from engine.errors import ConfigurationError


def request(ua, to, method, *, to_tag="", extra=()):
    headers = [("Via", ua.via()), ("From", "<sip:x@127.0.0.1>;tag=x"), ("To", f"<sip:32@127.0.0.1>{to_tag}")]
    headers += [("Call-ID", "lonely@test"), ("CSeq", f"1 {method}"), ("Max-Forwards", "70"), *extra]
    return Message(f"{method} sip:32@{to[0]}:{to[1]} SIP/2.0", headers)


async def reply_to(ua, message, to):
    """The first response that comes."""
    before = len(ua.log)
    ua.send(message, to)
    await until(lambda: len(ua.log) > before)
    return ua.log[before]


@pytest.mark.parametrize(
    ("method", "to_tag", "status"),
    [
        ("OPTIONS", "", 200),
        ("REGISTER", "", 405),
        ("MESSAGE", "", 405),
        ("SUBSCRIBE", "", 405),
        ("JUMP", "", 501),
        ("BYE", ";tag=gone", 481),
        ("INFO", ";tag=gone", 481),
        ("INVITE", ";tag=gone", 481),
        ("CANCEL", "", 481),
    ],
)
async def test_requests_outside_a_call(bench, phone, method, to_tag, status):
    to = bench.driver.address
    response = await reply_to(phone, request(phone, to, method, to_tag=to_tag), to)
    assert response.status == status
    if status in (200, 405):
        assert "INVITE" in response.get("Allow")
    assert bench.legs.empty()


async def test_what_is_required_and_not_known_is_named(bench, phone):
    to = bench.driver.address
    extra = [("Require", "timer, nobodyHasThis"), ("Require", "norThis")]
    response = await reply_to(phone, request(phone, to, "OPTIONS", extra=extra), to)
    assert (response.status, response.get("Unsupported")) == (420, "nobodyHasThis, norThis")


@pytest.mark.parametrize("uri", ["nobodyKnowsThis:opaque", "soap.beep://192.0.2.103:3002"])
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
async def test_an_address_of_a_kind_that_we_do_not_know(bench, phone, method, uri):
    to = bench.driver.address
    message = request(phone, to, method)
    message.start = f"{method} {uri} SIP/2.0"
    assert (await reply_to(phone, message, to)).status == 416
    assert bench.legs.empty()


async def test_a_call_whose_header_fields_are_folded_and_full_of_blanks(bench, phone):
    """As in wsinv of RFC 4475, section 3.1.1.1."""
    call = await phone.prepare("32", bench.driver.address, name='"J \\"R\\" = ; <x>"')
    phone.lose = 1
    invite = call.send_invite(sdp(*call.rtp.address))
    text = invite.encode().decode()
    for tight, loose in [
        ("Via: SIP/2.0/UDP ", "Via  : SIP  /   2.0\r\n /UDP\r\n    "),
        (";rport;branch=", " ;\r\n rport  ;\r\n\tbranch = "),
        (";tag=", "\r\n  ;\r\n  tag = "),
        ("To: ", "TO :\r\n "),
        ("CSeq: 1 ", "cseq: 0001\r\n  "),
        ("Contact: <", "s :\r\nNewFangled:   new\r\n continued\r\nm:   <"),
    ]:
        assert tight in text
        text = text.replace(tight, loose, 1)
    phone.send(text.encode(), call.peer)
    leg = await bench.leg()
    assert (leg.info.did, leg.info.cli, leg.info.name) == ("32", "100", 'J "R" = ; <x>')
    await asyncio.gather(leg.answer(), call.answered())
    assert (await call.bye()).status == 200
    await bench.idle()


@pytest.mark.parametrize(
    ("method", "status"),
    [("OPTIONS", 200), ("UPDATE", 200), ("MESSAGE", 405), ("REFER", 400), ("JUMP", 501), ("PRACK", 405)],
)
async def test_requests_inside_a_call(bench, phone, method, status):
    leg, call = await bench.answered(phone)
    assert (await call.ask(method)).status == status
    assert leg.alive


async def test_a_bad_request_inside_a_call(bench, phone):
    leg, call = await bench.answered(phone)
    call.contact = "<sip:test@[:::>"
    assert (await call.reinvite(call.last_invite.body)).status == 400
    assert leg.alive


async def test_an_extension_that_we_do_not_have(bench, phone):
    call = await phone.invite("32", bench.driver.address, headers=[("Require", "100rel")])
    refused = await call.response(420)
    assert refused.get("Unsupported") == "100rel"


async def test_an_invite_without_a_contact(bench, phone):
    to = bench.driver.address
    assert (await reply_to(phone, request(phone, to, "INVITE"), to)).status == 400


async def test_another_version_of_sip(bench, phone):
    call = await phone.prepare("32", bench.driver.address)
    datagram = call.send_invite("").encode().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1)
    await call.response(180, 100)
    phone.send(datagram.replace(b"CSeq: 1", b"CSeq: 2").replace(b"z9hG4bK", b"z9hG4bKv7"), call.peer)
    assert (await call.response(505)).start.startswith("SIP/2.0 ")


async def test_garbage_is_ignored_and_calls_go_on(bench, phone, capfd):
    leg, call = await bench.answered(phone)
    dice = random.Random(20261123)
    invite = call.last_invite.encode()
    for count in range(300):
        if count % 20 == 0:  # a socket buffer holds some two hundred
            await asyncio.sleep(0.01)
        mutated = bytearray(invite.replace(b"call", b"noise"))
        for _ in range(dice.randrange(1, 12)):
            mutated[dice.randrange(len(mutated))] = dice.randrange(256)
        phone.send(bytes(mutated[: dice.randrange(1, len(mutated))]), bench.driver.address)
    for datagram in (b"\0" * 2000, b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n" * 10, b"SIP/2.0 9 x\r\nVia: a\r\n" * 4):
        phone.send(datagram, bench.driver.address)
    assert (await call.info("Signal=3")).status == 200
    assert leg.alive
    while not bench.legs.empty():  # some mutations are good calls
        await bench.legs.get_nowait().hangup()
    printed = capfd.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert printed.out == ""


async def test_only_allowed_peers_hear_anything(phone):
    driver = SipDriver(listen="127.0.0.1:0", allow=["127.0.0.2/32"], rtp_ports=range(31400, 31600), media_workers=1)
    legs = asyncio.Queue()
    await driver.start(legs.put_nowait)
    async with SipUa.open("127.0.0.2") as friend:
        for method in ("OPTIONS", "INVITE", "REGISTER"):
            phone.send(request(phone, driver.address, method), driver.address)
        await phone.invite("32", driver.address)
        await friend.invite("32", driver.address)
        leg = await asyncio.wait_for(legs.get(), 3)
        assert leg.info.cli
        await leg.hangup()
    assert phone.log == []
    assert legs.empty()
    await driver.stop()


async def test_one_whom_we_call_may_end_it_but_not_call_us(phone):
    driver = SipDriver(listen="127.0.0.1:0", allow=[], rtp_ports=range(31400, 31600), media_workers=1)
    await driver.start(lambda leg: None)
    calling = asyncio.create_task(driver.originate(phone.uri("201")))
    call = await phone.next_call()
    await call.answer()
    leg = await calling
    intruder = await phone.invite("32", driver.address)
    assert (await intruder.response(403)).status == 403
    assert (await call.bye()).status == 200
    assert (await leg.ended).by == "remote"
    await driver.stop()


@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "0.0.0.0:5060"},
        {"listen": "localhost"},
        {"listen": "127.0.0.1:seventy"},
        {"listen": "127.0.0.1:70000"},
        {"allow": ["everybody"]},
        {"rtp_ports": range(20001, 20002)},
    ],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ConfigurationError, match=r"sip\.listen|sip\.allow|rtp\.ports"):
        SipDriver(**{"listen": "127.0.0.1:0", **settings})


async def test_an_address_in_use_is_refused(bench):
    host, port = bench.driver.address
    with pytest.raises(ConfigurationError, match="cannot bind"):
        await SipDriver(listen=f"{host}:{port}", media_workers=1).start(lambda leg: None)

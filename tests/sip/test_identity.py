"""Who calls whom, by what the INVITE says and the trunk trusts (RFC 3325, RFC 3323, RFC 5806, RFC 7315)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from support.sipua import SipUa

from drivers.sip import SipDriver
from drivers.sip.identity import ASSERTED, Party, called_number, calling_party, parse_party
from engine.errors import ConfigurationError

PAI, RPID, FROM, PRIVACY = "p-asserted-identity", "remote-party-id", "from", "privacy"
SHOWN = '"Anne Martin" <sip:0143670903@pbx>;tag=1'
HIDDEN = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'


def headers(**values):
    """The headers of a message: `p_asserted_identity=…`, a text or several."""
    table = {name.replace("_", "-"): [value] if isinstance(value, str) else value for name, value in values.items()}
    return lambda name: table.get(name, [])


@pytest.mark.parametrize(
    ("text", "party"),
    [
        ("<sip:201@192.0.2.1>;tag=1", Party("201", "", ("tag=1",))),
        ("sip:201@192.0.2.1;tag=1", Party("201", "", ("tag=1",))),
        ("Anne Martin <sip:201@pbx:5070;user=phone>", Party("201", "Anne Martin")),
        (r'"Anne \"Doc\" <x> \\ M" <sip:201@pbx>', Party("201", r'Anne "Doc" <x> \ M')),
        ('"" <sip:+33143670903@op.example>', Party("+33143670903", "")),
        ("<tel:+33-1.43(67)0903;phone-context=x>", Party("+33143670903", "")),
        ("<sip:%2B331;cpc=ordinary:secret@pbx>", Party("+331", "")),
        ("<sip:201:secret@pbx>", Party("201", "")),
        ("<sips:a@b>", Party("a", "")),
        ("<sip:192.0.2.1>", Party("", "")),
        ("Zoé <sip:201@pbx>;Privacy=FULL", Party("201", "Zoé", ("privacy=full",))),
        ("<mailto:a@b>", None),
        ('"never closed <sip:201@pbx>', Party("201", "never closed")),
        ('"name" sip:201@pbx', None),
        ("<sip:201@pbx", None),
        ("", None),
    ],
)
def test_an_address(text, party):
    assert parse_party(text) == party


@pytest.mark.parametrize(
    ("given", "sources", "expected"),
    [
        ({"from": SHOWN}, ASSERTED, ("0143670903", "Anne Martin")),
        ({"from": SHOWN, PAI: "<sip:+33143670903@op>"}, ASSERTED, ("+33143670903", "Anne Martin")),
        ({"from": SHOWN, PAI: '"A. M." <tel:+33143670903>'}, ASSERTED, ("+33143670903", "A. M.")),
        ({"from": SHOWN, PAI: "<sip:+331@op>", RPID: "<sip:+332@op>"}, ASSERTED, ("+331", "Anne Martin")),
        ({"from": SHOWN, RPID: "<sip:+332@op>;party=calling"}, ASSERTED, ("+332", "Anne Martin")),
        ({"from": SHOWN, PAI: "<sip:+331@op>"}, (FROM,), ("0143670903", "Anne Martin")),
        ({"from": SHOWN, PAI: "<sip:+331@op>"}, (RPID, FROM), ("0143670903", "Anne Martin")),
        ({"from": SHOWN, PAI: ["<sip:op>", "<tel:+331>"]}, ASSERTED, ("+331", "Anne Martin")),
        ({"from": SHOWN, PAI: "rubbish"}, ASSERTED, ("0143670903", "Anne Martin")),
        ({"from": SHOWN, PAI: "<sip:+331@op>", PRIVACY: "id"}, ASSERTED, ("", "")),
        ({"from": SHOWN, PRIVACY: "user;critical"}, ASSERTED, ("", "")),
        ({"from": SHOWN, PRIVACY: "none"}, ASSERTED, ("0143670903", "Anne Martin")),
        ({"from": SHOWN, RPID: "<sip:+332@op>;privacy=full;screen=yes"}, ASSERTED, ("", "")),
        ({"from": SHOWN, RPID: "<sip:+332@op>;privacy=off"}, ASSERTED, ("+332", "Anne Martin")),
        ({"from": HIDDEN}, ASSERTED, ("", "")),
        ({"from": HIDDEN, PAI: "<sip:+331@op>"}, ASSERTED, ("", "")),
        ({"from": "<sip:pbx.example>;tag=1"}, ASSERTED, ("", "")),
    ],
)
def test_the_calling_number(given, sources, expected):
    assert calling_party(headers(**given), sources) == expected


@pytest.mark.parametrize(
    ("given", "did_from", "expected"),
    [
        ({"to": "<sip:+33143670903@op>"}, "request-uri", "account"),
        ({"to": "<sip:+33143670903@op>"}, "to", "+33143670903"),
        ({"p-called-party-id": "<sip:+33143670903@op>"}, "p-called-party-id", "+33143670903"),
        ({"diversion": ["<sip:+332@op>;reason=unconditional", "<sip:+331@op>"]}, "diversion", "+332"),
        ({}, "diversion", "account"),
        ({"to": "<sip:op>"}, "to", "account"),
    ],
)
def test_the_called_number(given, did_from, expected):
    assert called_number(headers(**given), "account", did_from) == expected


@asynccontextmanager
async def running(**trunks):
    legs = asyncio.Queue()
    options = {"allow": [], "rtp_ports": range(31400, 31600), "media_workers": 1}
    driver = SipDriver(listen="127.0.0.1:0", trunks=trunks, **options)
    await driver.start(legs.put_nowait)
    try:
        yield driver, legs
    finally:
        await driver.stop()


async def test_a_call_by_a_trunk(phone):
    """The trunk's address is allowed; its name is the channel's, and its rules say where the numbers are."""
    rules = {"host": "127.0.0.1", "did_from": "p-called-party-id", "cli_from": ["p-asserted-identity"]}
    async with running(operator=rules) as (driver, legs):
        extra = [
            ("P-Called-Party-ID", "<sip:+33143670903@op>"),
            ("P-Asserted-Identity", '"A" <sip:+336@op>, <tel:+336>'),
        ]
        await phone.invite("account", driver.address, cli="100", headers=extra)
        info = (await asyncio.wait_for(legs.get(), 3)).info
        assert (info.channel, info.did, info.cli, info.name) == ("sip/operator", "+33143670903", "+336", "A")


async def test_trunks_are_told_apart_by_address_and_by_account():
    trunks = {
        "exchange": {"host": "127.0.0.9", "peers": ["127.0.0.2/31"]},
        "first": {"host": "localhost", "user": "alpha"},
        "second": {"host": "localhost", "user": "beta"},
    }
    async with running(**trunks) as (driver, legs):
        seen = []
        for host, did in (("127.0.0.3", "32"), ("127.0.0.1", "beta"), ("127.0.0.1", "alpha"), ("127.0.0.1", "33")):
            async with SipUa.open(host) as peer:
                await peer.invite(did, driver.address)
                leg = await asyncio.wait_for(legs.get(), 3)
                seen.append(leg.info.channel)
                await leg.hangup()
        assert seen == ["sip/exchange", "sip/second", "sip/first", "sip/first"]


async def test_an_address_of_no_trunk_hears_nothing():
    async with running(exchange={"host": "127.0.0.9"}) as (driver, legs), SipUa.open("127.0.0.4") as stranger:
        async with SipUa.open("127.0.0.9") as peer:
            await stranger.invite("32", driver.address)
            await peer.invite("32", driver.address)
            assert (await asyncio.wait_for(legs.get(), 3)).info.channel == "sip/exchange"
        assert (stranger.log, legs.empty()) == ([], True)


@pytest.mark.parametrize("trunk", [{"host": "127.0.0.1", "peers": ["everywhere"]}, {"hosts": "127.0.0.1"}])
def test_a_wrong_trunk_is_refused(trunk):
    with pytest.raises(ConfigurationError, match=r"sip\.trunks"):
        SipDriver(listen="127.0.0.1:0", trunks={"operator": trunk})

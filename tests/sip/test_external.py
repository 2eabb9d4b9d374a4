"""A server behind a translator of addresses: far ends are told the address outside (`sip.external`)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from support.served import served
from support.sipregistrar import Operator
from support.sipua import sdp, until

from drivers.sip import SipDriver
from engine.errors import ConfigurationError, OriginateError
from engine.lines import Cause, Hangup

OUTSIDE = "203.0.113.5"


@asynccontextmanager
async def behind(external=f"{OUTSIDE}:5070", **options):
    driver = SipDriver(
        listen="127.0.0.1:0", external=external, rtp_ports=range(31400, 31600), media_workers=1, **options
    )
    driver.legs = asyncio.Queue()
    await driver.start(driver.legs.put_nowait)
    try:
        yield driver
    finally:
        await driver.stop()


async def answered(driver, phone):
    call = await phone.invite("32", driver.address)
    leg = await asyncio.wait_for(driver.legs.get(), 3)
    await asyncio.gather(leg.answer(), call.answered())
    return leg, call


async def test_a_call_that_comes_in_is_found_at_the_address_outside(phone):
    async with behind() as driver:
        leg, call = await answered(driver, phone)
        assert call.target == f"sip:{OUTSIDE}:5070"  # from the Contact; what follows is sent to it
        assert (await call.reinvite(sdp(*call.rtp.address))).status == 200
        assert (await call.ask("OPTIONS")).status == 200
        assert (await call.bye()).status == 200
        assert await leg.ended == Hangup("remote", Cause.NORMAL)


async def test_a_call_that_goes_out_says_where_we_are(phone):
    async with behind() as driver:
        calling = asyncio.create_task(driver.originate(phone.uri("201"), caller_id="100"))
        call = await phone.next_call()
        invite = call.requests[0]
        assert invite.get("Via").startswith(f"SIP/2.0/UDP {OUTSIDE}:5070;")
        assert invite.get("Contact") == f"<sip:100@{OUTSIDE}:5070>"
        assert invite.get("From").startswith(f"<sip:100@{OUTSIDE}")
        assert driver.address[0] == "127.0.0.1"
        await call.answer()
        leg = await calling
        await leg.hangup()
        bye = await call.request("BYE")
        assert bye.get("Via").startswith(f"SIP/2.0/UDP {OUTSIDE}:5070;")


async def test_what_a_phone_dials_there_is_one_of_our_numbers(phone):
    dialled = asyncio.Queue()

    async def connect(caller, to):
        dialled.put_nowait(to)
        raise OriginateError(to, Cause.BUSY)

    async with behind(on_refer=connect) as driver:
        leg, _ = await answered(driver, phone)
        calling = asyncio.create_task(driver.originate(phone.uri("201"), near=leg))
        agent = await phone.next_call()
        await agent.answer()
        await leg.bridge(await calling)
        inside = "{}:{}".format(*driver.address)
        for there, meant in [(f"{OUTSIDE}:5070", "202"), (inside, "202"), (OUTSIDE, f"sip:202@{OUTSIDE}")]:
            agent._request("REFER", "", [("Contact", agent.contact), ("Refer-To", f"<sip:202@{there}>")])
            assert await asyncio.wait_for(dialled.get(), 3) == meant
            await until(lambda: agent.requests[-1].body.startswith("SIP/2.0 486"))


@pytest.mark.parametrize("port", ["", ":5070"])
async def test_it_is_registered_by_the_address_outside(port):
    async with Operator.open("s3cret") as operator:
        trunk = {"host": "127.0.0.1", "port": operator.port, "user": "me", "password": "s3cret"}
        trunks = {"operator": {**trunk, "register": True, "options": 5}}
        async with behind(OUTSIDE + port, trunks=trunks) as driver:
            await until(lambda: driver.trunks()["operator"].up)
            there = f"{OUTSIDE}{port or f':{driver.address[1]}'}"
            assert list(operator.bindings) == [f"<sip:me@{there}>"]
            asked = (await operator.request("OPTIONS")), operator.of("REGISTER")[0]
            assert all(request.get("Via").startswith(f"SIP/2.0/UDP {there};rport") for request in asked)


async def test_half_of_the_addresses_outside_is_warned_of(tmp_path):
    """Calls would be set up, and the far ends not heard."""
    async with served(tmp_path, {}, sip={"external": OUTSIDE}) as server:
        await server.logged("sip.external is set and rtp.external is not")


def test_an_address_that_is_none():
    with pytest.raises(ConfigurationError, match=r"sip\.external"):
        SipDriver(listen="127.0.0.1:0", external="http://me")

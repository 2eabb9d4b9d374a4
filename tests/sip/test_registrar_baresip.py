"""A phone that people own: baresip registers, is called by its extension, and calls."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from support.baresip import baresip, own_address
from support.sipua import until

from drivers.sip import SipDriver


async def test_a_softphone(tmp_path):
    if not shutil.which("baresip") or not own_address():
        pytest.skip("needs baresip and an address that is not loopback")
    host = own_address()
    legs = asyncio.Queue()
    driver = SipDriver(
        listen=f"{host}:0",
        allow=[],
        phones={"users": {"201": "s3cret"}, "allow": [f"{host}/32"]},
        rtp_ports=range(31400, 31600),
        media_workers=1,
    )
    await driver.start(legs.put_nowait)
    try:
        async with baresip(tmp_path, "201", "s3cret", driver.address) as phone:
            await until(lambda: driver.reaches("201"), 5)
            leg = await asyncio.wait_for(driver.originate("201", caller_id="+33143670903"), 5)
            assert (leg.info.channel, leg.alive) == ("sip/phones", True)
            phone.command("hangup")
            assert (await asyncio.wait_for(asyncio.shield(leg.ended), 5)).by == "remote"
            phone.command("dial", "sip:32@{}:{}".format(*driver.address))
            leg = await asyncio.wait_for(legs.get(), 5)
            assert (leg.info.did, leg.info.cli) == ("32", "201")
            await leg.answer()
            await leg.hangup()
        await until(lambda: not driver.reaches("201"))
    finally:
        await driver.stop()

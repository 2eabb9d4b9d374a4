"""Trunks and phones against SIPp, both sides: its digest is not ours."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.sipua import until

from drivers.sip import SipDriver

SCENARIOS = Path(__file__).parent / "sipp"


@asynccontextmanager
async def sipp(folder, scenario, *arguments):
    """SIPp with one of the scenarios, for one call; it must end well."""
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sf", str(SCENARIOS / scenario), "-i", "127.0.0.1", "-m", "1", "-nostdin", *map(str, arguments),
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
        output, _ = await asyncio.wait_for(process.communicate(), 8)
        assert process.returncode == 0, output.decode(errors="replace")[-2000:]
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def running(**options):
    legs = asyncio.Queue()
    driver = SipDriver(listen="127.0.0.1:0", allow=[], rtp_ports=range(31400, 31600), media_workers=1, **options)
    await driver.start(legs.put_nowait)
    try:
        yield driver, legs
    finally:
        await driver.stop()


@pytest.fixture
def port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def trunk(port, **options):
    return {"host": "127.0.0.1", "port": port, "user": "me", "password": "s3cret", **options}


async def test_registered_and_given_back(tmp_path, port):
    operator = sipp(tmp_path, "uas_registrar.xml", "-p", port)
    async with operator, running(trunks={"operator": trunk(port, register=True)}) as (driver, _):
        await until(lambda: driver.trunks()["operator"].up, 5)


async def test_a_call_by_a_trunk(tmp_path, port):
    operator = sipp(tmp_path, "uas_operator.xml", "-p", port)
    async with operator, running(trunks={"operator": trunk(port)}) as (driver, _):
        leg = await asyncio.wait_for(driver.originate("0155512345", caller_id="+33143670903"), 5)
        assert leg.info.channel == "sip/operator"
        await leg.hangup()


async def test_a_phone_registers_and_calls(tmp_path, port):
    async with running(phones={"users": {"201": "s3cret"}}) as (driver, legs):
        where = "{}:{}".format(*driver.address)
        async with sipp(tmp_path, "uac_phone.xml", "-s", "32", "-au", "201", "-ap", "s3cret", "-p", port, where):
            leg = await asyncio.wait_for(legs.get(), 5)
            assert (leg.info.did, leg.info.cli) == ("32", "201")
            assert driver.reaches("201")
            await leg.answer()
            assert (await asyncio.wait_for(asyncio.shield(leg.ended), 5)).by == "remote"

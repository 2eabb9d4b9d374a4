"""SIPVicious, the scanner that most scans are made with, finds nothing, and calls go on meanwhile."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

from support.hostile import HOLD, a_call_works
from support.served import Served, served
from support.sipua import SipUa

OURS = "127.0.0.9"
"""The exchange's address; the scanner's is 127.0.0.1, from which telephones may register."""

PHONES = {"allow": [f"{OURS}/32"], "phones": {"users": {"201": {"password": "the eleventh word"}}}}


async def scan(server: Served, tool: str, *options: object, at: str = "127.0.0.1") -> str:
    """Run one of its tools to its end; what it prints and logs."""
    process = await started(server, tool, *options, at=at)
    async with asyncio.timeout(15):
        out, _ = await process.communicate()
    return out.decode()


async def started(server: Served, tool: str, *options: object, at: str = "127.0.0.1") -> asyncio.subprocess.Process:
    program = Path(sys.executable).with_name(f"sipvicious_{tool}")
    places = ("-b", at, "-x", at, "-p", server.port)
    return await asyncio.create_subprocess_exec(
        program, *map(str, places), *map(str, options), "-v", "127.0.0.1",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={"HOME": str(server.root)},
    )  # fmt: skip


async def test_a_map_shows_us_to_whom_we_know_only_and_names_no_product(tmp_path: Path):
    async with served(tmp_path, {"hold.yaml": HOLD}) as server:
        known, stranger = await asyncio.gather(scan(server, "svmap"), scan(server, "svmap", at="127.0.0.66"))
    assert re.search(rf"127.0.0.1:{server.port}\s.*unknown", known)
    assert "found nothing" in stranger


async def test_a_war_dialler_learns_no_extension(tmp_path: Path):
    """It gives up: whoever asks for whatever extension is told to prove who he is, or nothing."""
    (tmp_path / "server.yaml").touch(mode=0o600)
    async with served(tmp_path, {"hold.yaml": HOLD}, sip=PHONES) as server:
        methods = ("REGISTER", "INVITE", "OPTIONS")
        options = ("--force", "-e", "201,202", "--maximumtime=1")
        said = await asyncio.gather(*(scan(server, "svwar", "-m", method, *options) for method in methods))
    assert all("found nothing" in text for text in said)
    assert ["401 Unauthorized" in text for text in said] == [True, True, False]


async def test_who_guesses_passwords_is_banned_before_the_right_one(tmp_path: Path):
    words = [f"word {number}" for number in range(10)]
    (tmp_path / "server.yaml").touch(mode=0o600)
    (tmp_path / "words").write_text("\n".join([*words, "the eleventh word"]))
    async with served(tmp_path, {"hold.yaml": HOLD}, sip=PHONES) as server, SipUa.open(OURS) as exchange:
        guessing = await started(server, "svcrack", "-u", "201", "-d", tmp_path / "words")
        await a_call_works(exchange, server.address)
        await server.logged("address banned: 127.0.0.1 for 10 minutes: 10 wrong passwords")
        guessing.send_signal(signal.SIGINT)
        out, _ = await guessing.communicate()
        assert b"found nothing" in out
        await a_call_works(exchange, server.address)
        assert "Traceback" not in server.log()

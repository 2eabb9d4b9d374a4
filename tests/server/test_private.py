"""Who may read what a server keeps: numbers and voices of callers are in it."""

from __future__ import annotations

import os
from pathlib import Path

from support.served import served
from support.sipua import SipUa, until

MESSAGE = """
format: 1
name: message
did: ["32"]
start: message
nodes:
  message: {type: voicemail, mailbox: box, on: {recorded: end, empty: end}}
"""

PUBLIC = {"counters.json"}
"""Nobody's number is in it."""


async def test_nobody_else_reads_what_a_server_keeps(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        journals = {"calls": "daily", "abandoned": "daily"}
        async with served(tmp_path, {"a.yaml": MESSAGE}, journals=journals) as server, SipUa.open() as phone:
            call = await phone.invite("32", server.address)
            await call.answered()
            await until(lambda: [*(tmp_path / "var").rglob("*.part")], 10)
            await call.rtp.stream((b"\x2a" * 8 + b"\xaa" * 8) * 1000)  # 2 s of a loud tone
            await call.bye()
            await server.recorded(1)
    finally:
        os.umask(before)
    kept = [path for path in (tmp_path / "var").rglob("*") if path.name not in PUBLIC]
    assert {"Logs", "Journals", "recordings", "outbox.db", "status.json"} <= {path.name for path in kept}
    assert [path for path in kept if path.suffix == ".wav"]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []

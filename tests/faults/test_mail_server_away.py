"""The mail server hangs, and we are killed while mails go out: every mail arrives, no call waits."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

from support.postoffice import PostOffice, server
from support.scenarios import scenario
from support.served import ROOT, dial, served
from support.smtpserver import MailHouse, mail_house

from engine.outside.ports import Mail

KILLS = 20
MAILS = 400

MAILED = scenario(
    """
    a: {type: email, to: "${call.cli}@example.com", subject: "Call of ${call.cli}", next: b}
    b: {type: answer, next: end}
    """,
    top="did: ['32']",
)


def mail_settings(house: MailHouse) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": house.port, "tls": "none", "from": "calls@example.com", "timeout": "2s"}


async def test_killed_again_and_again_while_mails_go_out(tmp_path: Path):
    recording = tmp_path / "message.wav"
    recording.write_bytes(b"RIFF" + bytes(10_000))
    async with mail_house() as house:
        config = tmp_path / "server.yaml"
        config.write_text(json.dumps({"mail": mail_settings(house)}))
        office = PostOffice(tmp_path / "var", server(house.port))
        await office.outbox.open()
        for number in range(MAILS):
            await office.mailer.send(Mail((f"{number}@example.com",), str(number), "", (recording,)))
        await office.outbox.close()
        recording.unlink()
        folders = len(list(office.folder.iterdir()))
        kills = 0
        while len(set(house.recipients())) < MAILS:
            process = await postman(config)
            aim = min(MAILS, len(set(house.recipients())) + MAILS // (KILLS + 1))
            async with asyncio.timeout(20):
                while len(set(house.recipients())) < aim:
                    await asyncio.sleep(0.001)
            process.kill()
            await process.wait()
            kills += 1
        process = await postman(config)
        async with asyncio.timeout(10):
            while any(office.folder.iterdir()):
                await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
    assert folders == MAILS
    assert kills >= KILLS
    times = Counter(house.recipients())
    assert len(times) == MAILS
    # Those under way when we were killed, one at a time.
    assert sum(times.values()) - MAILS <= kills
    ids = {(mail["to"], mail["message-id"]) for mail in house.mails()}
    assert len(ids) == MAILS, "what comes twice has the same Message-ID"
    assert all(len(body) > 10_000 for _, body in house.raw), "with its file"


async def postman(config: Path) -> asyncio.subprocess.Process:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = (sys.executable, str(ROOT / "tests/support/postman.py"), str(config))
    return await asyncio.create_subprocess_exec(*command, env=environment)


async def test_calls_go_on_while_the_mail_server_hangs_and_nothing_is_lost(tmp_path: Path):
    async with mail_house() as house, served(tmp_path, {"a.yaml": MAILED}, mail=mail_settings(house)) as flowctl:
        for number in range(5):
            house.delay = 60 if number else 0
            call = await dial(flowctl.uri("32"), "--from", f"010000000{number}")
            assert call["status"] == "answered", call
            await house.arrived(1)
        house.delay = 0
        await house.arrived(5)
        first, *others = [record["answered"] for record in await flowctl.recorded(5)]
    assert max(others) < first + 0.3, "seconds until a call was answered"
    assert sorted(house.recipients()) == [f"010000000{number}@example.com" for number in range(5)]

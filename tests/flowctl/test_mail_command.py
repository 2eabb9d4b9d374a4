"""`flowctl mail`: what people see of the mail server, and of the mails that wait."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.postoffice import PostOffice, server
from support.served import FLOWCTL, run
from support.smtpserver import certificate, mail_house, tls_of

from engine.outside.ports import Mail


def settings(folder: Path, port: int, **more: Any) -> Path:
    path = folder / "server.yaml"
    mail = {"host": "localhost", "port": port, "tls": "none", "from": "Calls <calls@example.com>", "timeout": "5s"}
    path.write_text(json.dumps({"language": "en", "time_zone": "Etc/GMT-14", "mail": {**mail, **more}}))
    path.chmod(0o600)
    return path


async def mail(*command: object) -> tuple[int, str, str]:
    return await run(*FLOWCTL, "mail", *command)


async def test_each_step_is_shown_and_the_mail_arrives(tmp_path: Path):
    files = await asyncio.to_thread(certificate, tmp_path)
    tls = await asyncio.to_thread(tls_of, files)
    async with mail_house(tls=tls, user=("calls", "Secret-1")) as house:
        good = {"tls": "starttls", "ca_file": str(files[0]), "user": "calls", "password": "Secret-1"}
        config = settings(tmp_path, house.port, **good)
        status, out, err = await mail("test", "anne@example.com", "--config", config)
        assert (status, err) == (0, "")
        assert "Secret-1" not in out
        steps = re.findall(r"(?m)^✓ (\w+(?: in)?)", out)
        assert steps == [
            "connect",
            "greet",
            "encrypt",
            "greet",
            "log in",
            "sender",
            "recipient",
            "message",
            "goodbye",
        ]
        assert re.search(r"TLSv1\.\d, certificate until 20", out)
        (arrived,) = await house.arrived(1)
        assert (arrived["from"], arrived["to"]) == ("Calls <calls@example.com>", "anne@example.com")

        config = settings(tmp_path, house.port, **{**good, "password": "Secret-2"})
        status, out, _ = await mail("test", "anne@example.com", "--config", config)
        assert status == 1
        assert re.search(r"✗ log in +535 .*\n  → look at mail.user and mail.password", out), out
        assert "Secret" not in out

        config = settings(tmp_path, house.port, **{**good, "ca_file": None})
        status, out, _ = await mail("test", "anne@example.com", "--config", config, "--language", "fr")
        assert status == 1
        assert re.search(r"✗ chiffrement +the certificate is not trusted.*\n  → .*mail.ca_file", out), out


async def test_a_mail_server_that_is_not_there_or_refuses(tmp_path: Path):
    async with mail_house() as house:
        house.rule = lambda command, to: "550 no such user"
        config = settings(tmp_path, house.port)
        status, out, _ = await mail("test", "gone@example.com", "--config", config, "--format", "json")
        assert status == 1
        assert [(step["kind"], step["good"]) for step in json.loads(out)][-1] == ("recipient", False)
    status, out, _ = await mail("test", "gone@example.com", "--config", config)
    assert status == 1
    assert re.search(r"✗ connect +the connection is refused .*\n  → .*mail.port", out), out


@pytest.mark.parametrize(
    ("document", "said"),
    [({}, "no mail server is named"), ({"mail": {"host": "a", "from": "b"}}, "no e-mail address")],
)
async def test_without_a_mail_server_in_the_settings_it_says_so(tmp_path: Path, document: Any, said: str):
    config = tmp_path / "server.yaml"
    config.write_text(json.dumps(document))
    status, _, err = await mail("test", "anne@example.com", "--config", config, "--language", "en")
    assert status == 2
    assert said in err


async def test_the_mails_that_wait_are_listed_and_hurried(tmp_path: Path):
    config = settings(tmp_path, 1)
    status, out, _ = await mail("queue", "--config", config)
    assert (status, out) == (0, "no mail waits\n")
    office = PostOffice(tmp_path / "var", server(1))
    await office.outbox.open()
    await office.mailer.send(Mail(("anne@example.com", "bob@example.com"), "Voice message"))
    (first, _) = await office.outbox.take(["mail"], 9)
    await office.outbox.postpone([first], 600, "451 not now")
    # A server has it open meanwhile.
    status, out, err = await mail("queue", "--config", config)
    assert (status, err) == (0, "")
    # On the clocks of the server.
    assert out.startswith("2 mails wait\n2027-07-13 22:00  anne@example.com")
    assert "anne@example.com  Voice message\n    attempt 1: 451 not now; next at " in out
    assert [entry.id for entry in await office.outbox.take(["mail"], 9)] != [first.id]
    status, out, _ = await mail("queue", "--retry", "--config", config, "--format", "json")
    assert [row["due"] for row in json.loads(out)["waiting"]] == [0, 0]
    assert first.id in [entry.id for entry in await office.outbox.take(["mail"], 9)]
    await office.outbox.close()

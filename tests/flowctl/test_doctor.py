"""`flowctl doctor`: each part that is made ill is found, with what to do."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.ports import free_port
from support.smtpserver import mail_house
from typer.testing import CliRunner

from engine.messages import use_language
from tools.flowctl.commands import doctor
from tools.flowctl.doctor.check import Check, Finding, Patient, checks, ok
from tools.flowctl.doctor.checks.certificates import validity
from tools.flowctl.doctor.examine import examine, in_thread

SCENARIO = 'format: 1\nname: a\ndid: ["32"]\nstart: pause\nnodes:\n  pause: {type: wait, duration: 1s, next: end}\n'


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    use_language("en")


@pytest.fixture
def server(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "a.yaml").write_text(SCENARIO)
    settings(tmp_path)
    return tmp_path


def settings(server: Path, **more: Any) -> None:
    document = {
        "voice": "none",
        "agent_link": {"listen": f"127.0.0.1:{free_port()}"},
        "rtp": {"ports": "41000-41099", "workers": 1},
        **more,
        "sip": {"listen": f"127.0.0.1:{free_port()}", **more.get("sip", {})},
    }
    (server / "server.yaml").write_text(json.dumps(document))


def run(server: Path, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    options = ["--config", str(server / "server.yaml"), "--format", "json", *arguments]
    result = CliRunner().invoke(doctor.app, options, env={"LC_ALL": "C"})
    assert result.exit_code in (0, 1), result.output
    return result.exit_code, json.loads(result.stdout)


def of(findings: list[dict[str, str]], check: str, state: str) -> list[dict[str, str]]:
    return [found for found in findings if (found["check"], found["state"]) == (check, state)]


def test_a_server_that_is_well(server: Path):
    code, findings = run(server)
    assert (code, [found for found in findings if found["state"] == "error"]) == (0, [])
    assert {found["check"] for found in findings} == {check.name for check in checks()}


def test_wrong_settings_are_told_line_by_line(server: Path):
    (server / "server.yaml").write_text("drain: x\nnonsense: 1\n")
    code, findings = run(server)
    assert code == 1
    assert {found["check"] for found in findings} == {"settings"}
    assert any("drain" in found["message"] for found in findings)
    assert any("nonsense" in found["message"] for found in findings)


def test_a_port_in_use_is_named_with_the_command_that_says_by_whom(server: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        settings(server, sip={"listen": f"127.0.0.1:{port}"})
        code, findings = run(server)
    (found,) = of(findings, "ports", "error")
    assert code == 1
    assert f"127.0.0.1:{port}/udp" in found["message"] and "in use" in found["message"]
    assert f"ss -lnup 'sport = :{port}'" in found["advice"] and "sip.listen" in found["advice"]


def test_an_address_that_the_machine_does_not_have(server: Path):
    settings(server, sip={"listen": "192.0.2.1:5060"})
    assert "does not have that address" in of(run(server)[1], "ports", "error")[0]["message"]


def test_the_ports_of_a_server_that_runs_are_its_own(server: Path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as its:
        its.bind(("127.0.0.1", 0))
        settings(server, agent_link=None, sip={"listen": f"127.0.0.1:{its.getsockname()[1]}"})
        (server / "var").mkdir(mode=0o700)
        (server / "var" / "status.json").write_text(json.dumps({"pid": os.getpid(), "channels": [], "trunks": []}))
        findings = run(server)[1]
    assert of(findings, "server", "ok") and of(findings, "ports", "ok") and not of(findings, "ports", "error")


def test_a_status_that_cannot_be_read_is_said(server: Path):
    (server / "var").mkdir(mode=0o700)
    (server / "var" / "status.json").write_text("[]")
    (found,) = of(run(server)[1], "server", "warning")
    assert "status.json cannot be read" in found["message"] and "root" in found["advice"]


def test_broken_scenarios_are_shown_with_their_line(server: Path):
    (server / "flows" / "b.yaml").write_text(SCENARIO.replace("next: end", "next: nowhere").replace("32", "33"))
    code, findings = run(server)
    (found,) = of(findings, "scenarios", "error")
    assert code == 1 and found["message"].startswith("b.yaml:6: E1001")


def test_a_folder_that_cannot_be_made(server: Path):
    settings(server, data="/proc/none/var")
    assert run(server)[0] == 1


def test_a_full_disk_is_not_taken_for_a_folder_of_somebody_else(server: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (server / "var" / "Logs").mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(os, "fsync", full)
    status, found = run(server)
    told = [one for one in found if "No space left" in one["message"]]
    assert (status, [one["check"] for one in told]) == (1, ["data", "logs"])
    assert {one["advice"] for one in told} == {"make room, or keep recordings and logs for less long"}


def test_what_others_may_read_is_said(server: Path):
    (server / "var").mkdir()
    (server / "var").chmod(0o755)
    (found,) = of(run(server)[1], "data", "warning")
    assert found["advice"] == f"chmod o-rwx {server / 'var'}"


def test_a_database_and_an_outbox_that_are_none(server: Path):
    (server / "var").mkdir(mode=0o700)
    for name in ("flowctl.db", "outbox.db"):
        (server / "var" / name).write_bytes(b"not a database, by far" * 100)
    code, findings = run(server)
    assert code == 1 and of(findings, "database", "error") and of(findings, "outbox", "error")


def test_what_waits_in_the_outbox_is_told_with_the_last_error(server: Path):
    from engine.records.outbox import Entry, Outbox

    async def fill() -> None:
        outbox = Outbox(server / "var" / "outbox.db")
        await outbox.open()
        await outbox.put(Entry("mail", "1", {}), Entry("call", "2", {}))
        await outbox.postpone(await outbox.take(("mail",), 5), 60, "450 later")
        await outbox.close()

    (server / "var").mkdir(mode=0o700)
    asyncio.run(fill())
    findings = run(server)[1]
    assert "450 later" in of(findings, "outbox", "warning")[0]["message"]
    assert "1 of the kind call waits" in of(findings, "outbox", "ok")[0]["message"]


class Exchange(asyncio.DatagramProtocol):
    """Answers the second OPTIONS, as after a lost one."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.seen.append(data)
        if len(self.seen) > 1:
            self.transport.sendto(b"SIP/2.0 100 Trying\r\n\r\n", addr)
            self.transport.sendto(b"SIP/2.0 403 Forbidden\x1b[2J\r\n\r\n", addr)


async def test_trunks_are_asked_and_what_they_answer_is_told(server: Path):
    from engine.server.settings import Settings

    loop = asyncio.get_running_loop()
    transport, exchange = await loop.create_datagram_endpoint(Exchange, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    trunks = {"there": {"host": "127.0.0.1", "port": port}, "gone": {"host": "127.0.0.1", "port": free_port()}}
    settings(server, sip={"trunks": trunks})
    patient = Patient(await asyncio.to_thread(Settings.load, server / "server.yaml"), None)
    ((_, (there, gone)),) = await examine(patient, [check for check in checks() if check.name == "trunks"])
    transport.close()
    assert there.state == "ok" and "403 Forbidden" in there.message
    assert gone.state == "warning" and "refused" in gone.message
    assert exchange.seen[0] == exchange.seen[1]
    assert exchange.seen[0].startswith(f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n".encode())


def certificate(folder: Path, days: int, *options: str) -> dict[str, str]:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=x", "-days", str(days), *options],
        check=True, capture_output=True,
    )  # fmt: skip
    return {"certificate": "cert.pem", "key": "key.pem"}


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@needs_openssl
def test_certificates_that_end_soon_or_do_not_fit(server: Path):
    settings(server, agent_link={"listen": f"127.0.0.1:{free_port()}", "tls": certificate(server, 10)})
    ((found),) = of(run(server)[1], "certificates", "warning")
    assert "renew" in found["advice"] and "agent_link.tls" in found["message"]
    (server / "key.pem").write_text((server / "cert.pem").read_text())
    code, findings = run(server)
    assert code == 1 and of(findings, "certificates", "error")


@needs_openssl
@pytest.mark.parametrize("days", [100, 20_000])
def test_the_dates_of_a_certificate(tmp_path: Path, days: int):
    """The second one ends after 2049, which is written in another way."""
    certificate(tmp_path, days)
    begins, ends = validity((tmp_path / "cert.pem").read_text())
    assert ends - begins == timedelta(days=days)
    assert abs(begins - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_certificate_that_is_cut_off_is_an_error():
    with pytest.raises(ValueError, match="cut off"):
        validity("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")


async def test_a_check_that_hangs_or_fails_keeps_nobody_waiting(server: Path):
    from engine.server.settings import Settings

    async def hangs(_: Patient) -> list[Any]:
        await asyncio.get_running_loop().create_future()
        return []

    async def fails(_: Patient) -> list[Any]:
        return await in_thread(lambda: 1 // 0)

    async def fine(_: Patient) -> list[Any]:
        return [ok("fine")]

    wanted = [Check("a", "A", 1, hangs, seconds=0.05), Check("b", "B", 2, fails), Check("c", "C", 3, fine)]
    results = await examine(Patient(await asyncio.to_thread(Settings.load, server / "server.yaml"), None), wanted)
    assert [findings[0].state for _, findings in results] == ["error", "error", "ok"]
    assert "0.05 s" in results[0][1][0].message and "ZeroDivisionError" in results[1][1][0].message


def test_it_speaks_french_when_asked_or_set(server: Path):
    path = ["--config", str(server / "server.yaml")]
    runner = CliRunner()
    assert "Réglages" in runner.invoke(doctor.app, [*path, "--language", "fr"], env={"LC_ALL": "C"}).stdout
    assert "Réglages" in runner.invoke(doctor.app, path, env={"LC_ALL": "fr_FR.UTF-8"}).stdout
    settings(server, language="en")
    assert "Settings" in runner.invoke(doctor.app, path, env={"LC_ALL": "fr_FR.UTF-8"}).stdout


def test_colours_only_where_they_are_wanted(server: Path):
    path = ["--config", str(server / "server.yaml")]
    runner = CliRunner()
    assert "\x1b[" in runner.invoke(doctor.app, path, env={"FORCE_COLOR": "1"}, color=True).stdout
    plain = runner.invoke(doctor.app, path, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}, color=True).stdout
    assert "\x1b[" not in plain and "Settings" in plain


async def findings_of(server: Path, name: str) -> list[Finding]:
    from engine.server.settings import Settings

    patient = Patient(await asyncio.to_thread(Settings.load, server / "server.yaml"), None)
    ((_, found),) = await examine(patient, [check for check in checks() if check.name == name])
    return found


async def test_the_mail_server_is_greeted_and_nothing_is_sent(server: Path):
    async with mail_house() as house:
        mail = {"host": "127.0.0.1", "port": house.port, "tls": "none", "from": "calls@example.com"}
        settings(server, mail=mail)
        (found,) = await findings_of(server, "mail")
        assert found.state == "ok" and str(house.port) in found.message
        assert house.connections == 1 and house.raw == []
    (found,) = await findings_of(server, "mail")
    assert found.state == "error" and "mail.host" in found.advice


async def test_the_database_and_the_contacts_of_a_server_that_has_run(server: Path):
    from engine.records.contacts.storing import store
    from engine.records.database import Database

    (server / "var").mkdir(mode=0o700)
    database = Database(server / "var" / "flowctl.db")
    await database.upgrade()
    await store(database, [{"strIdent": "1", "strPhoneNumber1": "+33143670903"}], dry_run=False)
    await database.close()
    (found,) = await findings_of(server, "database")
    assert found.state == "ok" and "up to date" in found.message
    (found,) = await findings_of(server, "contacts")
    assert (found.state, found.message) == ("ok", "1 contact")
    (server / "var" / "flowctl.db").unlink()
    assert {(await findings_of(server, name))[0].state for name in ("database", "contacts")} == {"skipped"}


async def test_databases_and_web_services_of_scenarios(server: Path):
    listener = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    here = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    gone = f"127.0.0.1:{free_port()}"
    sqlite3.connect(server / "customers.db").close()
    databases = {"customers": {"url": "sqlite:///customers.db"}, "stock": {"url": f"mysql://me@{gone}/stock"}}
    settings(server, http={"allow": [here, gone]}, databases=databases)
    found = await findings_of(server, "outside")
    listener.close()
    await listener.wait_closed()
    assert [one.state for one in found] == ["ok", "error", "ok", "error"]
    assert "stock" in found[1].message and "databases.stock" in found[1].advice
    assert gone in found[3].message


async def test_records_that_the_database_has_refused(server: Path):
    from engine.records.outbox import Entry, Outbox

    (server / "var").mkdir(mode=0o700)
    outbox = Outbox(server / "var" / "outbox.db")
    await outbox.open()
    await outbox.put(Entry("refused", "1", {}))
    await outbox.close()
    (found,) = await findings_of(server, "outbox")
    assert found.state == "error" and "flowctl database retry" in found.advice


@pytest.mark.parametrize("words", [["--format", "xml"], ["--language", "de"], ["--config", "/nowhere.yaml"]])
def test_what_it_cannot_do(words: list[str]):
    assert CliRunner().invoke(doctor.app, words).exit_code == 2


def test_the_outbox_is_only_read(server: Path):
    (server / "var").mkdir(mode=0o700)
    path = server / "var" / "outbox.db"
    sqlite3.connect(path).close()
    before = path.stat().st_mtime_ns
    run(server)
    assert path.stat().st_mtime_ns == before
    assert not (server / "var" / "flowctl.db").exists()

"""The mailboxes of a server: folders of recordings that a PIN opens."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.served import served
from support.sipua import Call, SipUa
from support.sound import alaw_decode, alaw_encode, contains, speech
from support.wav import write_wav
from typer.testing import CliRunner

from engine.errors import CallError, ConfigurationError
from engine.outside import mailboxes
from engine.outside.mailboxes import KeptMailboxes
from engine.server.mailboxes import MailboxSettings, pins_of
from engine.server.settings import Settings
from engine.tasks import cancel
from tools.flowctl.commands import mailbox as command

ID = "20270131T100000000000-call1"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "var" / "recordings" / "sales"
    folder.mkdir(parents=True)
    write_wav(folder / f"{ID}.wav", speech(0.5, seed=1))
    (folder / f"{ID}.json").write_text(json.dumps({"cli": "+33143670903", "duration": 0.5}))
    (folder / "20270131T110000000000-call2.wav.part").write_bytes(b"being written")
    return folder.parent


async def test_a_message_has_what_is_known_of_it(root: Path):
    (message,) = await KeptMailboxes(root, {"sales": "4711"}).messages("sales")
    assert (message.id, message.cli, message.heard) == (ID, "+33143670903", False)
    assert message.received == datetime(2027, 1, 31, 10, tzinfo=UTC)


@pytest.mark.parametrize("facts", [b"", b"{", b"[]", b"\xff", b'{"cli": 1, "heard": "yes"}'])
async def test_a_message_of_which_nothing_is_known_is_a_message(root: Path, facts: bytes):
    (root / "sales" / f"{ID}.json").write_bytes(facts)
    boxes = KeptMailboxes(root, {"sales": "4711"})
    (message,) = await boxes.messages("sales")
    assert not message.heard
    await boxes.heard("sales", ID)
    assert [one.heard for one in await boxes.messages("sales")] == [True]


@pytest.mark.parametrize("name", ["../sales/x", "..", "/etc/passwd", "a/b", "", "x\0y", ".", "a\n"])
async def test_no_name_leads_out_of_the_folder(root: Path, name: str):
    boxes = KeptMailboxes(root, {"sales": "4711"})
    for work in (boxes.sound, boxes.delete):
        with pytest.raises(CallError):
            await work("sales", name)
    with pytest.raises(CallError, match="no mailbox is called"):
        await boxes.messages(name or "..")


async def test_guessing_shuts_a_mailbox_for_a_while(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    boxes = KeptMailboxes(root, {"sales": "4711", "other": "1234"})
    for guess in range(mailboxes.WRONG):
        assert not await boxes.admits("sales", f"{guess:04}")
    assert not await boxes.admits("sales", "4711")
    assert await boxes.admits("other", "1234")
    assert "mailbox sales: 10 wrong PINs" in caplog.text
    assert "4711" not in caplog.text
    monkeypatch.setattr(mailboxes, "SHUT_SECONDS", 0.0)
    boxes = KeptMailboxes(root, {"sales": "4711"})
    for guess in range(mailboxes.WRONG):
        assert not await boxes.admits("sales", f"{guess:04}")
    assert await boxes.admits("sales", "4711")


async def test_a_mailbox_stays_shut_for_the_whole_time(root: Path, monkeypatch: pytest.MonkeyPatch):
    """Also when its first wrong PIN is long ago, and whatever is tried meanwhile."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: now)
    boxes = KeptMailboxes(root, {"sales": "4711"})
    for guess in range(mailboxes.WRONG):
        now += 59 if guess else 0
        assert not await boxes.admits("sales", f"{guess:04}")
    for _ in range(9):
        now += 66
        assert not await boxes.admits("sales", "4711")
    now += 7
    assert await boxes.admits("sales", "4711")


async def test_guesses_of_many_calls_count_together(root: Path):
    boxes = KeptMailboxes(root, {"sales": "0999"})
    tried = await asyncio.gather(*(boxes.admits("sales", f"{guess:04}") for guess in range(1000)))
    assert not any(tried)


async def test_what_is_no_message_is_none(root: Path):
    """Only files are messages, those that people have put there by any printable name included."""
    folder = root / "sales"
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    (folder / "nowhere.wav").symlink_to(folder / "none")
    (folder / "zero.wav").symlink_to("/dev/zero")
    (folder / ".hidden.wav").write_bytes(b"")
    (folder / "red\x1b[31m.wav").write_bytes(b"")
    (folder / os.fsdecode(b"\xff.wav")).write_bytes(b"")
    write_wav(folder / "Réunion du 3 (2).wav", speech(0.5, seed=1))
    boxes = KeptMailboxes(root, {"sales": "4711"})
    assert {message.id for message in await boxes.messages("sales")} == {ID, "Réunion du 3 (2)"}
    for message in await boxes.messages("sales"):
        assert (await boxes.sound("sales", message.id)).duration == pytest.approx(0.5)
        await boxes.heard("sales", message.id)
    assert all(message.heard for message in await boxes.messages("sales"))
    with pytest.raises(CallError):
        await boxes.sound("sales", "pipe")


async def test_nothing_is_left_of_a_message_that_is_deleted_while_another_listens(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    boxes = KeptMailboxes(root, {"sales": "4711"})
    replace = mailboxes.replace_text

    def deleted_meanwhile(path: Path, text: str, *, mode: int) -> None:
        path.with_suffix(".wav").unlink()
        path.unlink()
        replace(path, text, mode=mode)

    monkeypatch.setattr(mailboxes, "replace_text", deleted_meanwhile)
    await boxes.heard("sales", ID)
    assert not list((root / "sales").glob(f"{ID}*"))


async def test_a_caller_who_hangs_up_while_a_message_is_deleted(root: Path):
    boxes = KeptMailboxes(root, {"sales": "4711"})
    deleting = asyncio.create_task(boxes.delete("sales", ID))
    await asyncio.sleep(0)
    await cancel(deleting)
    async with asyncio.timeout(5):
        while await asyncio.to_thread(lambda: list((root / "sales").glob(f"{ID}*"))):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("cli", "is_"), [(None, ""), ("\x1b[31m+33", "+33"), (33143670903, "33143670903"), ([], "")])
async def test_a_number_is_a_number(root: Path, cli: object, is_: str):
    (root / "sales" / f"{ID}.json").write_text(json.dumps({"cli": cli}))
    (message,) = await KeptMailboxes(root, {"sales": "4711"}).messages("sales")
    assert message.cli.replace("[31m", "") == is_


def settings(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    file = tmp_path / "server.yaml"
    file.write_text(text)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("mailboxes: {sales: {}}", "either pin or pin_file"),
        ("mailboxes: {sales: {pin: '12'}}", "3 to 12 digits"),
        ("mailboxes: {sales: {pin: 'abcd'}}", "3 to 12 digits"),
        ("mailboxes: {calls: {pin: '1234'}}", "other recordings"),
        ("mailboxes: {'../x': {pin: '1234'}}", "letters, digits"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, text: str, says: str):
    with pytest.raises(ConfigurationError, match=says) as raised:
        Settings.load(settings(tmp_path, text))
    assert "abcd" not in str(raised.value)


def test_a_pin_that_others_may_read(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="mailboxes: others may read this file"):
        Settings.load(settings(tmp_path, "mailboxes: {sales: {pin: '1234'}}", mode=0o644))
    file = tmp_path / "pin"
    file.write_text("0042\n")
    file.chmod(0o600)
    assert pins_of({"sales": MailboxSettings(pin_file=Path("pin"))}, tmp_path) == {"sales": "0042"}
    file.write_text("letmein\n")
    with pytest.raises(ConfigurationError, match="3 to 12 digits"):
        pins_of({"sales": MailboxSettings(pin_file=Path("pin"))}, tmp_path)


def test_by_command(root: Path, tmp_path: Path):
    config = str(
        settings(
            tmp_path, "time_zone: Asia/Tokyo\ndata: var\nmailboxes: {sales: {pin: '1234'}, empty: {pin: '1234'}}"
        )
    )

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(command.app, [*arguments, "--config", config])
        assert done.exit_code == 0, done.output
        return done.output

    assert [line.split() for line in run("list").splitlines()] == [
        ["sales", "1", "message,", "1", "new"],
        ["empty", "0", "messages,", "0", "new"],
    ]
    assert "2027-01-31 19:00  +33143670903" in run("messages", "sales"), "on the clocks of the server"
    (message,) = json.loads(run("messages", "sales", "--format", "json"))
    assert message == {"id": ID, "received": "2027-01-31T10:00:00+00:00", "cli": "+33143670903", "heard": False}
    copy = tmp_path / "copy.wav"
    run("save", "sales", ID, "--to", str(copy))
    assert copy.read_bytes() == (root / "sales" / f"{ID}.wav").read_bytes()
    assert copy.stat().st_mode & 0o077 == 0
    link = tmp_path / "link.wav"
    link.symlink_to(tmp_path / "elsewhere.wav")
    for target in (copy, link):
        refused = CliRunner().invoke(command.app, ["save", "sales", ID, "--to", str(target), "--config", config])
        assert (refused.exit_code, "exists already" in refused.stderr) == (2, True)
    assert not (tmp_path / "elsewhere.wav").exists()
    for hostile in ("../../../../etc/passwd", "\x1b[31m", "nobody"):
        for name, message in ((hostile, ID), ("sales", hostile)):
            done = CliRunner().invoke(command.app, ["delete", name, message, "--config", config])
            assert (done.exit_code, "\x1b" in done.stderr) == (2, False), (name, message)
    run("delete", "sales", ID)
    assert run("messages", "sales") == "no messages\n"
    assert not list((root / "sales").glob(f"{ID}*"))
    gone = CliRunner().invoke(command.app, ["delete", "sales", ID, "--config", config])
    assert (gone.exit_code, "has no message" in gone.stderr) == (2, True)


SCENARIO = """
format: 1
name: mailbox
did: ["40"]
language: en
time_zone: Europe/Paris
start: take
nodes:
  take: {type: voicemail, mailbox: sales, min_duration: 200ms, silence: null, on: {recorded: end, empty: end}}
"""
LISTEN = """
format: 1
name: listen
did: ["41"]
language: en
time_zone: Europe/Paris
start: listen
nodes:
  listen: {type: mailbox, mailbox: sales, on: {done: end, refused: end}}
"""


def heard(call: Call) -> bytes:
    return alaw_decode(b"".join(packet.payload for packet in call.rtp.audio()))


async def test_what_one_caller_leaves_another_hears(tmp_path: Path):
    said = alaw_encode(speech(2.0, seed=5).samples)
    pin = tmp_path / "pin"
    pin.write_text("4711")
    pin.chmod(0o600)
    flows = {"take.yaml": SCENARIO, "listen.yaml": LISTEN}
    async with (
        SipUa.open() as ua,
        served(tmp_path, flows, mailboxes={"sales": {"pin_file": "pin"}}, voice="none") as server,
    ):
        call = await ua.invite("40", server.address, cli="anonymous")
        await call.answered()
        # The beep is over when the words begin.
        await call.rtp.stream(b"\xd5" * 8000 + said)
        await call.bye()
        await server.recorded(1)
        listening = await ua.invite("41", server.address)
        await listening.answered()
        for key in "4711#":
            assert (await listening.info(f"Signal={key}\r\nDuration=100")).status == 200
        async with asyncio.timeout(20):
            while not contains(heard(listening), alaw_decode(said), lossy=False):
                await asyncio.sleep(0.1)
        await listening.bye()
        (_, record) = await server.recorded(2)
    assert record["keys"] == "xxxxx"
    assert "4711" not in server.log()

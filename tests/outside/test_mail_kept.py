"""What is kept of mails: files that are links, and mails that were given up, for as long as messages are."""

from __future__ import annotations

import asyncio
import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.postoffice import post_office, server
from support.smtpserver import mail_house

from engine.outside.ports import Mail
from engine.records.retention import purge_mails


async def test_a_file_that_is_a_link_is_sent_as_what_it_leads_to(tmp_path: Path):
    real, link = tmp_path / "real.txt", tmp_path / "flows" / "link.txt"
    await asyncio.to_thread(real.write_text, "content")
    link.parent.mkdir()
    link.symlink_to("../real.txt")
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        await office.mailer.send(Mail(("anne@example.com",), "a link", "", (link,)))
        (mail,) = await house.arrived(1)
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content().strip()) == ("link.txt", "content")


async def test_mails_given_up_go_when_they_are_old(tmp_path: Path):
    now = datetime.now(UTC)
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        house.rule = lambda command, to: "550 no"
        await office.mailer.send(Mail(("a@example.com", "b@example.com"), "given up"))
        while await office.waiting():
            await asyncio.sleep(0.01)
    files = sorted((tmp_path / "mail" / "refused").iterdir())
    assert len(files) == 4
    old = (now - timedelta(days=200)).timestamp()
    for file in files[:2]:
        os.utime(file, (old, old))
    (tmp_path / "mail" / "refused" / "notes.txt").touch()
    os.utime(tmp_path / "mail" / "refused" / "notes.txt", (old, old))

    def purged(*, delete: bool) -> int:
        return purge_mails(tmp_path, now - timedelta(days=180), delete=delete).number

    assert await asyncio.to_thread(purged, delete=False) == 2
    assert await asyncio.to_thread(purged, delete=True) == 2
    left = {path.name for path in (tmp_path / "mail" / "refused").iterdir()}
    assert left == {"notes.txt", *(file.name for file in files[2:])}


async def test_on_a_full_disk_the_file_is_sent_from_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    recording = tmp_path / "message.wav"
    await asyncio.to_thread(recording.write_bytes, b"RIFF and so on")
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        monkeypatch.setattr("os.link", full)
        monkeypatch.setattr("shutil.copyfile", full)
        await office.mailer.send(Mail(("anne@example.com",), "full", "", (recording,)))
        monkeypatch.undo()
        (mail,) = await house.arrived(1)
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == b"RIFF and so on"
    assert recording.exists()


async def test_over_two_disks_the_file_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def other_disk(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    recording = tmp_path / "message.wav"
    await asyncio.to_thread(recording.write_bytes, b"RIFF and so on")
    async with mail_house() as house:
        async with post_office(tmp_path, server(1)) as office:
            monkeypatch.setattr("os.link", other_disk)
            await office.mailer.send(Mail(("anne@example.com",), "copied", "", (recording,)))
            await asyncio.to_thread(recording.unlink)
        async with post_office(tmp_path, server(house.port)) as office:
            office.later(minutes=1)
            (mail,) = await house.arrived(1)
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == b"RIFF and so on"

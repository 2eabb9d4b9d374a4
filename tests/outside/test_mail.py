"""Mail that is sent, to a real mail server."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest
from support.postoffice import PostOffice, post_office, server
from support.smtpserver import certificate, mail_house, tls_of

from engine.outside.mail.smtp import Away, Session, tls_context
from engine.outside.ports import Mail, Trouble


async def test_a_mail_arrives_as_it_was_written(tmp_path: Path):
    recording = tmp_path / "message.wav"
    await asyncio.to_thread(recording.write_bytes, b"RIFF and so on")
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        text = "Ça sonne…\n.a dot\n\n" + "x" * 2000
        await office.mailer.send(Mail(("anne@exämple.com",), "Appel de 01 😀", text, (recording,)))
        await asyncio.to_thread(recording.unlink)
        (mail,) = await house.arrived(1)
        assert house.recipients() == ["anne@xn--exmple-cua.com"]
        assert mail["from"] == "Calls <calls@example.com>"
        assert mail["subject"] == "Appel de 01 😀"
        assert mail["message-id"].endswith("@example.com>")
        assert mail["date"] == "Tue, 13 Jul 2027 08:00:00 +0000"
        body, attached = mail.iter_parts()
        assert body.get_content().replace("\r\n", "\n") == text + "\n"
        assert attached.get_content() == b"RIFF and so on"
        assert (attached.get_filename(), attached.get_content_type()) == ("message.wav", "audio/wav")
        while await office.waiting():
            await asyncio.sleep(0.01)
    assert not list(office.folder.iterdir()), "the files of mails that were sent are no longer needed"


async def test_a_mail_server_that_is_away_gets_everything_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.outside.drain.FIRST_PAUSE", 0.2)
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        await office.mailer.send(Mail(("before@example.com",), "before"))
        await house.arrived(1)
    async with post_office(tmp_path, server(house.port)) as office:
        for number in range(100):
            async with asyncio.timeout(0.5):  # of a call, which waits for our disk alone
                await office.mailer.send(Mail((f"{number}@example.com",), f"mail {number}"))
        assert {error for _, error in await waiting(office)} <= {"", "the connection is refused"}
        office.later(seconds=1)
        while office.drainer._failures < 2:
            await asyncio.sleep(0.01)
        assert await office.waiting() == 100
        for failures in (3, 4, 5):
            office.later(minutes=1)
            while office.drainer._failures < failures:
                await asyncio.sleep(0.01)
        async with mail_house(house=house):
            office.later(minutes=1)
            mails = await house.arrived(101)
            while await office.waiting():
                await asyncio.sleep(0.01)
        told = [(trouble.subject, trouble.over) for trouble in office.told]
    host = "the mail server 127.0.0.1"
    assert told == [(f"{host} cannot be used", False), (f"{host} takes mails again", True)]
    assert sorted(house.recipients()[1:]) == sorted(f"{n}@example.com" for n in range(100)), "each once"
    assert len({mail["message-id"] for mail in mails}) == 101
    assert house.connections < 10, "one connection takes many"


async def test_refused_for_now_and_taken_later_one_recipient_by_itself(tmp_path: Path):
    def rule(command: str, to: str) -> str | None:
        busy = to == "busy@example.com" and len(asked) < 2
        asked.extend([to] if busy else [])
        return "451 greylisted, come back" if busy else None

    asked: list[str] = []
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        house.rule = rule
        await office.mailer.send(Mail(("busy@example.com", "free@example.com"), "both"))
        await house.arrived(1)
        while (await waiting(office)) != [(1, "451 greylisted, come back")]:
            await asyncio.sleep(0.01)
        office.later(seconds=5)
        while (await waiting(office)) != [(2, "451 greylisted, come back")]:
            await asyncio.sleep(0.01)
        office.later(seconds=9)
        assert len(house.raw) == 1, "the second pause is twice the first"
        office.later(seconds=1)
        mails = await house.arrived(2)
    assert house.recipients() == ["free@example.com", "busy@example.com"]
    assert mails[0]["message-id"] == mails[1]["message-id"]
    assert mails[0]["to"] == "busy@example.com, free@example.com"
    assert office.told == []


async def test_what_is_refused_for_good_is_put_aside_and_told(tmp_path: Path):
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        house.rule = lambda command, to: "550 no such user" if to.startswith("gone") else None
        await office.mailer.send(Mail(("gone@example.com", "here@example.com"), "Invoice", "of July"))
        await house.arrived(1)
        while await office.waiting():
            await asyncio.sleep(0.01)
        (trouble,) = office.told
        assert trouble.subject == "a mail to gone@example.com cannot be delivered"
        aside = {path.suffix: path for path in (office.folder / "refused").iterdir()}
        assert "550 no such user" in aside[".txt"].read_text()
        assert "Subject: Invoice" in aside[".eml"].read_text()
        # One that tells of trouble itself is not told of: that would never end.
        await office.mailer.send(Trouble(("gone@example.com",), "trouble"))
        while await office.waiting():
            await asyncio.sleep(0.01)
        assert office.told == [trouble]


async def test_a_mail_that_nobody_takes_is_tried_as_long_as_the_settings_say(tmp_path: Path):
    async with mail_house() as house, post_office(tmp_path, server(house.port), keep=3600) as office:
        house.rule = lambda command, to: "450 not now"
        await office.mailer.send(Mail(("a@example.com",), "tried"))
        while (await waiting(office)) != [(1, "450 not now")]:
            await asyncio.sleep(0.01)
        office.later(minutes=61)
        while await office.waiting():
            await asyncio.sleep(0.01)
        assert len(office.told) == 1


async def test_a_mail_server_that_hangs_is_waited_for_no_longer_than_set(tmp_path: Path):
    async with mail_house() as house, post_office(tmp_path, server(house.port, timeout=0.2)) as office:
        house.delay = 60
        await office.mailer.send(Mail(("slow@example.com",), "slow"))
        while (await waiting(office)) != [(1, "no answer in time")]:
            await asyncio.sleep(0.01)
        house.delay = 0
        # Those that come after it are not held up.
        await office.mailer.send(Mail(("quick@example.com",), "quick"))
        await house.arrived(1)
    assert house.recipients() == ["quick@example.com"]


async def test_a_wrong_password_loses_no_mail(tmp_path: Path):
    async with mail_house(user=("me", "right")) as house:
        async with post_office(tmp_path, server(house.port, user="me", password="wrong")) as office:
            await office.mailer.send(Mail(("a@example.com",), "secret"))
            while not (found := await waiting(office)) or not found[0][0]:
                await asyncio.sleep(0.01)
            assert found[0][1].startswith("535"), found
            assert "wrong" not in found[0][1]
        async with post_office(tmp_path, server(house.port, user="me", password="right")) as office:
            office.later(minutes=1)
            await house.arrived(1)


@pytest.mark.parametrize("implicit", [False, True])
async def test_within_tls_the_certificate_must_be_the_right_one(tmp_path: Path, implicit: bool):
    good = await asyncio.to_thread(certificate, tmp_path)
    other = await asyncio.to_thread(certificate, tmp_path, "DNS:other.test")
    tls = "tls" if implicit else "starttls"
    trusted = await asyncio.to_thread(tls_context, good[0])
    trusts_other = await asyncio.to_thread(tls_context, other[0])
    async with mail_house(tls=await asyncio.to_thread(tls_of, good), implicit=implicit, user=("me", "pw")) as house:
        where = server(house.port, tls=tls, user="me", password="pw", context=trusts_other)
        async with post_office(tmp_path, where) as office:
            await office.mailer.send(Mail(("a@example.com",), "secret"))
            while not (found := await waiting(office)) or not found[0][0]:
                await asyncio.sleep(0.01)
            assert "certificate is not trusted" in found[0][1]
            assert house.raw == []
        async with post_office(tmp_path, dataclasses.replace(where, context=trusted)) as office:
            office.later(minutes=1)
            await house.arrived(1)
    async with mail_house(tls=await asyncio.to_thread(tls_of, other), implicit=implicit) as house:
        with pytest.raises(Away, match=r"not trusted.*(mismatch|not valid)"):
            await Session(server(house.port, tls=tls, context=trusts_other)).connect()


async def test_without_starttls_nothing_is_sent_in_clear(tmp_path: Path):
    async with mail_house() as house:
        with pytest.raises(Away, match="STARTTLS"):
            await Session(server(house.port, tls="starttls", user="me", password="pw")).connect()


async def test_a_thousand_mails(tmp_path: Path):
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        await asyncio.gather(*(office.mailer.send(Mail((f"{n}@example.com",), str(n))) for n in range(1000)))
        await house.arrived(1000, timeout=60)
        while await office.waiting():
            await asyncio.sleep(0.01)
    assert house.connections == 1
    assert len(set(house.recipients())) == len(house.recipients()) == 1000


async def waiting(office: PostOffice) -> list[tuple[int, str]]:
    """Attempts and last error of each mail that waits."""
    query = "SELECT attempts, error FROM entries WHERE kind = 'mail' ORDER BY seq"
    return await office.outbox._do(lambda: office.outbox._file.connection.execute(query).fetchall())

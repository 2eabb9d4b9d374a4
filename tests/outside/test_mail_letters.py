"""How mails are written: headers that nobody can add to, texts of every kind, recordings as WAV or MP3."""

from __future__ import annotations

import asyncio
import io
import sqlite3
import time
import wave
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.postoffice import post_office, server
from support.smtpserver import mail_house
from support.sound import snr_db, speech

from engine.audio.clip import RATE, Clip
from engine.errors import CallError
from engine.outside.mail.addresses import named, sendable
from engine.outside.mail.enclosures import Form
from engine.outside.mail.letter import Composed, Letter, compose, one_line, pieces, stuffed
from engine.outside.ports import Mail

NOWHERE = Path("/nonexistent")


def letter(
    subject: str = "",
    text: str = "",
    attach: list[dict[str, str]] | None = None,
    language: str = "en",
    to: str = "anne@example.com",
) -> Letter:
    return Letter(
        to=to,
        all_to=[to],
        subject=subject,
        text=text,
        message_id="<1@example.com>",
        date="2027-07-13T08:00:00+00:00",
        language=language,
        attach=attach or [],
    )


def parsed(composed: Composed) -> EmailMessage:
    """As it arrives: on the wire, dots taken off again."""
    lines = b"".join(stuffed(pieces(composed))).split(b"\r\n")
    wire = b"\r\n".join(line[1:] if line.startswith(b"..") else line for line in lines)
    assert all(line != b"." for line in lines), "a dot alone would end the message"
    found = message_from_bytes(wire, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


ANY = st.text(st.characters(), max_size=200)


@given(ANY, ANY, ANY)
def test_whatever_callers_bring_about_it_stays_one_mail(subject: str, text: str, name: str):
    sender = (one_line(name), "calls@example.com")
    mail = parsed(compose(letter(subject, text), sender, NOWHERE, Form()))
    assert sorted(mail.keys()) == sorted(
        [
            "From",
            "To",
            "Subject",
            "Date",
            "Message-ID",
            "Auto-Submitted",
            "Content-Type",
            "Content-Transfer-Encoding",
            "MIME-Version",
        ]
    )
    assert mail["message-id"] == "<1@example.com>"
    assert "".join(mail["subject"].split()) == "".join(one_line(subject).split())
    assert [address.addr_spec for address in mail["from"].addresses] == ["calls@example.com"]


@pytest.mark.parametrize(
    "subject",
    ["Appel\r\nBcc: all@example.com", "😀" * 60, "é" * 300, "x" * 900, "\ud800 half", "a\u2028b", "=?utf-8?q?raw?="],
)
def test_subjects_of_every_kind(subject: str):
    mail = parsed(compose(letter(subject), ("", "calls@example.com"), NOWHERE, Form()))
    assert "bcc" not in mail
    if subject != "=?utf-8?q?raw?=":
        assert "".join(mail["subject"].split()) == "".join(one_line(subject).split())


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=3000))
def test_texts_arrive_as_they_are(text: str):
    mail = parsed(compose(letter(text=text), ("", "calls@example.com"), NOWHERE, Form()))
    arrived = mail.get_content().replace("\r\n", "\n")
    kept = text.rstrip().replace("\u2028", "").replace("\u2029", "")
    assert arrived == kept + "\n"


@pytest.mark.parametrize(
    "address",
    [
        "anne",
        "anne@",
        "@b.com",
        "a b@c.com",
        "a@b\r\nBcc: c",
        "<a@b>",
        "a@b,c@d",
        "é@b.com",
        "a..b@c.com",
        ".a@b.com",
        "a@b..com",
        "a@-b.com",
        "a@b_c.com",
        f"a@{'x' * 70}.com",
    ],
)
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(CallError, match="no e-mail address"):
        sendable(address)


@given(
    st.text(st.sampled_from("ab.-_+!'é\"\\@ "), max_size=8),
    st.text(st.sampled_from("ab.-_1éß\u3002[]/"), max_size=8),
)
def test_what_is_taken_for_an_address_can_be_written(local: str, domain: str):
    try:
        address = sendable(f"{local}@{domain}")
    except CallError:
        return
    mail = parsed(compose(letter(to=address), ("", address), NOWHERE, Form()))
    assert [to.addr_spec for to in mail["to"].addresses] == [address]
    assert address.isascii()


def test_a_sender_may_have_a_name():
    assert named("Standard téléphonique <calls@exämple.com>") == ("Standard téléphonique", "calls@xn--exmple-cua.com")


def recorded(path: Path, seconds: float = 3.0) -> Clip:
    """A WAV with speech, or what is like it."""
    clip = speech(seconds, seed=1)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(clip.samples)
    return clip


def test_an_mp3_sounds_as_the_recording_does(tmp_path: Path):
    clip = recorded(tmp_path / "0")
    file = [{"kept": "0", "name": "message.wav", "origin": "x"}]
    mail = parsed(compose(letter(attach=file), ("", "calls@example.com"), tmp_path, Form("mp3")))
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("message.mp3", "audio/mpeg")
    data = attached.get_content()
    assert len(data) < (tmp_path / "0").stat().st_size / 4
    decoded, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == RATE
    # The ends, where the encoder has no neighbours to look at, aside.
    assert snr_db(decoded.tobytes(), clip.samples[RATE:-RATE]) > 15


@pytest.mark.parametrize(("language", "said"), [("fr", "trop volumineux"), ("en", "too large"), ("de", "too large")])
def test_a_recording_that_is_too_large_is_named_instead(tmp_path: Path, language: str, said: str):
    recorded(tmp_path / "0")
    file = [{"kept": "0", "name": "message.wav", "origin": "/var/recordings/sales/message.wav"}]
    mail = parsed(
        compose(letter("s", "text", file, language), ("", "calls@example.com"), tmp_path, Form(limit=10_000))
    )
    assert not list(mail.iter_attachments())
    text = mail.get_content()
    assert said in text
    assert "/var/recordings/sales/message.wav" in text


def test_a_file_that_has_gone_is_named(tmp_path: Path):
    file = [{"kept": "0", "name": "message.wav", "origin": ""}]
    mail = parsed(compose(letter(attach=file), ("", "calls@example.com"), tmp_path, Form("mp3")))
    assert "message.wav could not be enclosed" in mail.get_content()


async def test_a_mail_server_that_takes_less_gets_the_text(tmp_path: Path):
    recording = tmp_path / "message.wav"
    await asyncio.to_thread(recorded, recording)
    async with mail_house(size=20_000) as house, post_office(tmp_path, server(house.port)) as office:
        await office.mailer.send(Mail(("a@example.com",), "long", "It is long.", (recording,)))
        (mail,) = await house.arrived(1)
    assert "It is long." in mail.get_content()
    assert str(recording) in mail.get_content()


async def test_one_that_was_sent_and_could_not_be_crossed_out_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("engine.outside.drain.DISK_PAUSE", 0.01)
    async with mail_house() as house, post_office(tmp_path, server(house.port)) as office:
        done, refused = office.outbox.done, []

        async def full(entries: object) -> None:
            if len(refused) < 3:
                refused.append(entries)
                raise sqlite3.OperationalError("database or disk is full")
            await done(entries)  # type: ignore[arg-type]

        monkeypatch.setattr(office.outbox, "done", full)
        await office.mailer.send(Mail(("a@example.com",), "once"))
        await house.arrived(1)
        async with asyncio.timeout(5):
            while await office.waiting():
                await asyncio.sleep(0.01)
    assert house.recipients() == ["a@example.com"]


async def test_a_large_mail_does_not_hold_up_the_event_loop(tmp_path: Path):
    recording = tmp_path / "message.bin"
    await asyncio.to_thread(recording.write_bytes, bytes(range(256)) * 40_000)
    big = letter(attach=[{"kept": str(recording), "name": "message.bin", "origin": ""}])
    late: list[float] = []

    async def turn() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.002)
            late.append(time.perf_counter() - began - 0.002)

    turning = asyncio.create_task(turn())
    form = Form(limit=20_000_000)
    written = await asyncio.to_thread(lambda: stuffed(pieces(compose(big, ("", "c@example.com"), tmp_path, form))))
    turning.cancel()
    assert sum(map(len, written)) > 13_000_000
    late.sort()
    # The library alone would hold it up for 150 ms; another program may have the processor now and then.
    assert late[-1] < 0.1 or late[-4] < 0.03, late[-10:]

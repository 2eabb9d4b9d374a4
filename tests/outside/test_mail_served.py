"""A voicemail left on a running server arrives by mail, also when the mail server was away."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

from support.scenarios import scenario
from support.served import dial, served
from support.smtpserver import MailHouse, mail_house

MESSAGE = scenario(
    """
    a:
      type: voicemail
      mailbox: sales
      beep: false
      silence: null
      email: sales@example.com
      on: {recorded: end, empty: end}
    """,
    top="did: ['32']\nlanguage: fr",
)


def settings(house: MailHouse, **more: Any) -> dict[str, Any]:
    mail = {"host": "127.0.0.1", "port": house.port, "tls": "none", "from": "calls@example.com", "timeout": "2s"}
    return {"mail": {**mail, **more}}


async def test_a_message_left_while_the_mail_server_is_away_arrives_with_its_sound(tmp_path: Path):
    async with mail_house() as house:
        pass
    async with served(tmp_path, {"a.yaml": MESSAGE}, **settings(house)) as server:
        answer = await dial(server.uri("32"), "--press", "#@1.5s")
        assert answer["exit"] == 0, answer
        await server.logged("mail waits 5 s: 127.0.0.1")
    # The mail needs no recording, which may be deleted.
    for recording in (tmp_path / "var" / "recordings").rglob("*.wav"):
        recording.unlink()
    async with mail_house(house=house), served(tmp_path, {"a.yaml": MESSAGE}, **settings(house)):
        (mail,) = await house.arrived(1)
    assert mail["subject"].startswith("Message vocal de ")
    text, attached = mail.iter_parts()
    assert "Durée : " in text.get_content()
    with wave.open(io.BytesIO(attached.get_content())) as sound:
        assert 1 < sound.getnframes() / sound.getframerate() < 2

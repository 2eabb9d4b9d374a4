"""What a mail says that brings a message."""

from __future__ import annotations

from typing import Any

import pytest
from support.scenarios import compiled, scenario

from engine.outside.ports import Mail
from tools.flowctl.simulator.run import simulate
from tools.flowctl.simulator.story import story_of_mapping

MESSAGE = """
a: {type: voicemail, mailbox: sales, beep: false, silence: 2s, email: ADDRESS, on: {recorded: end, empty: end}}
"""


def left(language: str = "en", address: str = "sales@example.com", **story: Any) -> tuple[list[Mail], list[str]]:
    top = f"did: ['32']\nvoice: en\nlanguage: {language}\ntime_zone: Europe/Paris"
    text = scenario(MESSAGE.replace("ADDRESS", address), top=top)
    plan = story_of_mapping({"at": "2027-07-13T10:00", "caller": [{"speaks": "65s"}], **story}).plan()
    simulation = simulate(compiled(text), plan)
    return simulation.mails, simulation.record.warnings


CONTACT = {"strFirstName": "Anne", "strLastName": "Martin", "strCompany": "Exemple SA"}


@pytest.mark.parametrize(
    ("language", "subject", "lines"),
    [
        (
            "en",
            "Voice message from Anne Martin, Exemple SA (+33143670903)",
            ["Received: 13 July 2027, 10:01", "Length: 1 min 05 s", "Number called: 32", "Mailbox: sales"],
        ),
        (
            "fr",
            "Message vocal de Anne Martin, Exemple SA (+33143670903)",
            ["Reçu : 13 juillet 2027, 10:01", "Durée : 1 min 05 s", "Numéro appelé : 32", "Boîte : sales"],
        ),
    ],
)
def test_it_says_who_when_and_how_long(language: str, subject: str, lines: list[str]):
    ((mail,), _) = left(language, call={"cli": "0143670903"}, contact=CONTACT)
    assert mail.subject == subject
    assert mail.text.splitlines()[1:] == lines
    assert (mail.to, mail.language, len(mail.attach)) == (("sales@example.com",), language, 1)


def test_who_withholds_their_number_is_unknown():
    ((mail,), _) = left(call={"cli": ""})
    assert mail.subject == "Voice message from an unknown caller"


def test_what_is_no_address_is_a_warning_and_the_message_is_kept():
    mails, warnings = left(address="nobody")
    assert mails == []
    assert warnings == ["the message of mailbox sales was not mailed: 'nobody' is no e-mail address"]

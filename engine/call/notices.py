"""What a mail says that brings somebody a message, in the language of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from engine.outside.ports import Mail

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.lines import Recording

_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "subject": "Voice message from {who}",
        "unknown": "an unknown caller",
        "date": "{day} {month} {year}, {time}",
        "text": "From: {who}\nReceived: {date}\nLength: {length}\nNumber called: {did}\nMailbox: {mailbox}",
    },
    "fr": {
        "subject": "Message vocal de {who}",
        "unknown": "un appelant inconnu",
        "date": "{day} {month} {year}, {time}",
        "text": "De : {who}\nReçu : {date}\nDurée : {length}\nNuméro appelé : {did}\nBoîte : {mailbox}",
    },
}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


def message_notice(call: Call, to: tuple[str, ...], recording: Recording, mailbox: str) -> Mail:
    """The mail that brings a recorded message; its date is that of the call's end so far, in the scenario's zone."""
    language: Literal["en", "fr"] = "fr" if call.language[:2].lower() == "fr" else "en"
    texts = _TEXTS[language]
    at = call.now().astimezone(ZoneInfo(call.scenario.scenario.time_zone))
    date = texts["date"].format(
        day=at.day, month=_MONTHS[language].split()[at.month - 1], year=at.year, time=f"{at:%H:%M}"
    )
    who = _caller(call) or texts["unknown"]
    return Mail(
        to,
        texts["subject"].format(who=who),
        texts["text"].format(
            who=who, date=date, length=_length(recording.duration), did=call.record.did, mailbox=mailbox
        ),
        (recording.path,),
        language,
    )


def _caller(call: Call) -> str:
    """Name and company of the contact as far as they are known, and the number."""
    contact = call.who.contact
    name = " ".join(str(contact.get(key) or "") for key in ("strFirstName", "strLastName")).strip()
    company = str(contact.get("strCompany") or "").strip()
    number = call.record.caller or call.record.cli
    known = ", ".join(part for part in (name, company) if part)
    return f"{known} ({number})" if known and number else known or number


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"

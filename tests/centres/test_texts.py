"""What agents are told in clear."""

from __future__ import annotations

import re

import pytest

from engine.centres.texts import _TEXTS, Why, refusal
from engine.errors import NotAllowed
from engine.lines.dialling import KINDS


def test_both_languages_say_the_same_things() -> None:
    english, french = _TEXTS["en"], _TEXTS["fr"]
    assert english.keys() == french.keys()
    for key, text in english.items():
        assert sorted(re.findall("{.*?}", text)) == sorted(re.findall("{.*?}", french[key])), key


def test_every_class_of_numbers_has_a_name() -> None:
    assert {f"kind_{kind}" for kind in KINDS} <= _TEXTS["fr"].keys()


@pytest.mark.parametrize(
    ("error", "language", "text"),
    [
        (
            NotAllowed("x", rule="kinds", kinds=["premium", "international"]),
            "en",
            "1 may not be called: premium-rate numbers and international numbers are not allowed (telephony.allow)",
        ),
        (
            NotAllowed("x", rule="kinds_denied", kinds=["BE"]),
            "fr",
            "1 ne peut pas être appelé : numéros du pays BE : interdits (telephony.deny)",
        ),
        (NotAllowed("of another kind"), "fr", "1 ne peut pas être appelé : of another kind"),
    ],
)
def test_a_number_that_is_not_dialled(error: NotAllowed, language: str, text: str) -> None:
    assert refusal("not_allowed", "1", error).text(language) == text


def test_a_cause_is_said_in_the_language_of_the_rest() -> None:
    assert Why("number_not_reached", {"name": "1"}, "cause_busy").text("fr") == "1 n'a pas pu être joint : occupé"

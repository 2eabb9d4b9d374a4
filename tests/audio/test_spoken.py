"""Numbers, dates and times as people say them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.audio import spoken
from engine.errors import CallError

FRENCH: list[tuple[Any, str]] = [
    (0, "zéro"),
    (1, "un"),
    (5, "cinq"),
    (11, "onze"),
    (16, "seize"),
    (17, "dix-sept"),
    (20, "vingt"),
    (21, "vingt et un"),
    (22, "vingt-deux"),
    (30, "trente"),
    (31, "trente et un"),
    (41, "quarante et un"),
    (51, "cinquante et un"),
    (59, "cinquante-neuf"),
    (60, "soixante"),
    (61, "soixante et un"),
    (69, "soixante-neuf"),
    (70, "soixante-dix"),
    (71, "soixante et onze"),
    (72, "soixante-douze"),
    (76, "soixante-seize"),
    (77, "soixante-dix-sept"),
    (79, "soixante-dix-neuf"),
    (80, "quatre-vingts"),
    (81, "quatre-vingt-un"),
    (89, "quatre-vingt-neuf"),
    (90, "quatre-vingt-dix"),
    (91, "quatre-vingt-onze"),
    (97, "quatre-vingt-dix-sept"),
    (99, "quatre-vingt-dix-neuf"),
    (100, "cent"),
    (101, "cent un"),
    (171, "cent soixante et onze"),
    (180, "cent quatre-vingts"),
    (200, "deux cents"),
    (201, "deux cent un"),
    (280, "deux cent quatre-vingts"),
    (999, "neuf cent quatre-vingt-dix-neuf"),
    (1000, "mille"),
    (1001, "mille un"),
    (1100, "mille cent"),
    (1980, "mille neuf cent quatre-vingts"),
    (2000, "deux mille"),
    (21000, "vingt et un mille"),
    (71000, "soixante et onze mille"),
    (80000, "quatre-vingt mille"),
    (81000, "quatre-vingt-un mille"),
    (100000, "cent mille"),
    (200000, "deux cent mille"),
    (200080, "deux cent mille quatre-vingts"),
    (1000000, "un million"),
    (2000000, "deux millions"),
    (80000000, "quatre-vingts millions"),
    (200000000, "deux cents millions"),
    (999000081, "neuf cent quatre-vingt-dix-neuf millions quatre-vingt-un"),
    (10**9, "un milliard"),
    (-1, "moins un"),
    (-71, "moins soixante et onze"),
    (-0.5, "moins zéro virgule cinq"),
    (1.5, "un virgule cinq"),
    (3.14, "trois virgule quatorze"),
    (2.05, "deux virgule zéro cinq"),
    (0.005, "zéro virgule zéro zéro cinq"),
    (3.1416, "trois virgule un quatre un six"),
    (200.5, "deux cents virgule cinq"),
    (0.1 + 0.2, "zéro virgule trois"),
    (80.0, "quatre-vingts"),
    ("71", "soixante et onze"),
    (" 80 ", "quatre-vingts"),
    ("007", "sept"),
    ("2,50", "deux virgule cinq"),
    ("+3", "trois"),
    ("-4.0", "moins quatre"),
]

ENGLISH: list[tuple[Any, str]] = [
    (0, "zero"),
    (1, "one"),
    (12, "twelve"),
    (13, "thirteen"),
    (15, "fifteen"),
    (18, "eighteen"),
    (20, "twenty"),
    (21, "twenty-one"),
    (40, "forty"),
    (71, "seventy-one"),
    (80, "eighty"),
    (81, "eighty-one"),
    (90, "ninety"),
    (99, "ninety-nine"),
    (100, "one hundred"),
    (101, "one hundred and one"),
    (110, "one hundred and ten"),
    (200, "two hundred"),
    (999, "nine hundred and ninety-nine"),
    (1000, "one thousand"),
    (1001, "one thousand and one"),
    (1100, "one thousand, one hundred"),
    (2000, "two thousand"),
    (12345, "twelve thousand, three hundred and forty-five"),
    (80000, "eighty thousand"),
    (200000, "two hundred thousand"),
    (1000000, "one million"),
    (2000001, "two million and one"),
    (10**9, "one billion"),
    (-5, "minus five"),
    (-0.25, "minus zero point two five"),
    (1.5, "one point five"),
    (3.14, "three point one four"),
    (2.05, "two point zero five"),
    (10.0, "ten"),
    ("71", "seventy-one"),
    ("2.50", "two point five"),
]

FRENCH_TIMES = [
    ("00:00", "minuit"),
    ("00:01", "minuit une"),
    ("00:30", "minuit trente"),
    ("01:00", "une heure"),
    ("01:01", "une heure une"),
    ("02:00", "deux heures"),
    ("07:10", "sept heures dix"),
    ("08:15", "huit heures quinze"),
    ("09:05", "neuf heures cinq"),
    ("11:59", "onze heures cinquante-neuf"),
    ("12:00", "midi"),
    ("12:05", "midi cinq"),
    ("13:31", "treize heures trente et une"),
    ("17:45", "dix-sept heures quarante-cinq"),
    ("20:00", "vingt heures"),
    ("21:00", "vingt et une heures"),
    ("21:05", "vingt et une heures cinq"),
    ("21:21", "vingt et une heures vingt et une"),
    ("22:51", "vingt-deux heures cinquante et une"),
    ("23:11", "vingt-trois heures onze"),
    ("23:59", "vingt-trois heures cinquante-neuf"),
]

ENGLISH_TIMES = [
    ("00:00", "midnight"),
    ("00:05", "twelve oh five AM"),
    ("00:30", "twelve thirty AM"),
    ("01:00", "one AM"),
    ("07:10", "seven ten AM"),
    ("09:05", "nine oh five AM"),
    ("11:59", "eleven fifty-nine AM"),
    ("12:00", "noon"),
    ("12:01", "twelve oh one PM"),
    ("12:45", "twelve forty-five PM"),
    ("13:00", "one PM"),
    ("18:30", "six thirty PM"),
    ("21:05", "nine oh five PM"),
    ("23:21", "eleven twenty-one PM"),
]

FRENCH_DATES = [
    ("2027-01-01", "le premier janvier deux mille vingt-sept"),
    ("2027-02-02", "le deux février deux mille vingt-sept"),
    ("2028-02-29", "le vingt-neuf février deux mille vingt-huit"),
    ("2027-03-11", "le onze mars deux mille vingt-sept"),
    ("2027-04-21", "le vingt et un avril deux mille vingt-sept"),
    ("2027-05-01", "le premier mai deux mille vingt-sept"),
    ("2027-06-08", "le huit juin deux mille vingt-sept"),
    ("2027-07-14", "le quatorze juillet deux mille vingt-sept"),
    ("2080-08-15", "le quinze août deux mille quatre-vingts"),
    ("2000-09-20", "le vingt septembre deux mille"),
    ("2071-10-31", "le trente et un octobre deux mille soixante et onze"),
    ("1999-11-30", "le trente novembre mille neuf cent quatre-vingt-dix-neuf"),
    ("1900-12-25", "le vingt-cinq décembre mille neuf cents"),
]

ENGLISH_DATES = [
    ("2027-01-01", "January first, twenty twenty-seven"),
    ("2027-02-02", "February second, twenty twenty-seven"),
    ("2027-03-03", "March third, twenty twenty-seven"),
    ("2010-04-04", "April fourth, twenty ten"),
    ("2009-05-05", "May fifth, two thousand nine"),
    ("2000-06-12", "June twelfth, two thousand"),
    ("1999-07-20", "July twentieth, nineteen ninety-nine"),
    ("1905-08-21", "August twenty-first, nineteen oh five"),
    ("1900-09-22", "September twenty-second, nineteen hundred"),
    ("2100-10-23", "October twenty-third, twenty-one hundred"),
    ("2030-11-30", "November thirtieth, twenty thirty"),
    ("2071-12-31", "December thirty-first, twenty seventy-one"),
]


@pytest.mark.parametrize(
    ("language", "value", "words"),
    [("fr", *case) for case in FRENCH]
    + [("en", *case) for case in ENGLISH]
    + [("fr-CH", 81, "quatre-vingt-un"), ("en-GB", 81, "eighty-one"), ("de", -0.5, "minus null Komma fünf")]
    + [("es", "71", "setenta y uno"), ("xx", -2.5, "-2.5")],
)
def test_a_number(language: str, value: Any, words: str) -> None:
    assert spoken.number(value, language) == words


@pytest.mark.parametrize(
    ("language", "clock", "words"),
    [("fr", *case) for case in FRENCH_TIMES] + [("en", *case) for case in ENGLISH_TIMES] + [("de", "21:05", "21:05")],
)
def test_a_time(language: str, clock: str, words: str) -> None:
    assert spoken.time(datetime.fromisoformat(f"2027-07-13T{clock}"), language) == words


@pytest.mark.parametrize(
    ("language", "day", "words"),
    [("fr", *case) for case in FRENCH_DATES]
    + [("en", *case) for case in ENGLISH_DATES]
    + [("de", "2027-05-01", "2027-05-01")],
)
def test_a_date(language: str, day: str, words: str) -> None:
    assert spoken.date(datetime.fromisoformat(day), language) == words


@pytest.mark.parametrize(
    "value", ["", "abc", "1 2", "1e3", "٣", True, None, [1], float("nan"), float("inf"), 10**15, "1.2.3"]
)
def test_what_is_no_number_is_not_said(value: Any) -> None:
    with pytest.raises(CallError):
        spoken.number(value, "fr")


@pytest.mark.parametrize(
    ("language", "back", "known", "words"),
    [
        ("fr", timedelta(0), True, "aujourd'hui, à quinze heures cinq, du numéro"),
        ("fr-CH", timedelta(days=1), False, "hier, à quinze heures cinq, d'un numéro inconnu."),
        ("fr", timedelta(days=30), True, "le premier janvier deux mille vingt-sept, à quinze heures cinq, du numéro"),
        ("en", timedelta(0), True, "today, at three oh five PM, from"),
        ("en", timedelta(days=1), False, "yesterday, at three oh five PM, from an unknown number."),
    ],
)
def test_when_a_message_came_and_from_whom(language: str, back: timedelta, known: bool, words: str):
    now = datetime(2027, 1, 31, 15, 5, tzinfo=ZoneInfo("Europe/Paris"))
    assert spoken.received(now - back, now, "Europe/Paris", language, known=known) == words

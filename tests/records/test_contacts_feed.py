"""Files of contacts, and how numbers are written in them."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from engine.lines import numbering
from engine.records.contacts.feed import NoFeed, Refused, read_feed
from engine.records.contacts.index import NumberIndex, pairs_of
from engine.records.contacts.spelling import Spelling

FRANCE = Spelling("FR", outside_prefix="0")


@pytest.mark.parametrize(
    "written",
    [
        "+33612345678",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "+33(0)6.12.34.56.78",
        "0033612345678",
        "00 33 6 12 34 56 78",
        "+0033612345678",
        "33612345678",
        "0612345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "06\u00a012\u00a034\u00a056\u00a078",
        "06\N{NON-BREAKING HYPHEN}12\N{EN DASH}34 56 78",
        "612345678",
        "0,0612345678",
        "00612345678",
        "Tel. 06 12 34 56 78 (domicile)",
        "tel:+33-6-12-34-56-78",
        "06 12 34 56 78 poste 12",
        " 06 12 34 56 78\t",
    ],
)
def test_one_number_in_all_its_spellings(written: str):
    assert FRANCE.number(written) == 33612345678


@pytest.mark.parametrize(
    "written", ["", None, "201", "3631", "unknown", "+", "+123", "0" * 30, "15", "+33 6 12", "٠٦١٢"]
)
def test_what_is_no_number(written: str | None):
    assert FRANCE.number(written) is None


def test_numbers_are_read_as_the_lines_read_them():
    """What is read fast is what the tables of the world say, overseas departments included."""
    chance = random.Random(7)
    for country in ("FR", "RE", "BE", "SN", "GB"):
        spelling = Spelling(country)
        for _ in range(400):
            text = f"0{chance.randint(1, 9)}{chance.randint(0, 10**8 - 1):08}"
            expected = numbering.e164(text, country)
            if expected:
                assert f"+{spelling.number(text)}" == expected, (country, text)
    for text in ("0262123456", "0692123456", "0590123456", "+33262123456", "0508412345"):
        assert f"+{FRANCE.number(text)}" == numbering.e164(text, "FR"), text


@pytest.mark.parametrize("country", ["FR", "BE", "SN"])
def test_every_spelling_that_is_looked_for_means_the_number(country: str):
    spelling = Spelling(country)
    for number in (33612345678, 3225551234, 221338210000, 442071838750):
        forms = spelling.spellings(number)
        assert f"+{number}" in forms
        assert {spelling.number(form) for form in forms if form.startswith(("+", "0"))} == {number}


def test_an_index_finds_everybody_with_a_number():
    index = NumberIndex([pairs_of([(33612345678, 9), (442071838750, 1)]), pairs_of([]), pairs_of([(33612345678, 4)])])
    assert (len(index), index.find(33612345678), index.find(5)) == (3, [4, 9], [])
    assert NumberIndex().find(33612345678) == []


def test_a_file_of_a_french_spreadsheet():
    data = 'Nom;Prénom;Société;Téléphone;Mobile;Remarque\r\nMartin;Zoé;"Bât; Cie";01 43 67 09 03;;x\r\n;;;;;\r\n'
    feed = read_feed(data.encode("cp1252"), FRANCE)
    assert not feed.refused
    assert feed.ignored == ["Remarque"]
    assert feed.rows == {
        2: {
            "strLastName": "Martin",
            "strFirstName": "Zoé",
            "strCompany": "Bât; Cie",
            "strPhoneNumber1": "+33143670903",
            "strGsmNumber1": None,
        }
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str):
    feed = read_feed("strLastName,strPhoneNumber1\nŁukasz,0143670903\n".encode(encoding), FRANCE)
    assert feed.rows[2]["strLastName"] == "Łukasz"


def test_each_refused_line_says_why():
    data = (
        "ident,strLastName,phone,date\n"
        "a,Ann,0143670903,2027-01-31\n"
        "b,Bob,no number,\n"
        "A,Ada,0143670904,\n"
        "c,Cy,0143670905,,Paris\n"
        f"d,{'x' * 101},0143670906,\n"
        "e,Eve,0143670907,yesterday\n"
        '"f\nf",Fay,0143670908,\n'
        "g,Gus,201,\n"
    )
    feed = read_feed(data.encode(), FRANCE)
    assert sorted(feed.rows) == [2, 8]
    assert feed.rows[2]["dLastDateUpdate"] == datetime(2027, 1, 31)  # noqa: DTZ001
    assert [(one.line, one.column) for one in feed.refused] == [
        (3, "phone"),
        (4, ""),
        (5, ""),
        (6, "strLastName"),
        (7, "date"),
        (10, "phone"),
    ]
    assert feed.refused[1] == Refused(4, "", "the ident 'A' is in line 2 already")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the first line must name the columns"),
        (b"name,town\nAnn,Paris\n", "no column of telephone numbers"),
        (b"strPhonenumber,name\n0143670903,Ann\n", "strPhoneNumber1"),
        (b"phone,tel\n1,2\n", "are both strPhoneNumber1"),
        (b'phone,"name\n0143670903,Ann\n', "line 1"),
        (b"phone\n\x00\n", "no text file"),
    ],
)
def test_a_file_that_cannot_be_taken(data: bytes, says: str):
    with pytest.raises(NoFeed, match=says):
        read_feed(data, FRANCE)


def test_what_spreadsheets_do_to_a_file():
    """Its first line, cells at the end left out or added, line breaks in a cell, dates of the country, a date with
    its zone."""
    data = (
        "sep=;\r\n"
        "Nom;T\u00e9l\u00e9phone;Date;Soci\u00e9t\u00e9\r\n"
        "Martin;0143670903;31/01/2027 10:05\r\n"
        "Durand;0143670904;1.2.2027;SNCF;;;\r\n"
        'Petit;0143670905;;"A\r\nB"\r\n'
        "Roux;0143670906;2027-01-31T10:05:00+01:00;A\u2028B\x0bC\r\n"
    )
    feed = read_feed(data.encode(), FRANCE)
    assert not feed.refused
    assert [row["strCompany"] for row in feed.rows.values()] == [None, "SNCF", "A\r\nB", "A\u2028B\x0bC"]
    assert list(feed.rows) == [3, 4, 5, 7]
    dates = [row["dLastDateUpdate"] for row in feed.rows.values()]
    assert dates == [
        datetime(2027, 1, 31, 10, 5),  # noqa: DTZ001
        datetime(2027, 2, 1),  # noqa: DTZ001
        None,
        datetime(2027, 1, 31, 9, 5),  # noqa: DTZ001
    ]


def test_a_line_with_quotes_that_are_not_right_is_refused_alone():
    data = 'name,phone\nAnn,0143670903\n"Bar "Le Zinc"",0143670904\nCy,0143670905\n"Dan,0143670906\nEve,0143670907\n'
    feed = read_feed(data.encode(), FRANCE)
    assert [row["strLastName"] for row in feed.rows.values()] == ["Ann", "Cy", "Eve"]
    assert list(feed.rows) == [2, 4, 6]
    assert [one.line for one in feed.refused] == [3, 5]
    assert all("quote" in one.why for one in feed.refused)


@pytest.mark.parametrize(
    "written", ["06 12 34 56 78 / 01 43 67 09 03", "0612345678;0143670903", "06.12.34.56.78 ou 01.43.67.09.03"]
)
def test_of_two_numbers_in_a_cell_the_first(written: str):
    assert FRANCE.number(written) == 33612345678


@pytest.mark.parametrize("written", ["3,3612E+10", "33612345678.0", "612345678.0", '="0612345678"', "'0612345678"])
def test_what_spreadsheets_do_to_numbers(written: str):
    """They lose digits, or add a zero: what cannot be known is no number."""
    assert FRANCE.number(written) in (None, 33612345678)

"""Numbers as people and lines write them → E.164, and back to what a telephone dials."""

from __future__ import annotations

import pytest

from engine.lines.numbering import as_dialled, e164, emergency, is_national, plain, read, short

READ = [
    # name, country, as written, E.164, as dialled in the country
    ("paris", "FR", "0143670903", "+33143670903", "0143670903"),
    ("paris in pairs", "FR", "01 43 67 09 03", "+33143670903", "0143670903"),
    ("paris with hard blanks", "FR", "01\u00a043\u202f67\u00a009\u00a003", "+33143670903", "0143670903"),
    ("paris with dots", "FR", "01.43.67.09.03", "+33143670903", "0143670903"),
    ("paris with dashes", "FR", "01-43-67-09-03", "+33143670903", "0143670903"),
    ("paris with slashes", "FR", "01/43/67/09/03", "+33143670903", "0143670903"),
    ("paris international", "FR", "+33143670903", "+33143670903", "0143670903"),
    ("paris with 00", "FR", "0033143670903", "+33143670903", "0143670903"),
    ("paris with an optional 0", "FR", "+33 (0)1 43 67 09 03", "+33143670903", "0143670903"),
    ("paris with 00 and an optional 0", "FR", "0033 (0) 1 43 67 09 03", "+33143670903", "0143670903"),
    ("paris with the 0 in parentheses", "FR", "(0)1 43 67 09 03", "+33143670903", "0143670903"),
    ("paris without its 0", "FR", "143670903", "+33143670903", "0143670903"),
    ("paris without its plus", "FR", "33143670903", "+33143670903", "0143670903"),
    ("paris as a URI", "FR", "tel:+33-1-43-67-09-03", "+33143670903", "0143670903"),
    ("paris as a local URI", "FR", "tel:0143670903;phone-context=example.com", "+33143670903", "0143670903"),
    ("paris from belgium", "BE", "0033143670903", "+33143670903", "0033143670903"),
    ("paris from senegal", "SN", "+33143670903", "+33143670903", "0033143670903"),
    ("paris from reunion", "RE", "0143670903", "+33143670903", "0143670903"),
    ("a mobile from reunion", "RE", "0612345678", "+33612345678", "0612345678"),
    ("paris from america", "US", "+33143670903", "+33143670903", "01133143670903"),
    ("saint-denis", "RE", "0262 20 12 34", "+262262201234", "0262201234"),
    ("saint-denis from paris", "FR", "0262201234", "+262262201234", "0262201234"),
    ("saint-denis, international, from paris", "FR", "+262 262 20 12 34", "+262262201234", "0262201234"),
    ("saint-denis as if on the mainland", "FR", "+33 2 62 20 12 34", "+262262201234", "0262201234"),
    ("saint-denis without its 0, from paris", "FR", "262201234", "+262262201234", "0262201234"),
    ("martinique as if on the mainland, from reunion", "RE", "+33596501234", "+596596501234", "0596501234"),
    ("saint-denis from belgium", "BE", "+262262201234", "+262262201234", "00262262201234"),
    ("a mobile of reunion", "RE", "0692123456", "+262692123456", "0692123456"),
    ("a new mobile of reunion from paris", "FR", "0693123456", "+262693123456", "0693123456"),
    ("mayotte from paris", "FR", "0269601234", "+262269601234", "0269601234"),
    ("a mobile of mayotte from reunion", "RE", "0639691234", "+262639691234", "0639691234"),
    ("guadeloupe from paris", "FR", "0590201234", "+590590201234", "0590201234"),
    ("a mobile of guadeloupe from paris", "FR", "0690123456", "+590690123456", "0690123456"),
    ("guyane from paris", "FR", "0694201234", "+594694201234", "0694201234"),
    ("martinique from paris", "FR", "0596501234", "+596596501234", "0596501234"),
    ("a mobile of martinique from reunion", "RE", "0696201234", "+596696201234", "0696201234"),
    ("saint-pierre from paris", "FR", "0508412345", "+508412345", "0508412345"),
    ("saint-pierre at home", "PM", "0508412345", "+508412345", "0508412345"),
    ("saint-pierre's own freephone", "PM", "0800123456", "+508800123456", "0800123456"),
    ("reunion's own freephone", "RE", "0800123456", "+262800123456", "0800123456"),
    ("nomad number", "FR", "0970123456", "+33970123456", "0970123456"),
    ("nomad number from reunion", "RE", "0976123456", "+33976123456", "0976123456"),
    ("brussels", "BE", "02/234.56.78", "+3222345678", "022345678"),
    ("brussels with an optional 0", "BE", "+32 (0)2 234 56 78", "+3222345678", "022345678"),
    ("brussels from paris", "FR", "+3222345678", "+3222345678", "003222345678"),
    ("antwerp is no france", "BE", "033123456", "+3233123456", "033123456"),
    ("a mobile of belgium", "BE", "0475 12 34 56", "+32475123456", "0475123456"),
    ("dakar", "SN", "33 820 12 34", "+221338201234", "338201234"),
    ("dakar international", "SN", "+221 33 820 12 34", "+221338201234", "338201234"),
    ("dakar with 00", "SN", "00221338201234", "+221338201234", "338201234"),
    ("a mobile of senegal", "SN", "771234567", "+221771234567", "771234567"),
    ("a mobile of senegal from paris", "FR", "00221771234567", "+221771234567", "00221771234567"),
    ("rome keeps its 0", "FR", "+39 06 1234 5678", "+390612345678", "00390612345678"),
    ("london with an optional 0", "FR", "+44 (0)20 7946 0000", "+442079460000", "00442079460000"),
]

NOTHING = [
    ("an extension", "FR", "32"),
    ("nothing", "FR", ""),
    ("a word", "FR", "anonymous"),
    ("a lone plus", "FR", "+"),
    ("a lone 00", "FR", "00"),
    ("letters for digits", "FR", "0800-FLOWER"),
    ("digits of another script", "FR", "０143670903"),
    ("a digit too many", "FR", "01436709031"),
    ("two plus", "FR", "++33143670903"),
    ("a feature code", "FR", "*21*0612345678#"),
    ("a URI with an extension", "FR", "tel:+33143670903;ext=12"),
    ("a URI of another plan", "FR", "tel:22345678;phone-context=+32"),
    ("a SIP address", "FR", "sip:0143670903@192.0.2.1"),
    ("no such country code", "FR", "+99912345678"),
    ("far too long", "FR", "0" * 60),
]


@pytest.mark.parametrize(
    ("country", "number", "expected", "dialled"), [c[1:] for c in READ], ids=[c[0] for c in READ]
)
def test_numbers_are_read_and_dialled(country: str, number: str, expected: str, dialled: str):
    found = read(number, country)
    assert found is not None
    assert found.e164 == e164(number, country) == expected
    assert as_dialled(found, country) == dialled
    assert read(dialled, country) == found


@pytest.mark.parametrize(("country", "number"), [c[1:] for c in NOTHING], ids=[c[0] for c in NOTHING])
def test_what_is_no_telephone_number(country: str, number: str):
    assert read(number, country) is None
    assert e164(number, country) == ""


@pytest.mark.parametrize(
    ("country", "other", "national"),
    [
        ("FR", "+262262201234", True),
        ("RE", "+33143670903", True),
        ("RE", "+596596501234", True),
        ("FR", "+3222345678", False),
        ("FR", "+687251234", False),
        ("US", "+18765550123", False),
        ("US", "+12015550123", True),
        ("SN", "+33143670903", False),
    ],
)
def test_the_french_departments_are_one_plan_and_america_is_not(country: str, other: str, national: bool):
    number = read(other, country)
    assert number is not None
    assert is_national(number, country) is national


@pytest.mark.parametrize(
    ("country", "number", "meant"),
    [
        ("FR", "15", "15"),
        ("FR", "1 1 2", "112"),
        ("FR", "+33112", "112"),
        ("FR", "003318", "18"),
        ("FR", "196", "196"),
        ("FR", "116 000", "116000"),
        ("RE", "15", "15"),
        ("BE", "100", "100"),
        ("BE", "107", "107"),
        ("SN", "1515", "1515"),
        ("SN", "18", "18"),
        ("SN", "112", "112"),
        ("US", "911", "911"),
        ("FR", "152", ""),
        ("FR", "911", ""),
        ("FR", "3631", ""),
        ("BE", "1207", ""),
        ("FR", "0143670903", ""),
        ("FR", "", ""),
    ],
)
def test_emergency_numbers_are_known_however_they_are_written(country: str, number: str, meant: str):
    assert emergency(number, country) == meant


@pytest.mark.parametrize(
    ("country", "number", "kind"),
    [
        ("FR", "3639", "premium"),
        ("FR", "118218", "premium"),
        ("RE", "3639", "premium"),
        ("FR", "3103", "short"),
        ("BE", "1722", "short"),
        ("SN", "1212", "short"),
        ("FR", "201", None),
        ("FR", "0143670903", None),
        ("FR", "", None),
    ],
)
def test_short_numbers(country: str, number: str, kind: str | None):
    assert short(number, country) == kind


def test_what_people_put_between_digits():
    assert plain(" +33 (0)1.43-67/09 03 ") == "+330143670903"
    assert plain("01‑43–67") == "014367"
    assert plain("12a") == plain("1+2") == plain("") == ""

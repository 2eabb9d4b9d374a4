"""What may be dialled, what is sent for it, and who is said to call."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.errors import ConfigurationError, NotAllowed
from engine.lines.dialling import DialPlan, destination
from engine.lines.numbering import emergency, read
from engine.server.settings import Settings

HOUSES: dict[str, dict[str, Any]] = {
    # An office in Paris behind an exchange, one in Brussels, one in Dakar on a trunk, one in Saint-Denis.
    "paris": {"country": "FR", "internal_digits": 3, "outside_prefix": "0"},
    "brussels": {"country": "BE", "internal_digits": 4},
    "dakar": {"country": "SN", "send": "e164"},
    "saint-denis": {"country": "RE", "internal_digits": 3},
    "plain": {"country": "FR"},
}

SENT = [
    # name, house, as written, kind, what is sent
    ("a number of paris", "paris", "01 43 67 09 03", "national", "00143670903"),
    ("international at home", "paris", "+33143670903", "national", "00143670903"),
    ("with 00 at home", "paris", "0033 1 43 67 09 03", "national", "00143670903"),
    ("a mobile", "paris", "06.12.34.56.78", "national", "00612345678"),
    ("a mobile beginning with 07", "paris", "0755123456", "national", "00755123456"),
    ("freephone 0800", "paris", "0800 123 456", "national", "00800123456"),
    ("freephone 0805", "paris", "0805123456", "national", "00805123456"),
    ("at the price of a call, 0806", "paris", "0806123456", "national", "00806123456"),
    ("at the price of a call, 0809", "paris", "0809123456", "national", "00809123456"),
    ("voip 097", "paris", "0970123456", "national", "00970123456"),
    ("a URI", "paris", "tel:+33-1-43-67-09-03", "national", "00143670903"),
    ("reunion from paris", "paris", "0262201234", "national", "00262201234"),
    ("reunion from paris, international", "paris", "+262262201234", "national", "00262201234"),
    ("martinique from paris", "paris", "0596501234", "national", "00596501234"),
    ("an extension has no prefix", "paris", "201", "internal", "201"),
    ("an extension that is no emergency", "paris", "152", "internal", "152"),
    ("an extension that begins as directory enquiries", "paris", "118", "internal", "118"),
    ("an extension with blanks", "paris", "2 01", "internal", "201"),
    ("brussels", "brussels", "02/234.56.78", "national", "022345678"),
    ("brussels international", "brussels", "+32 (0)2 234 56 78", "national", "022345678"),
    ("brussels with 00", "brussels", "003222345678", "national", "022345678"),
    ("liege", "brussels", "042345678", "national", "042345678"),
    ("antwerp, which begins as france", "brussels", "033123456", "national", "033123456"),
    ("a mobile of belgium", "brussels", "0475 12 34 56", "national", "0475123456"),
    ("freephone of belgium", "brussels", "0800 12 345", "national", "080012345"),
    ("at the price of a call, 078", "brussels", "078151234", "national", "078151234"),
    ("an extension of four digits", "brussels", "2010", "internal", "2010"),
    ("an extension that is a short number of others", "brussels", "3639", "internal", "3639"),
    ("dakar", "dakar", "33 820 12 34", "national", "+221338201234"),
    ("dakar international", "dakar", "+221 33 820 12 34", "national", "+221338201234"),
    ("a mobile of senegal", "dakar", "77 123 45 67", "national", "+221771234567"),
    ("a mobile of senegal, 70", "dakar", "701234567", "national", "+221701234567"),
    ("freephone of senegal", "dakar", "800123456", "national", "+221800123456"),
    ("voip of senegal", "dakar", "933123456", "national", "+221933123456"),
    ("saint-denis", "saint-denis", "0262 20 12 34", "national", "0262201234"),
    ("saint-denis international", "saint-denis", "+262262201234", "national", "0262201234"),
    ("a mobile of reunion", "saint-denis", "0692123456", "national", "0692123456"),
    ("mayotte from reunion", "saint-denis", "0269601234", "national", "0269601234"),
    ("paris from reunion", "saint-denis", "0143670903", "national", "0143670903"),
    ("paris from reunion, international", "saint-denis", "+33143670903", "national", "0143670903"),
    ("a mobile from reunion", "saint-denis", "0612345678", "national", "0612345678"),
    ("freephone of reunion", "saint-denis", "0800123456", "national", "0800123456"),
    ("an extension in reunion", "saint-denis", "201", "internal", "201"),
    ("a SIP address", "paris", "sip:0892123456@192.0.2.9", "address", "sip:0892123456@192.0.2.9"),
    ("a secure SIP address", "paris", "sips:anne@example.com", "address", "sips:anne@example.com"),
]

REFUSED = [
    # name, house, as written, part of the reason
    ("premium 0899", "paris", "0899123456", "premium-rate numbers are not allowed"),
    ("premium 0892", "paris", "08 92 12 34 56", "premium-rate"),
    ("premium 0889", "paris", "0889123456", "premium-rate"),
    ("premium 0836", "paris", "0836656565", "premium-rate"),
    ("premium, international", "paris", "+33892123456", "premium-rate"),
    ("premium with 00", "paris", "0033892123456", "premium-rate"),
    ("premium with an optional 0", "paris", "+33 (0)892 123 456", "premium-rate"),
    ("premium without its 0", "paris", "892123456", "premium-rate"),
    ("premium as a URI", "paris", "tel:+33-892-12-34-56", "premium-rate"),
    ("shared cost 081", "paris", "0811123456", "shared-cost numbers are not allowed"),
    ("shared cost 082", "paris", "0826123456", "shared-cost"),
    ("directory enquiries", "paris", "118218", "premium-rate"),
    ("the talking clock", "paris", "3699", "premium-rate"),
    ("the post office", "paris", "3631", "premium-rate"),
    ("a short number", "paris", "3103", "short numbers are not allowed"),
    ("the ambulance", "paris", "15", "emergency numbers are not allowed"),
    ("the police", "paris", "17", "emergency"),
    ("the fire brigade", "paris", "18", "emergency"),
    ("the european number", "paris", "112", "emergency"),
    ("the deaf", "paris", "114", "emergency"),
    ("the homeless", "paris", "115", "emergency"),
    ("children", "paris", "119", "emergency"),
    ("aircraft", "paris", "191", "emergency"),
    ("the sea", "paris", "196", "emergency"),
    ("missing children", "paris", "116000", "emergency"),
    ("emergency, international", "paris", "+33112", "emergency"),
    ("emergency with 00", "paris", "003315", "emergency"),
    ("an extension behind the prefix", "paris", "015", "would take an outside line"),
    ("belgium", "paris", "+3222345678", "international numbers are not allowed"),
    ("belgium with 00", "paris", "00 32 2 234 56 78", "international"),
    ("senegal", "paris", "+221338201234", "international"),
    ("freephone without a country", "paris", "+80012345678", "international"),
    ("a satellite", "paris", "+881612345678", "premium-rate numbers and international numbers"),
    ("premium abroad", "paris", "+41900123456", "premium-rate numbers and international numbers"),
    ("premium of no country", "paris", "+979123456789", "premium-rate"),
    ("jamaica, which looks american", "paris", "+18765550123", "international"),
    ("a block that nobody has", "paris", "0712345678", "no number of this form is in use"),
    ("a digit short", "paris", "014367090", "no number of this form"),
    ("a digit too many", "paris", "01436709031", "no such number in FR"),
    ("an extension too long", "paris", "2010", "no such number in FR"),
    ("an extension too short", "paris", "20", "no such number in FR"),
    ("a feature code", "paris", "*21*0612345678#", "is no telephone number"),
    ("a word", "paris", "anne", "is no telephone number"),
    ("nothing", "paris", "", "is no telephone number"),
    ("another kind of URI", "paris", "mailto:anne@example.com", "is no telephone number"),
    ("premium 0900", "brussels", "0900 12 345", "premium-rate"),
    ("premium 0903", "brussels", "090312345", "premium-rate"),
    ("premium 070", "brussels", "070221234", "premium-rate"),
    ("premium of belgium, international", "brussels", "+3290012345", "premium-rate"),
    ("the ambulance of belgium", "brussels", "100", "emergency"),
    ("the police of belgium", "brussels", "101", "emergency"),
    ("the european number in belgium", "brussels", "112", "emergency"),
    ("children in belgium", "brussels", "103", "emergency"),
    ("suicide line in belgium", "brussels", "107", "emergency"),
    ("france from belgium", "brussels", "+33143670903", "international"),
    ("a french number without its country", "brussels", "0143670903", "no number of this form"),
    ("luxembourg", "brussels", "+352621123456", "international"),
    ("premium of senegal", "dakar", "884123456", "premium-rate"),
    ("shared cost of senegal", "dakar", "818001234", "shared-cost"),
    ("the police of senegal", "dakar", "17", "emergency"),
    ("the fire brigade of senegal", "dakar", "18", "emergency"),
    ("the ambulance of senegal", "dakar", "1515", "emergency"),
    ("the european number in senegal", "dakar", "112", "emergency"),
    ("a short number of senegal", "dakar", "1212", "short"),
    ("france from senegal", "dakar", "0033612345678", "international"),
    ("an extension where there are none", "dakar", "201", "say in telephony.internal_digits"),
    ("premium in reunion", "saint-denis", "0892123456", "premium-rate"),
    ("premium in reunion, international", "saint-denis", "+262892123456", "premium-rate"),
    ("premium of the mainland from reunion", "saint-denis", "+33899123456", "premium-rate"),
    ("shared cost in reunion", "saint-denis", "0810123456", "shared-cost"),
    ("the ambulance in reunion", "saint-denis", "15", "emergency"),
    ("a short number of the mainland", "saint-denis", "3631", "premium-rate"),
    ("mauritius from reunion", "saint-denis", "+23052512345", "international"),
]


@pytest.mark.parametrize(("house", "to", "kind", "sent"), [case[1:] for case in SENT], ids=[case[0] for case in SENT])
def test_what_is_sent(house: str, to: str, kind: str, sent: str):
    dialled = DialPlan(**HOUSES[house]).decide(to)
    assert (dialled.kind, dialled.digits) == (kind, sent)
    assert dialled.outside is (kind == "national")
    assert dialled.e164.startswith("+") is dialled.outside


@pytest.mark.parametrize(("house", "to", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_refused(house: str, to: str, reason: str):
    with pytest.raises(NotAllowed) as refusal:
        DialPlan(**HOUSES[house]).decide(to)
    assert reason in str(refusal.value)
    assert to in str(refusal.value)


ALLOWED = [
    # name, allow, deny, as written, sent or None
    ("a country", ["BE"], [], "+32475123456", "0032475123456"),
    ("a country is no other", ["BE"], [], "+352621123456", None),
    ("a country's premium numbers are not allowed with it", ["BE"], [], "+3290012345", None),
    ("a country and premium", ["BE", "premium"], [], "+3290012345", "003290012345"),
    ("premium is at home", ["premium"], [], "+3290012345", None),
    ("premium", ["premium"], [], "0892123456", "0892123456"),
    ("premium has short numbers", ["premium"], [], "3639", "3639"),
    ("international", ["international"], [], "+221338201234", "00221338201234"),
    ("international is not premium", ["international"], [], "+41900123456", None),
    ("international has no satellites", ["international"], [], "+881612345678", None),
    ("america is not the caribbean", ["US"], [], "+18765550123", None),
    ("america", ["US"], [], "+12015550123", "0012015550123"),
    ("shared cost", ["shared_cost"], [], "0826123456", "0826123456"),
    ("emergency", ["emergency"], [], "112", "112"),
    ("emergency, as people write it", ["emergency"], [], "+33112", "112"),
    ("one emergency number", ["15"], [], "15", "15"),
    ("one emergency number is no other", ["15"], [], "18", None),
    ("one short number", ["3631"], [], "3631", "3631"),
    ("one short number is no other", ["3631"], [], "3639", None),
    ("the beginning of premium numbers", ["+33892"], [], "0892123456", "0892123456"),
    ("the beginning of others", ["+33892"], [], "0899123456", None),
    ("a block that is new", ["+33712"], [], "0712345678", "0712345678"),
    ("a beginning abroad", ["+442"], [], "+442079460000", "00442079460000"),
    ("a class denied", [], ["national"], "0143670903", None),
    ("a beginning denied", [], ["+336"], "0612345678", None),
    ("a beginning denied leaves the rest", [], ["+336"], "0143670903", "0143670903"),
    ("a country denied", ["international"], ["BE"], "+32475123456", None),
    ("a country denied leaves the others", ["international"], ["BE"], "+221338201234", "00221338201234"),
    ("deny wins over the same allowed", ["premium"], ["premium"], "0892123456", None),
    ("a beginning allowed wins over a class denied", ["+3314367"], ["national"], "0143670903", "0143670903"),
    ("a beginning denied wins over a beginning allowed", ["+33"], ["+338"], "0892123456", None),
    ("mayotte denied", [], ["YT"], "0269601234", None),
    ("internal denied", [], ["internal"], "201", None),
    ("an extension denied", [], ["201"], "201", None),
    ("an extension denied is no other", [], ["201"], "202", "202"),
]


@pytest.mark.parametrize(
    ("allow", "deny", "to", "sent"), [case[1:] for case in ALLOWED], ids=[case[0] for case in ALLOWED]
)
def test_allow_and_deny(allow: list[str], deny: list[str], to: str, sent: str | None):
    plan = DialPlan("FR", internal_digits=3, allow=allow, deny=deny)
    if sent is not None:
        assert plan.decide(to).digits == sent
        return
    with pytest.raises(NotAllowed, match=r"telephony\.(allow|deny)"):
        plan.decide(to)


@pytest.mark.parametrize(
    ("uri", "refused"),
    [
        ("sip:0892123456@trunk.example", True),
        ("sip:00892123456@trunk.example", True),
        ("sip:+33892123456@Trunk.Example:5070", True),
        ("sip:%2B33892123456@trunk.example;transport=udp", True),
        ("sip:0892123456;phone-context=x@trunk.example", True),
        ("sip:15@trunk.example", True),
        ("sip:015@trunk.example", True),
        ("sip:+3222345678@trunk.example", True),
        ("sip:00143670903@trunk.example", False),
        ("sip:0143670903@trunk.example", False),
        ("sip:201@trunk.example", False),
        ("sip:2010@trunk.example", False),
        ("sip:conference@trunk.example", False),
        ("sip:trunk.example", False),
        ("sip:15@elsewhere.example", False),
        ("sip:0899123456@192.0.2.9", True),
        ("sip:0899123456@192.0.2.17", False),
        ("sip:08991234561111@trunk.example", True),  # the network dials its beginning
        ("sip:0899123456%23@trunk.example", True),
        ("sip:0899123456,1@trunk.example", True),
        (f"sip:0{'-' * 40}899123456@trunk.example", True),
        ("sip:*310899123456@trunk.example", True),
        ("sip:*8201@trunk.example", False),
        ("sip:0899123456@[2001:db8::7]:5060", True),
        ("sip:0899123456@[2001:db8::8]", False),
    ],
)
def test_a_sip_address_is_no_way_around_by_a_gateway(uri: str, refused: bool):
    plan = DialPlan(
        "FR", internal_digits=3, outside_prefix="0", gateways=["trunk.example", "192.0.2.0/28", "2001:db8::7"]
    )
    if refused:
        with pytest.raises(NotAllowed):
            plan.decide(uri)
    else:
        dialled = plan.decide(uri)
        assert dialled.digits == uri
        assert dialled.outside is ("43670903" in uri)


@pytest.mark.parametrize(
    ("settings", "cli", "cleaned", "caller"),
    [
        ({}, "0143670903", "0143670903", "+33143670903"),
        ({}, "anonymous", "anonymous", ""),
        ({}, "201", "201", ""),
        ({}, "0262201234", "0262201234", "+262262201234"),
        ({"strip_from_cli": "0"}, "00143670903", "0143670903", "+33143670903"),
        ({"strip_from_cli": "0"}, "0003222345678", "003222345678", "+3222345678"),
        ({"strip_from_cli": "0"}, "+33143670903", "+33143670903", "+33143670903"),
        ({"strip_from_cli": "9"}, "90612345678", "0612345678", "+33612345678"),
        ({"strip_from_cli": "0"}, "", "", ""),
        ({"strip_from_cli": "0"}, "0", "0", ""),
        ({"strip_from_cli": "2", "internal_digits": 3}, "201", "201", ""),
        ({"country": "BE"}, "022345678", "022345678", "+3222345678"),
        ({"country": "SN"}, "338201234", "338201234", "+221338201234"),
        ({"country": "RE"}, "0612345678", "0612345678", "+33612345678"),
    ],
)
def test_who_calls(settings: dict[str, Any], cli: str, cleaned: str, caller: str):
    plan = DialPlan(**settings)
    assert plan.cleaned(cli) == cleaned
    assert plan.caller(cli) == caller


@pytest.mark.parametrize("entry", ["be", "Belgium", "ZZ", "3389212", "+", "+0892", "0143670903", "free", ""])
def test_what_is_no_destination_is_refused(entry: str):
    with pytest.raises(ValueError, match="no destination"):
        destination(entry)


def test_a_country_without_numbers_is_refused():
    with pytest.raises(ValueError, match="'ZZ' has no telephone numbers"):
        DialPlan("ZZ")


def settings_of(folder: Path, text: str) -> Settings:
    (folder / "server.yaml").write_text(text)
    return Settings.load(folder / "server.yaml")


def test_the_settings_say_it_all(tmp_path: Path):
    settings = settings_of(
        tmp_path,
        """
country: BE
telephony:
  internal_digits: 4
  outside_prefix: "0"
  strip_from_cli: "00"
  present_caller: false
  number: "+3222345678"
  allow: [FR, "+3290", "1722"]
  deny: ["+33899"]
""",
    )
    plan = settings.telephony.dial_plan(settings.country, ["trunk.example"])
    sent = [plan.decide(to).digits for to in ("0033143670903", "090012345", "1722", "022345678", "2010")]
    assert sent == ["00033143670903", "0090012345", "1722", "0022345678", "2010"]
    assert (plan.presents_caller, plan.number, plan.cleaned("00022345678")) == (False, "+3222345678", "022345678")
    for refused in ("0033899123456", "sip:00033899123456@trunk.example"):
        with pytest.raises(NotAllowed):
            plan.decide(refused)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("country: ZZ", "'ZZ' is not a country"),
        ("country: fr", "'fr' is not a country"),
        ("telephony: {allow: [33892]}", "telephony.allow.0"),
        ('telephony: {deny: ["Belgium"]}', "'Belgium' is no destination"),
        ("telephony: {internal_digits: 9}", "telephony.internal_digits"),
        ('telephony: {outside_prefix: "+"}', "telephony.outside_prefix"),
        ('telephony: {outside_prefix: "0", send: e164}', "leave out send, or the prefix"),
        ('telephony: {number: "anne"}', "telephony.number"),
        ("telephony: {limits: {per_day: -1}}", "telephony.limits.per_day"),
        ("telephony: {limits: {per_hour: 3}}", "per_hour"),
    ],
)
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, text: str, complaint: str):
    with pytest.raises(ConfigurationError) as refusal:
        settings_of(tmp_path, text)
    assert complaint in str(refusal.value)


@pytest.mark.parametrize("country", ["FR", "BE", "SN", "RE"])
def test_any_text_is_refused_or_dialled_as_what_it_is(country: str):
    plan, chance = DialPlan(country, internal_digits=3), Random(country)
    kinds = set()
    for _ in range(1500):
        text = "".join(chance.choices("0123456789", k=chance.randint(8, 9)))
        text = chance.choice(["0", "00", "+33", f"+{country}", "(0)", ""]) + text
        text = (
            text
            if chance.random() < 0.7
            else "".join(chance.choices("0123456789+ ().-/*#:;@é", k=chance.randint(0, 12)))
        )
        try:
            dialled = plan.decide(text)
        except NotAllowed:
            continue
        kinds.add(dialled.kind)
        if dialled.kind == "national":
            number = read(dialled.digits, country)
            assert number is not None, text
            # 0800 is the same number in all of the French plan, under whichever code.
            assert (number.e164[-9:], number.rate) == (dialled.e164[-9:], "ordinary")
        assert emergency(dialled.digits, country) == ""
    assert "national" in kinds


@pytest.mark.parametrize(
    ("house", "cli", "said"),
    [
        ("paris", "+33143670903", "0143670903"),
        ("paris", "0143670903", "0143670903"),
        ("paris", "33612345678", "0612345678"),
        ("paris", "+442071838750", "00442071838750"),
        ("brussels", "+33143670903", "0033143670903"),
        ("paris", "201", "201"),
        ("paris", "", ""),
        ("paris", "anonymous", ""),
        ("paris", "unknown31", ""),
        ("paris", "٣٣", ""),
    ],
)
def test_who_has_called_is_said_as_people_dial_it(house: str, cli: str, said: str):
    assert DialPlan(**HOUSES[house]).said(cli) == said

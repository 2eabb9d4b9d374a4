"""What strangers may put into header fields and addresses."""

import time

import pytest

from drivers.sip.reading import tightened
from drivers.sip.uri import parse_uri

START = "INVITE sip:32@192.0.2.5 SIP/2.0\r\n"


@pytest.mark.parametrize(
    "field",
    [
        f"To: a {' ' * 60_000}b ;",
        f"Via: SIP/2.0 /UDP a{' ' * 60_000}b",
        f"To: a ;b{'<' * 60_000}",
        'To: a ;"' + '\\"' * 30_000,
        f"To: a{' ' * 950}b\r\n" * 60 + "To: a ;b",
    ],
    ids=["blanks", "via", "brackets", "quotes", "many"],
)
def test_no_header_field_takes_long(field: str):
    begun = time.process_time()
    tightened(START + field)
    assert time.process_time() - begun < 0.5


def test_blanks_around_separators_go():
    head = "To: <sip:a@b> ; tag = x\r\nVia: SIP / 2.0 / UDP  192.0.2.1 : 5060 ; ; branch = y"
    assert tightened(START + head) == START + "To: <sip:a@b>;tag=x\r\nVia: SIP/2.0/UDP  192.0.2.1:5060;;branch=y"


@pytest.mark.parametrize("host", ["3221225991", "192.0.513", "0xc0000207", "192.0.2.0x7", "127.1"])
def test_an_address_in_another_form_is_no_host(host: str):
    with pytest.raises(ValueError, match="not a SIP address"):
        parse_uri(f"sip:0892123456@{host}")


@pytest.mark.parametrize("host", ["192.0.2.7", "a", "3com", "4.example", "7.example.com"])
def test_addresses_and_names_are_hosts(host: str):
    assert parse_uri(f"sip:201@{host}").host == host

"""Session descriptions that name nobody."""

from __future__ import annotations

import pytest

from drivers.pyvoip import library

library.require()

from drivers.pyvoip import media  # noqa: E402 - only after `require`

GOOD = "v=0\r\nc=IN IP4 192.0.2.7\r\nm=audio 4000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"


@pytest.mark.parametrize("host", ["999.1.1.1", "224.2.1.1", "01.2.3.4"])
def test_an_address_of_no_single_machine_is_none(host: str):
    assert media.read(GOOD.replace("192.0.2.7", host)) is None


@pytest.mark.parametrize(("number", "read"), [("101", 101), ("127", 127), ("96", 96), ("128", None), ("999", None)])
def test_a_payload_type_has_seven_bits(number: str, read: int | None):
    found = media.read(GOOD.replace("101", number))
    assert found is not None
    assert found.dtmf == read

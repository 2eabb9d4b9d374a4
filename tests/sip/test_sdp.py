"""Session descriptions without a wire: nothing but the two announced errors comes out of a stranger's text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sipua import media_of

from drivers.sip import sdp

GOOD = sdp.offer("192.0.2.1", 20000, session=7)
PIECES = st.sampled_from([*GOOD.split("\r\n"), "c=IN IP4 0.0.0.0", "a=sendonly", "m=audio 9 RTP/AVP 0 8", "m=", "c="])


@given(st.text() | st.lists(PIECES | st.text(max_size=20)).map("\r\n".join).map("v=0\r\n".__add__))
def test_any_text_is_read_or_refused(text):
    try:
        description = sdp.parse(text)
    except (sdp.SdpError, sdp.NoCommonMedia):
        return
    media_of(sdp.answer(description, "192.0.2.9", 30000, session=1))


def test_our_own_offer_is_understood():
    media = sdp.parse(GOOD).audio
    assert media == sdp.Media("192.0.2.1", 20000, "PCMA", 8, 101)
    assert not media.held


def test_our_own_answer_is_understood():
    offered = sdp.parse(GOOD.replace("8 0 101", "0 8 101"))
    answered = sdp.parse(sdp.answer(offered, "192.0.2.9", 30000, session=1)).audio
    assert answered == sdp.Media("192.0.2.9", 30000, "PCMU", 0, 101)


def test_a_number_too_long_to_be_read_is_refused():
    with pytest.raises(sdp.SdpError):
        sdp.parse(GOOD.replace("20000", "2" * 5000))


def test_the_streams_own_address_and_direction_count():
    text = GOOD.replace("a=sendrecv", "a=sendonly\r\nc=IN IP4 198.51.100.4/127")
    media = sdp.parse(text).audio
    assert (media.host, media.direction, media.held) == ("198.51.100.4", "sendonly", True)


def test_names_for_addresses_are_refused():
    with pytest.raises(sdp.NoCommonMedia, match="IPv4"):
        sdp.parse(GOOD.replace("192.0.2.1", "media.example.com"))


@pytest.mark.parametrize(
    ("formats", "rtpmap", "codec", "payload"),
    [
        ("97 0", "97 pcma/8000", "PCMA", 97),
        ("97 0", "97 PCMU/8000/1", "PCMU", 97),
        ("0 97", "97 PCMA/8000", "PCMU", 0),
        ("97 0", "97 PCMA/16000", "PCMU", 0),
        ("97 0", "97 PCMA/8000/2", "PCMU", 0),
        ("97 0", "97", "PCMU", 0),
    ],
)
def test_the_number_of_a_codec_is_the_far_ends(formats, rtpmap, codec, payload):
    text = GOOD.replace("RTP/AVP 8 0", f"RTP/AVP {formats}") + f"a=rtpmap:{rtpmap}\r\n"
    description = sdp.parse(text)
    assert (description.audio.codec, description.audio.payload) == (codec, payload)
    assert media_of(sdp.answer(description, "192.0.2.9", 30000, session=1))[1] == [payload, 101]

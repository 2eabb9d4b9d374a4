"""When it is said that something is becoming scarce, and when that there is room again."""

from __future__ import annotations

import logging

import pytest

from engine.lines.watermark import Watermark


def test_four_fifths_are_said_once_and_taken_back_below_seven_tenths(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ports = Watermark("RTP ports")

    def said(used: int) -> list[str]:
        caplog.clear()
        ports.see(used, 100)
        return caplog.messages

    assert said(79) == []
    assert said(80) == ["RTP ports: 80 of 100 are in use"]
    assert ports.high
    assert said(100) == said(70) == said(81) == []
    assert said(69) == ["RTP ports: 69 of 100 are in use, there is room again"]
    assert not ports.high
    assert said(80) == ["RTP ports: 80 of 100 are in use"]


def test_what_has_no_end_is_never_scarce(caplog: pytest.LogCaptureFixture) -> None:
    Watermark("RTP ports").see(10**6, None)
    assert caplog.messages == []

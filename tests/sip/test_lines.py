"""By which line a call would go out: what the list of channels asks before it is made."""

from __future__ import annotations

import pytest
from support.sipua import until

from drivers.sip import SipDriver
from engine.errors import NoChannel


async def test_a_number_goes_by_the_first_trunk_a_phone_by_the_phones_and_an_address_by_none() -> None:
    trunks = {"far": {"host": "127.0.0.1", "port": 9}, "second": {"host": "127.0.0.2"}}
    phones = {"users": {"201": "secret"}}
    driver = SipDriver(
        listen="127.0.0.1:0", trunks=trunks, phones=phones, rtp_ports=range(31400, 31600), media_workers=1
    )
    await driver.start(lambda _: None)
    assert driver.line_for("+33143670903") == "sip/far"
    assert driver.line_for("201") == "sip/phones"
    assert driver.line_for("sip:201@192.0.2.7") == ""
    await driver.stop()


async def test_without_a_trunk_that_is_up_there_is_no_line_for_a_number() -> None:
    trunks = {"far": {"host": "127.0.0.1", "port": 9, "options": 30.0}}
    driver = SipDriver(listen="127.0.0.1:0", trunks=trunks, rtp_ports=range(31400, 31600), media_workers=1)
    await driver.start(lambda _: None)
    await until(lambda: driver.trunks()["far"].detail)
    with pytest.raises(NoChannel, match="no trunk is up"):
        driver.line_for("0143670903")
    await driver.stop()

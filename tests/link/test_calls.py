"""Numbers that agents call from their computer."""

from __future__ import annotations

import socket
from pathlib import Path

from support.linkclient import clients
from support.linkhouse import link_house


async def test_a_number_is_called_and_connected(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (anne,):
        called = []
        house.driver.phones["0143670903"] = lambda party: (called.append(party), party.leg.accept())
        await anne.log_in("1")
        anne.send(type="call", number="0143670903", id=1)
        await anne.got(type="ok", id=1)
        connected = await anne.got(type="event", event="C")
        assert (connected["number"], connected["cli"]) == ("0143670903", "sip:1@x")
        await anne.got(type="state", state="on_call")
        called[0].hang_up()
        over = await anne.got(type="event", event="T")
        assert (over["call"], over["reason"]) == (connected["call"], "the call has ended")
        await anne.got(type="state", state="available")


async def test_events_that_follow_one_another_do_not_wait_for_acknowledgements(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port):
        (wire,) = house.agents._listener.wires
        accepted = wire._transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_number_that_may_not_be_called_is_an_event_too(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (anne,):
        await anne.log_in("1", language="fr")
        anne.send(type="call", number="0892123456")
        failed = await anne.got(type="event", event="F")
        assert failed["number"] == "0892123456"
        assert "ne peut pas être appelé" in failed["reason"]

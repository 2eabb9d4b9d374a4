"""A ticket logs its agent in once, within a minute."""

from __future__ import annotations

from pathlib import Path

from support.linkclient import clients
from support.linkhouse import link_house

from engine.server.link.limits import GUESSES
from engine.server.link.tickets import GOOD_FOR, MOST, Tickets


async def test_a_ticket_opens_a_session_once(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port, 2) as (browser, thief):
        ticket = house.agents.link.tickets.issue("2")
        browser.send(type="open", protocol=1, ticket=ticket, extension="17")
        await browser.got(event="A")
        assert house.services.centres.desk("2").phone == "17"
        thief.send(type="open", protocol=1, ticket=ticket)
        assert (await thief.got(event="B"))["reason"] == "the ticket is used or too old"
        assert house.services.centres.desk("2").session is not None


async def test_old_tickets_are_no_guesses(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, clients(house.port) as (browser,):
        for _ in range(GUESSES + 1):
            browser.send(type="open", protocol=1, ticket="old")
            await browser.got(event="B")
        await browser.log_in("1")


def test_a_ticket_is_good_for_a_minute_and_there_are_not_too_many() -> None:
    now = 0.0
    tickets = Tickets(lambda: now)
    early, late = tickets.issue("1"), tickets.issue("1")
    now = GOOD_FOR - 1
    assert tickets.redeem(early) == "1"
    now = GOOD_FOR
    assert tickets.redeem(late) is None
    first, second, *_ = [tickets.issue(str(number)) for number in range(MOST + 1)]
    assert (tickets.redeem(first), tickets.redeem(second)) == (None, "1")

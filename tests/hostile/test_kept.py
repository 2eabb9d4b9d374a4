"""Whatever is sent to the signalling, nothing of it stays there for ever."""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import asynccontextmanager

from support.hostile import BATCH, TORTURE, Deaf, mutations, request, still_answers
from support.sipua import Message, SipUa

from drivers.sip import SipDriver
from engine.lines import Cause


@asynccontextmanager
async def refusing():
    """A driver whose calls are all refused at once; `calls` counts them."""
    driver = SipDriver(listen="127.0.0.1:0", rtp_ports=range(36000, 36800), media_workers=1)
    calls = Counter()

    async def refuse(leg):
        calls[leg.info.did] += 1
        await leg.hangup(Cause.BUSY)

    await driver.start(lambda leg: driver._spawn(refuse(leg)))
    try:
        yield driver, calls
    finally:
        await driver.stop()


async def kept(driver):
    """Transactions and dialogs that wait for nothing: no timer will end them. By method, and state."""

    def look():
        endpoint = driver._endpoint
        transactions = [t.method for t in endpoint._transactions.tserver.values() if t.data is None]
        return Counter(transactions), Counter(type(d.state).__name__ for d in endpoint._talking)

    transactions, dialogs = await driver._reactor.call(look)
    waiting = {"UasStateTrying", "UasStateRinging", "Connected", "UaStateFailed", "UaStateDisconnected"}
    return transactions, {state: count for state, count in dialogs.items() if state not in waiting}


async def test_a_request_that_cannot_be_answered_is_forgotten():
    async with refusing() as (driver, calls), SipUa.open() as ua, Deaf.open() as sender:
        for number, method in enumerate(("OPTIONS", "INVITE", "REGISTER", "JUMP"), 1):
            message = request(sender, driver.address, method, number=number)
            message.headers = [(name, "<s9p:" if name == "To" else value) for name, value in message.headers]
            sender.send(message, driver.address)
            await still_answers(ua, driver.address, number)
        assert await kept(driver) == ({}, {})
        assert not calls


async def test_a_port_that_is_none_is_no_way_back():
    async with refusing() as (driver, _), SipUa.open() as ua, Deaf.open() as sender:
        message = request(sender, driver.address, "MESSAGE")
        message.headers[0] = ("Via", "SIP/2.0/UDP 127.0.0.1:5060446;branch=z9hG4bKnone")
        sender.send(message, driver.address)
        await still_answers(ua, driver.address, 1)
        assert not await driver._reactor.call(lambda: driver._endpoint._transactions.tserver)


async def test_a_response_of_a_stranger_that_nobody_awaits_is_not_even_read():
    async with refusing() as (driver, _), SipUa.open() as ua, Deaf.open("127.0.0.66") as sender:
        for number in range(BATCH):
            answer = Message("SIP/2.0 200 OK", [*request(sender, driver.address, "INVITE", number=number).headers])
            sender.send(answer, driver.address)
        await still_answers(ua, driver.address, 1)

        def known():
            transactions = driver._endpoint._transactions
            return len(transactions.l1rcache) + len(transactions.l2rcache)

        assert await driver._reactor.call(known) == 1


async def test_a_call_with_two_names_is_none():
    """RFC 4475 section 3.3.8."""
    message = next(file for file in TORTURE if file.stem == "multi01").read_bytes()
    async with refusing() as (driver, calls), SipUa.open() as ua, Deaf.open() as sender:
        sender.send(message, driver.address)
        await still_answers(ua, driver.address, 1)
        assert await kept(driver) == ({}, {})
        assert not calls


async def test_three_thousand_mutated_datagrams():
    async with refusing() as (driver, calls), SipUa.open() as ua, Deaf.open() as sender:
        datagrams = mutations(sender, driver.address, 3000, seed=4475, did="32")
        for number in itertools.count(1):
            batch = list(itertools.islice(datagrams, BATCH))
            if not batch:
                break
            for data in batch:
                sender.send(data, driver.address)
            await still_answers(ua, driver.address, number)
            ua.log.clear()
        assert calls["32"] > 50
        assert await kept(driver) == ({}, {})

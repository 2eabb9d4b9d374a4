"""Trunks over real sockets: registered, watched, and called by number."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from support.sipregistrar import Operator
from support.sipua import SipUa, until

from drivers.sip import SipDriver
from engine.errors import ConfigurationError, NoChannel, OriginateError
from engine.lines import Cause


@asynccontextmanager
async def running(**trunks):
    """A driver with these trunks; `changes` is what it was told of them."""
    changes = []
    driver = SipDriver(
        listen="127.0.0.1:0",
        allow=[],
        trunks=trunks,
        on_trunk=changes.append,
        rtp_ports=range(31400, 31600),
        media_workers=1,
    )
    driver.changes, driver.legs = changes, asyncio.Queue()
    await driver.start(driver.legs.put_nowait)
    try:
        yield driver
    finally:
        await driver.stop()


def at(peer, **options):
    return {"host": "127.0.0.1", "port": peer.port, **options}


def account(peer, **options):
    return at(peer, user="me", password="s3cret", **options)


def up(driver, name="operator"):
    return driver.trunks()[name].up


@pytest.mark.parametrize(
    ("algorithm", "proxy"), [("MD5", False), ("SHA-256", False), ("md5", True), ("sha-256", True)]
)
async def test_registered_with_a_digest_and_given_back(algorithm, proxy):
    async with Operator.open("s3cret", algorithm, proxy=proxy) as operator:
        async with running(operator=account(operator, register=True)) as driver:
            await until(lambda: up(driver))
            contact = "<sip:me@{}:{}>".format(*driver.address)
            assert operator.bindings == {contact: 300}
            assert [(change.name, change.up) for change in driver.changes] == [("operator", True)]
        assert operator.bindings == {contact: 0}
        first = operator.of("REGISTER")[0]
        assert first.start == "REGISTER sip:127.0.0.1 SIP/2.0"
        assert (first.get("User-Agent"), first.get("Server")) == ("", "")


async def test_a_wrong_password_is_told_and_not_shown(caplog):
    async with Operator.open("other") as operator, running(operator=account(operator, register=True)) as driver:
        await until(lambda: driver.changes)
        assert str(driver.changes[0]) == "down: not registered: 401 Test"
        assert "trunk operator is down" in caplog.text
        assert "s3cret" not in caplog.text + repr(driver.trunks())
        with pytest.raises(NoChannel, match="no trunk is up"):
            await driver.originate("0143670903")


async def test_watched_by_options(monkeypatch):
    monkeypatch.setattr("drivers.sip.keepalive.PATIENCE", 0.3)
    async with Operator.open("") as operator, running(operator=at(operator, options=0.2)) as driver:
        await operator.request("OPTIONS", 2)
        assert up(driver)
        operator.silent = True
        await until(lambda: not up(driver), 10)
        assert driver.trunks()["operator"].detail == "no answer to OPTIONS"
        operator.silent = False
        await until(lambda: up(driver))
        assert [change.up for change in driver.changes] == [True, False, True]


async def test_registered_again_as_soon_as_the_operator_is_back(monkeypatch):
    """It may have been started anew and know nobody."""
    monkeypatch.setattr("drivers.sip.keepalive.PATIENCE", 0.3)
    trunk = {"register": True, "options": 0.1}
    async with Operator.open("s3cret") as operator, running(operator=account(operator, **trunk)) as driver:
        await until(lambda: up(driver))
        registered = len(operator.of("REGISTER"))
        operator.silent = True
        await until(lambda: not up(driver))
        operator.silent = False
        await operator.request("REGISTER", registered + 1)
        await until(lambda: up(driver))


async def test_a_number_goes_to_the_first_trunk_that_is_up(phone, monkeypatch):
    monkeypatch.setattr("drivers.sip.keepalive.PATIENCE", 0.2)
    async with SipUa.open() as dead:
        trunks = {"first": at(dead, options=5), "second": at(phone)}
        async with running(**trunks) as driver:
            await until(lambda: driver.changes, 10)
            calling = asyncio.create_task(driver.originate("+33143670903", caller_id="+33555"))
            call = await phone.next_call(10)
            invite = call.requests[0]
            assert invite.start == f"INVITE sip:+33143670903@127.0.0.1:{phone.port} SIP/2.0"
            assert invite.get("To") == "<sip:+33143670903@127.0.0.1>"
            assert invite.get("From").startswith("<sip:+33555@127.0.0.1>;tag=")
            assert invite.get("P-Asserted-Identity") == "<sip:+33555@127.0.0.1>"
            await call.answer()
            leg = await calling
            assert (leg.info.channel, leg.info.did, leg.info.cli) == ("sip/second", "+33143670903", "+33555")
            await leg.hangup()
            await call.request("BYE")


async def test_the_number_presented_as_the_operator_wants_it(phone):
    trunk = at(phone, user="me", from_user="0033100", assert_caller=False)
    async with running(operator=trunk) as driver:
        calling = asyncio.create_task(driver.originate("3631", caller_id="+33555"))
        invite = (await phone.next_call()).requests[0]
        assert invite.get("From").startswith("<sip:0033100@127.0.0.1>")
        assert invite.get("P-Asserted-Identity") == ""
        calling.cancel()
        await asyncio.wait([calling])
        calling = asyncio.create_task(driver.originate("3631"))
        assert (await phone.next_call()).requests[0].get("From").startswith("<sip:0033100@")
        calling.cancel()
        await asyncio.wait([calling])


@pytest.mark.parametrize(("algorithm", "proxy"), [("MD5", False), ("sha-256", True)])
async def test_a_call_answers_a_challenge(algorithm, proxy):
    operating = Operator.open("s3cret", algorithm, proxy=proxy)
    async with operating as operator, running(operator=account(operator)) as driver:
        with pytest.raises(OriginateError) as caught:
            await driver.originate("0143670903", caller_id="+33555")
        assert caught.value.cause is Cause.BUSY  # what the operator says to a right password
        first, second = operator.of("INVITE")
        assert [request.method for request in operator.requests][:3] == ["INVITE", "ACK", "INVITE"]
        assert second.get("P-Asserted-Identity") == "<sip:+33555@127.0.0.1>"
        assert (first.cseq + 1, first.get("Call-ID")) == (second.cseq, second.get("Call-ID"))


async def test_a_call_withdrawn_while_it_is_challenged():
    async with Operator.open("s3cret") as operator, running(operator=account(operator)) as driver:
        operator.silent = True
        calling = asyncio.create_task(driver.originate("0143670903"))
        invite = await operator.request("INVITE")
        calling.cancel()
        await asyncio.wait([calling])
        operator.silent = False
        operator.datagram_received(invite.encode(), driver.address)
        await operator.request("ACK")
        await until(lambda: not driver._endpoint._talking)
        assert len(operator.of("INVITE")) == 2  # as it was sent and as the test has fed it


async def test_a_challenge_that_turns_stale_is_answered_once_more(monkeypatch):
    async with Operator.open("s3cret") as operator, running(operator=account(operator)) as driver:
        challenged = operator._challenged

        def hasty(message, addr):
            if len(operator.of("INVITE")) == 2:
                operator.expire_nonce()
            return challenged(message, addr)

        monkeypatch.setattr(operator, "_challenged", hasty)
        with pytest.raises(OriginateError, match="486"):
            await driver.originate("0143670903")
        assert len(operator.of("INVITE")) == 3


async def test_a_challenge_to_our_bye_is_answered(phone):
    async with running(operator=account(phone)) as driver:
        calling = asyncio.create_task(driver.originate("0143670903"))
        call = await phone.next_call()
        await call.answer()
        leg = await calling
        call.mute = True
        await leg.hangup()
        challenge = ("Proxy-Authenticate", 'Digest realm="op", nonce="n1", qop="auth", algorithm=sha-256')
        call.reply(await call.request("BYE"), 407, headers=[challenge])
        await until(lambda: [message.method for message in call.requests].count("BYE") == 2)
        again = call.requests[-1]
        assert 'username="me"' in again.get("Proxy-Authorization")
        assert again.cseq == call.requests[-2].cseq + 1
        call.reply(again, 200)


async def test_a_call_with_a_wrong_password_ends():
    async with Operator.open("other") as operator, running(operator=account(operator)) as driver:
        with pytest.raises(OriginateError, match="401") as caught:
            await driver.originate("0143670903")
        assert caught.value.cause is Cause.REJECTED
        assert "s3cret" not in str(caught.value)
        assert len(operator.of("INVITE")) == 2


async def test_everything_goes_by_the_proxy():
    async with Operator.open("s3cret") as proxy:
        trunk = {"host": "operator.invalid", "proxy": f"127.0.0.1:{proxy.port}", "user": "me", "password": "s3cret"}
        async with running(operator={**trunk, "register": True}) as driver:
            await until(lambda: up(driver))
            assert proxy.of("REGISTER")[0].start == "REGISTER sip:operator.invalid SIP/2.0"
            with pytest.raises(OriginateError, match="486"):
                await driver.originate("0143670903")
            assert proxy.of("INVITE")[0].start == "INVITE sip:0143670903@operator.invalid SIP/2.0"


async def test_a_name_that_cannot_be_looked_up_is_a_trunk_that_is_down():
    async with running(operator={"host": "operator.invalid", "options": 60}) as driver:
        await until(lambda: driver.changes)
        assert not up(driver)


async def test_a_call_waits_for_no_name_server(monkeypatch):
    async with Operator.open("") as operator:
        trunk = {"host": "localhost", "port": operator.port, "options": 60}
        async with running(operator=trunk) as driver:
            await until(lambda: up(driver))

            async def never(host):
                raise AssertionError(f"{host} looked up")

            monkeypatch.setattr("drivers.sip.watch.resolve_all", never)
            with pytest.raises(OriginateError, match="401"):
                await driver.originate("0143670903")


async def test_no_more_calls_than_channels(phone):
    async with running(operator=at(phone, channels=1)) as driver:
        calling = asyncio.create_task(driver.originate("0143670903"))
        call = await phone.next_call()
        with pytest.raises(NoChannel, match="every channel of the trunks is taken"):
            await driver.originate("0143670904")
        refused = await phone.invite("32", driver.address)
        assert (await refused.response(503)).status == 503
        assert driver.refused() == 1
        assert driver.legs.empty()
        call.reject(486)
        with pytest.raises(OriginateError):
            await calling
        await until(lambda: not any(driver.usage().values()))
        await phone.invite("32", driver.address)
        assert (await asyncio.wait_for(driver.legs.get(), 3)).info.channel == "sip/operator"


async def test_without_a_trunk_a_number_is_no_address(bench):
    with pytest.raises(ValueError, match="not a SIP address"):
        await bench.driver.originate("0143670903")


def test_a_trunk_is_not_called_phones():
    with pytest.raises(ConfigurationError, match=r"sip\.trunks\.phones"):
        SipDriver(listen="127.0.0.1:0", trunks={"phones": {"host": "127.0.0.1"}})


def test_an_account_is_needed_to_register():
    with pytest.raises(ConfigurationError, match=r"sip\.trunks\.operator\.user"):
        SipDriver(listen="127.0.0.1:0", trunks={"operator": {"host": "127.0.0.1", "register": True}})


async def test_a_trunk_under_another_name_takes_no_numbers():
    async with SipUa.open() as operator, running(operator={"host": "localhost", "port": operator.port}) as driver:
        await until(lambda: up(driver))
        with pytest.raises(OriginateError, match="is trunk operator") as refused:
            await driver.originate(f"sip:0892123456@127.0.0.1:{operator.port}")
        assert refused.value.cause is Cause.REJECTED
        for number, host in (("201", "127.0.0.1"), ("0143670903", "LOCALHOST")):
            call = asyncio.ensure_future(driver.originate(f"sip:{number}@{host}:{operator.port}"))
            (await operator.next_call()).reject(486)
            with pytest.raises(OriginateError) as busy:
                await call
            assert busy.value.cause is Cause.BUSY

"""Trunks and phones against SIPp, both sides: its digest is not ours."""

from __future__ import annotations

import asyncio
import hashlib
import re

from support.ports import free_port
from support.sipp import ended, running, sipp
from support.sipua import until

from engine.lines import Cause, Hangup


def trunk(port, **options):
    return {"host": "127.0.0.1", "port": port, "user": "me", "password": "s3cret", **options}


def registering(port):
    return running(allow=[], trunks={"operator": trunk(port, register=True)})


def phones(**options):
    return running(allow=[], phones={"users": {"201": "s3cret"}, **options})


async def test_registered_and_given_back(tmp_path):
    async with sipp(tmp_path, "uas_registrar") as operator, registering(operator.port) as driver:
        await until(lambda: driver.trunks()["operator"].up, 5)


async def test_a_registrar_that_is_particular(tmp_path):
    """423, a short registration that is refreshed at half, and a nonce that has grown stale by then."""
    async with sipp(tmp_path, "uas_registrar_strict") as operator, registering(operator.port) as driver:
        await operator.received("REGISTER ", 5)
        await until(lambda: driver.trunks()["operator"].up)
    counts = re.findall(r"nc=([0-9a-f]+)", "".join(operator.messages("received")))
    assert counts == ["00000001", "00000002", "00000003", "00000001", "00000002"]


async def test_a_registrar_with_sha_256(tmp_path):
    async with sipp(tmp_path, "uas_registrar_sha256") as operator, registering(operator.port) as driver:
        await until(lambda: driver.trunks()["operator"].up, 5)
    authorization = re.search(r"^Authorization: (.*)$", operator.messages("received")[1], re.MULTILINE)
    assert authorization is not None
    given = {
        name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,]*))', authorization[1])
    }

    def sha256(text):
        return hashlib.sha256(text.encode()).hexdigest()

    secret, request = sha256("me:operator:s3cret"), sha256("REGISTER:sip:127.0.0.1")
    proof = f"{secret}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{request}"
    assert given["response"] == sha256(proof)


async def test_watched_by_options(tmp_path, monkeypatch):
    """Answered, not answered, answered again."""
    monkeypatch.setattr("drivers.sip.keepalive.PATIENCE", 0.3)
    changes = []
    async with sipp(tmp_path, "uas_watched") as operator:
        watched = {"operator": trunk(operator.port, options=0.3)}
        async with running(trunks=watched, on_trunk=changes.append):
            await until(lambda: len(changes) == 3, 5)
    assert [change.up for change in changes] == [True, False, True]


async def test_a_call_by_a_trunk(tmp_path):
    async with (
        sipp(tmp_path, "uas_operator") as operator,
        running(trunks={"operator": trunk(operator.port)}) as driver,
    ):
        leg = await driver.call("0155512345", caller_id="+33143670903")
        assert leg.info.channel == "sip/operator"
        await leg.hangup()


async def test_a_phone_registers_and_calls(tmp_path):
    async with phones() as driver, sipp(tmp_path, "uac_phone", "-au", "201", "-ap", "s3cret", to=driver.address):
        leg = await driver.leg()
        assert (leg.info.did, leg.info.cli) == ("32", "201")
        assert driver.reaches("201")
        await leg.answer()
        assert await ended(leg) == Hangup("remote", Cause.NORMAL)


async def test_two_contacts_of_which_one_runs_out(tmp_path):
    async with phones(min_expires=2) as driver:
        async with sipp(
            tmp_path, "uac_registers", "-d", 300, "-au", "201", "-ap", "s3cret", to=driver.address
        ) as phone:
            await phone.received("SIP/2.0 200 ", 3)
            assert driver.reaches("201")
        assert not driver.reaches("201")


async def test_a_phone_with_a_wrong_password(tmp_path):
    async with phones() as driver:
        async with sipp(tmp_path, "uac_wrong_password", "-au", "201", "-ap", "guessed", to=driver.address):
            pass
        assert not driver.reaches("201")


async def test_the_challenge_for_sha_256(tmp_path):
    async with phones(algorithms=["SHA-256"]) as driver, sipp(tmp_path, "uac_challenged", to=driver.address):
        pass


async def test_a_phone_is_called_where_it_registered_from(tmp_path):
    port = free_port()
    async with phones() as driver:
        account = ("-au", "201", "-ap", "s3cret")
        async with sipp(tmp_path, "uac_registers_once", *account, to=driver.address, port=port):
            pass
        async with sipp(tmp_path, "uas_answers", port=port) as phone:
            leg = await driver.call("201", caller_id="0143670903")
            assert leg.info.channel == "sip/phones"
            await leg.hangup()
    assert "\nFrom: <sip:0143670903@" in phone.messages("received")[0]


async def test_two_phones_of_an_extension_ring_and_one_answers(tmp_path):
    async with phones() as driver:
        ports = free_port(), free_port()
        for port in ports:
            account = ("-au", "201", "-ap", "s3cret")
            async with sipp(tmp_path, "uac_registers_once", *account, to=driver.address, port=port):
                pass
        async with sipp(tmp_path, "uas_no_answer", port=ports[0]), sipp(tmp_path, "uas_answers", port=ports[1]):
            leg = await asyncio.wait_for(driver.originate("201"), 5)
            await leg.hangup()

"""`flowctl agent`: killed, cut off, and careful whom it talks to."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from support.agentclients import proxy
from support.companions import companion
from support.linkhouse import link_house, people
from support.ptycompanion import sat_before

from engine.centres.desk import AgentState

PASSWORD = {"FLOWCTL_AGENT_PASSWORD": "secret"}


async def test_an_offer_to_one_who_was_killed_goes_to_the_next_within_a_second(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path, method="sequential") as house,
        companion(tmp_path, house.port, "1", "--no-sound") as anne,
        companion(tmp_path, house.port, "2", "--no-sound") as hugo,
    ):
        for one in (anne, hugo):
            await one.got(type="state", state="available")
        house.driver.call("32", "1")
        await anne.got(type="event", event="?")
        anne.process.kill()
        killed = time.monotonic()
        await hugo.got(type="event", event="?")
        assert time.monotonic() - killed < 1
        assert house.services.centres.desk("1").state is AgentState.LOGGED_OUT


async def test_it_finds_its_server_again(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path) as house,
        proxy(house.port) as between,
        companion(tmp_path, between.port, "1", "--no-sound") as anne,
    ):
        await anne.got(type="event", event="A")
        await anne.got(type="state", state="available")
        between.cut()
        await anne.got(type="lost")
        anne.say(type="available", id=1)
        assert not (await anne.got(type="sent", id=1))["sent"]
        await anne.got(type="event", event="A")
        await anne.got(type="state", state="available")


async def test_who_is_not_let_in_again_is_told_why(tmp_path: Path) -> None:
    async with (
        link_house(tmp_path) as house,
        proxy(house.port) as between,
        companion(tmp_path, between.port, "1", "--no-sound") as anne,
        sat_before(tmp_path, between.port, "2", "--no-sound", "--language", "fr", **PASSWORD) as hugo,
    ):
        await anne.got(type="state", state="available")
        await hugo.shows("32mdisponible")
        between.cut()
        house.services.centres.apply(people(agents=0))
        assert (await anne.got(type="lost"))["why"] in ("closed", "network")
        ended = await anne.got(type="ended")
        assert (ended["why"], ended["reason"]) == ("not_let_in_again", "no agent has the code 1")
        told = "the connection was lost, and the server does not let you in again: no agent has the code 1\n"
        assert await anne.ended() == (1, told)
        await hugo.shows("\x1b[?1049l")
        await hugo.shows("le serveur ne vous laisse plus entrer : aucun agent n'a le code 2")
        assert await asyncio.wait_for(hugo.process.wait(), 10) == 1


async def test_who_is_logged_out_by_the_server_is_told_why(tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, companion(tmp_path, house.port, "1", "--no-sound") as anne:
        await anne.got(type="state", state="available")
        async with companion(tmp_path, house.port, "1", "--no-sound") as again:
            await again.got(type="event", event="A")
            assert await anne.ended() == (1, "the server has logged you out: logged in elsewhere\n")
            assert (await anne.got(type="ended"))["why"] == "logged_out"


async def test_within_tls_the_server_must_be_who_it_says_it_is(tmp_path: Path) -> None:
    files = {"certificate": tmp_path / "link.pem", "key": tmp_path / "link.key"}
    openssl = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=IP:127.0.0.1", "-out", files["certificate"], "-keyout", files["key"], stderr=-1,
    )  # fmt: skip
    await openssl.communicate()
    async with link_house(tmp_path, tls=files) as house:
        async with companion(tmp_path, house.port, "1", "--tls") as anne:
            status, errors = await anne.ended()
            assert (status, "CERTIFICATE_VERIFY_FAILED" in errors) == (2, True)
        async with companion(tmp_path, house.port, "1", "--ca", str(files["certificate"])) as anne:
            await anne.got(type="state", state="available")

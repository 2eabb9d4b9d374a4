"""Agents who call numbers, on a virtual clock."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.desktop import Desktop
from support.house import House, in_house

from drivers.virtual import Party
from engine.audio.tones import tone
from engine.call.services import Transfers
from engine.centres.calling import Refused
from engine.centres.desk import AgentState
from engine.centres.directory import Directory
from engine.centres.outgoing import Stage
from engine.centres.sessions import Sessions
from engine.lines import Capability, Cause
from engine.lines.dialling import DialPlan
from engine.lines.limits import Bounds, Limits
from engine.lines.lines import Lines

PARIS = "0143670903"


def people() -> Directory:
    agents = [
        {"code": "201", "first_name": "Anne", "password": "secret", "phone": "27"},
        {"code": "202", "first_name": "Hugo", "password": "secret", "phone": "28"},
        {"code": "203", "first_name": "Léa", "password": "secret", "phone": "29", "active": False},
        {"code": "204", "first_name": "Max", "password": "secret"},
    ]
    return Directory.model_validate({"agents": agents, "centres": [{"name": "support", "agents": ["201", "202"]}]})


def phone(after: float, talks: float | None = None) -> Callable[[Party], None]:
    """A phone that is answered `after` seconds and, if told so, hung up `talks` seconds later."""

    def ring(party: Party) -> None:
        asyncio.get_running_loop().call_later(after, party.leg.accept)
        if talks is not None:
            asyncio.get_running_loop().call_later(after + talks, party.hang_up)

    return ring


def silent(party: Party) -> None:
    """Rings."""


def busy(party: Party) -> None:
    party.hang_up(Cause.BUSY)


def play(
    root: Path, story: Callable[[House], Any], *, bounds: Bounds | None = None, **plan: Any
) -> list[dict[str, Any]]:
    """Run a story; the records of its calls. Nobody is held afterwards, and no line is up."""

    async def told(house: House) -> None:
        lines = house.services.lines
        limits = Limits(bounds or Bounds(), house.services.clock)
        house.services.lines = Lines([house.driver], lines.channels, DialPlan(internal_digits=2, **plan), limits)
        house.driver.phones = {"27": phone(1), "28": phone(1), PARIS: phone(3, talks=10)}
        await story(house)
        await house.settle()
        assert [desk.code for desk in house.services.centres.desks if desk.claim is not None] == []
        assert house.driver.usage() == {"legs": 0}
        house.services.centres.close()

    return in_house(root, {}, told, people()).records()


def test_the_agents_phone_rings_first_then_the_number_while_they_hear_it_ring(tmp_path: Path) -> None:
    anne, parties = Desktop(), []

    async def story(house: House) -> None:
        await anne.log_in(Sessions(house.services.centres), "201")
        house.driver.phones["27"] = lambda party: (parties.append(party), phone(1)(party))
        assert anne.session is not None
        anne.session.call("01 43 67 09 03")
        await asyncio.sleep(0.5)
        assert [party.answered for party in parties] == [False]
        assert house.services.centres.desk("201").state is AgentState.CONNECTING
        await asyncio.sleep(4)
        assert house.services.centres.desk("201").state is AgentState.ON_CALL
        assert house.services.centres.desk("201").calls == 0

    (record,) = play(tmp_path, story)
    assert anne.letters == "ACT"
    assert (anne.events[1].number, anne.events[1].facts.cli) == ("01 43 67 09 03", "27")
    assert anne.last.reason == "the call has ended"
    assert anne.states == ["available", "connecting", "on_call", "available"]
    assert parties[0].heard[0].clip == tone("ringback", "fr")
    # It rang from 1 to 4 s.
    assert parties[0].heard[0].until - parties[0].heard[0].at == pytest.approx(3, abs=0.01)
    assert (parties[0].leg.info.cli, record["direction"], record["agent"]) == ("+33143670903", "out", "201")
    assert (record["did"], record["cli"], record["result"]) == ("01 43 67 09 03", "27", "ended")
    assert (record["answered"], record["duration"]) == (pytest.approx(4, abs=0.01), pytest.approx(14, abs=0.01))


@pytest.mark.parametrize("number", ["+33143670903", "0033143670903", "0143670903"])
def test_a_number_may_be_written_in_every_form(tmp_path: Path, number: str) -> None:
    async def story(house: House) -> None:
        await house.calling.start("201", number, extension="28")

    (record,) = play(tmp_path, story)
    assert (record["result"], record["cli"]) == ("ended", "28")


def test_a_colleague_is_called_by_their_extension_or_their_code(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.phones["28"] = phone(1, talks=2)
        for number in ("28", "202"):
            await house.calling.start("201", number)
            await house.settle()

    assert [record["result"] for record in play(tmp_path, story)] == ["ended", "ended"]


@pytest.mark.parametrize(
    ("code", "number", "extension", "key"),
    [
        ("999", PARIS, "", "unknown"),
        ("203", PARIS, "", "not_active"),
        ("204", PARIS, "", "no_phone"),
        ("201", PARIS, "sip:27@evil", "bad_extension"),
        ("201", "sip:27@evil", "", "bad_number"),
        ("201", "", "", "bad_number"),
        ("201", "0199", "", "bad_number"),
        ("201", "0892123456", "", "not_allowed"),
        ("201", "17", "28", "not_allowed"),
        ("201", "27", "", "own_phone"),
        ("201", "201", "28", "own_phone"),
        ("201", "+33143670903", "0143670903", "own_phone"),
    ],
)
def test_what_is_refused_rings_no_phone(tmp_path: Path, code: str, number: str, extension: str, key: str) -> None:
    async def story(house: House) -> None:
        house.driver.elsewhere = house.driver.phones["27"] = pytest.fail
        with pytest.raises(Refused) as refused:
            await house.calling.start(code, number, extension=extension)
        assert refused.value.why.key == key
        assert refused.value.why.text("en") != refused.value.why.text("fr") != ""

    assert play(tmp_path, story) == []


def test_a_busy_agent_makes_no_second_call(tmp_path: Path) -> None:
    anne = Desktop()

    async def story(house: House) -> None:
        await anne.log_in(Sessions(house.services.centres), "201")
        assert anne.session is not None
        anne.session.call(PARIS)
        await asyncio.sleep(2)
        anne.session.call("28")
        await asyncio.sleep(0.1)
        assert (anne.letters, anne.last.number, anne.last.reason) == ("AF", "28", "you have another call")

    assert len(play(tmp_path, story)) == 1
    assert anne.letters == "AFCT"


@pytest.mark.parametrize(
    ("theirs", "numbers", "reason", "rang"),
    [
        (busy, phone(1), "your phone 27 could not be reached: busy", False),
        (silent, phone(1), "your phone 27 could not be reached: no answer", False),
        (None, phone(1), "your phone 27 could not be reached: no such number", False),
        (phone(1), busy, f"{PARIS} could not be reached: busy", True),
        (phone(1), silent, f"{PARIS} could not be reached: no answer", True),
        (phone(1, talks=2), silent, "you hung up", True),
    ],
)
def test_what_goes_wrong_is_told(tmp_path: Path, theirs: Any, numbers: Any, reason: str, rang: bool) -> None:
    anne, called = Desktop(), []

    async def story(house: House) -> None:
        await anne.log_in(Sessions(house.services.centres), "201")
        house.driver.phones = {PARIS: lambda party: (called.append(party), numbers(party))}
        if theirs is not None:
            house.driver.phones["27"] = theirs
        assert anne.session is not None
        anne.session.call(PARIS)

    (record,) = play(tmp_path, story)
    assert (anne.letters, anne.last.reason, bool(called)) == ("AF", reason, rang)
    assert record["result"] == ("caller_hung_up" if reason == "you hung up" else "failed")
    assert (record["reason"], record["answered"]) == (reason, None)
    assert [party.leg.alive for party in called] == [False] * rang


def test_the_agent_hangs_up_a_connected_call(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.phones |= {"27": phone(1, talks=8), PARIS: phone(3)}
        await house.calling.start("201", PARIS)

    (record,) = play(tmp_path, story)
    assert (record["result"], record["duration"]) == ("ended", pytest.approx(9, abs=0.01))


def test_a_recorded_call_says_where_its_file_is(tmp_path: Path) -> None:
    anne = Desktop()

    async def story(house: House) -> None:
        await anne.log_in(Sessions(house.services.centres), "201")
        assert anne.session is not None
        anne.session.call(PARIS, record=True)

    (record,) = play(tmp_path, story)
    assert anne.last.reason == record["recordings"][0]["file"]
    assert Path(anne.last.reason).is_absolute()
    with wave.open(anne.last.reason) as file:
        assert (file.getnchannels(), file.getnframes() / 8000) == (2, pytest.approx(10, abs=0.1))


@pytest.mark.parametrize(("second", "record"), [(False, False), (True, False), (False, True)])
def test_the_line_connects_the_two_where_the_settings_say_so(tmp_path: Path, second: bool, record: bool) -> None:
    anne = Desktop()

    async def story(house: House) -> None:
        house.services.transfers = Transfers("driver", second)
        await anne.log_in(Sessions(house.services.centres), "201")
        assert anne.session is not None
        anne.session.call(PARIS, record=record)

    (written,) = play(tmp_path, story)
    # What is recorded has to go through us.
    assert anne.letters == ("ACT" if record else "AT")
    assert written["transferred_to"] == (None if record else PARIS)
    assert written["result"] == ("ended" if record else "transferred")


def test_a_line_that_cannot_transfer_is_a_failure_that_is_told(tmp_path: Path) -> None:
    anne = Desktop()

    async def story(house: House) -> None:
        house.services.transfers = Transfers("exchange")
        await anne.log_in(Sessions(house.services.centres), "201")
        assert anne.session is not None
        anne.session.call(PARIS)

    (record,) = play(tmp_path, story)
    assert (anne.letters, record["result"]) == ("AF", "failed")


def test_limits_of_the_agent_count_calls_that_were_tried(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.driver.phones["27"] = busy
        await house.calling.start("201", PARIS)
        await house.settle()
        house.driver.phones["27"] = phone(1)
        await house.calling.start("201", PARIS)
        await house.settle()
        with pytest.raises(Refused) as refused:
            await house.calling.start("201", PARIS)
        assert "per_agent_per_day" in refused.value.why.text("en")

    assert len(play(tmp_path, story, bounds=Bounds(per_agent_per_day=1))) == 2


@pytest.mark.parametrize(("after", "letters"), [(0, "AF"), (0.5, "AF"), (2, "AF"), (6, "ACT")])
def test_a_call_can_be_withdrawn_at_any_moment(tmp_path: Path, after: float, letters: str) -> None:
    anne = Desktop()

    async def story(house: House) -> None:
        await anne.log_in(Sessions(house.services.centres), "201")
        call = await house.calling.start("201", PARIS)
        await asyncio.sleep(after)
        call.withdraw()
        await house.settle()
        assert call is house.calling.find(call.record.id)
        assert call.stage is (Stage.ENDED if letters == "ACT" else Stage.FAILED)

    (record,) = play(tmp_path, story)
    assert (anne.letters, anne.last.reason, record["reason"]) == (letters, *["the call was withdrawn"] * 2)


def test_a_server_that_stops_begins_no_call_and_lets_this_one_end(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        first = await house.calling.start("201", PARIS)
        stopping = asyncio.create_task(house.server.stop(30))
        await asyncio.sleep(1)
        with pytest.raises(Refused) as refused:
            await house.calling.start("202", PARIS)
        assert refused.value.why.key == "server_stops"
        await stopping
        assert first.stage is Stage.ENDED

    (record,) = play(tmp_path, story)
    assert record["result"] == "ended"


def test_a_server_that_waits_no_longer_says_so(tmp_path: Path) -> None:
    anne = Desktop()

    async def story(house: House) -> None:
        await anne.log_in(Sessions(house.services.centres), "201")
        await house.calling.start("201", PARIS)
        await asyncio.sleep(6)
        await house.server.stop(1)

    (record,) = play(tmp_path, story)
    assert (anne.letters, anne.last.reason) == ("ACT", "the server stops")
    assert record["reason"] == "the server stops"


def test_what_was_left_of_a_rest_goes_on_after_a_call(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        centres = house.services.centres
        desk = centres.desk("201")
        desk.free(rest=60)
        await house.calling.start("201", PARIS)
        await house.settle()
        assert desk.state is AgentState.WRAP_UP
        assert 40 < desk.rest <= 50

    play(tmp_path, story)


def test_the_first_line_that_can_connect_two_makes_the_call(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        class Deaf(type(house.driver)):
            name = "deaf"
            capabilities = frozenset({Capability.ORIGINATE})

        old = house.services.lines
        house.services.lines = Lines([Deaf(), house.driver], old.channels, old.plan)
        await house.calling.start("201", PARIS)

    (record,) = play(tmp_path, story)
    assert record["channel"].startswith("virtual/")


@pytest.mark.parametrize("gap", [-0.001, -2e-6, -1e-6, 0.0, 1e-6, 2e-6, 0.001])
@pytest.mark.parametrize("who", ["agent", "number", "withdrawn", "server"])
@pytest.mark.parametrize("moment", [1, 4])
def test_whoever_leaves_as_a_phone_is_answered_leaves_nothing_behind(
    tmp_path: Path, moment: int, who: str, gap: float
) -> None:
    """The agent's phone is answered at 1 s, the number's at 4 s."""

    async def story(house: House) -> None:
        rung: list[Party] = []
        house.driver.phones["27"] = lambda party: (rung.append(party), phone(1)(party))
        house.driver.phones[PARIS] = lambda party: (rung.append(party), phone(3)(party))
        call = await house.calling.start("201", PARIS, record=True)
        await asyncio.sleep(moment + gap)
        match who:
            case "agent":
                rung[0].hang_up()
            case "number":
                rung[-1].hang_up()
            case "withdrawn":
                call.withdraw()
            case _:
                await house.server.stop(0)
        await house.settle()
        assert call.over
        assert not [party for party in rung if party.leg.alive]

    (record,) = play(tmp_path, story)
    assert record["agent"] == "201"


@pytest.mark.parametrize("second", [False, True])
def test_an_agent_who_is_called_by_their_code_has_this_call_and_no_other(tmp_path: Path, second: bool) -> None:
    """`second`: by a transfer with a second channel; they are free when the line has connected the two."""

    async def story(house: House) -> None:
        house.services.transfers = Transfers("driver", second=True) if second else Transfers("bridge")
        house.driver.phones["28"] = phone(2, talks=5)
        sessions = Sessions(house.services.centres)
        _, hugo = [await Desktop().log_in(sessions, code) for code in ("201", "202")]
        call = await house.calling.start("201", "202")
        await asyncio.sleep(2)
        assert house.services.centres.available("support") == []
        await asyncio.sleep(10)
        assert call.over
        busy_with = ["available", "connecting"] if second else ["available", "connecting", "on_call"]
        assert hugo.states == [*busy_with, "available"]

    play(tmp_path, story)


@pytest.mark.parametrize("method", ["bridge", "driver"])
def test_an_agent_who_has_a_call_is_busy_for_another(tmp_path: Path, method: Any) -> None:
    async def story(house: House) -> None:
        house.services.transfers = Transfers(method)
        house.driver.phones["28"] = lambda party: pytest.fail("their phone rings")
        centres = house.services.centres
        await centres.claim(centres.desk("202"), "another")
        anne = await Desktop().log_in(Sessions(centres), "201")
        await house.calling.start("201", "202")
        await asyncio.sleep(3)
        assert (anne.letters, anne.last.reason) == ("AF", "202 could not be reached: busy")
        await centres.release(centres.desk("202"))

    play(tmp_path, story)


def test_who_stands_in_for_an_agent_does_not_call_themselves(tmp_path: Path) -> None:
    """The colleague is not there: their phone rings all the same, as it does for a caller without a substitute."""

    async def story(house: House) -> None:
        people_now = people()
        agents = [people_now.agents[0], people_now.agents[1].model_copy(update={"substitute": "201"})]
        house.services.centres.apply(people_now.model_copy(update={"agents": [*agents, *people_now.agents[2:]]}))
        await Desktop().log_in(Sessions(house.services.centres), "201")
        call = await house.calling.start("201", "202")
        assert call.wanted.address == "28"
        call.withdraw()

    play(tmp_path, story)


@pytest.mark.parametrize("who", ["201", "202"])
def test_whose_phone_passes_the_other_on_is_free(tmp_path: Path, who: str) -> None:
    """And keeps what they are given next when the first call is over."""

    async def story(house: House) -> None:
        parties: dict[str, Party] = {}

        def answered(code: str) -> Callable[[Party], None]:
            def ring(party: Party) -> None:
                parties[code] = party
                phone(1, talks=10)(party)

            return ring

        house.driver.phones |= {"27": answered("201"), "28": answered("202")}
        sessions, centres = Sessions(house.services.centres), house.services.centres
        for code in ("201", "202"):
            await Desktop().log_in(sessions, code)
        call = await house.calling.start("201", "202")
        await asyncio.sleep(3)
        assert call.stage is Stage.CONNECTED
        parties[who].leg.passed_on.set()
        await asyncio.sleep(0.1)
        assert [desk.code for desk in centres.available("support")] == [who]
        assert await centres.claim(centres.desk(who), "another")
        await asyncio.sleep(20)
        assert call.over
        assert [desk.code for desk in centres.desks if desk.claim is not None] == [who]
        await centres.release(centres.desk(who))

    play(tmp_path, story)

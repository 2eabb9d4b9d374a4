"""Agents, callers and telephones of a house on a virtual clock, as a simple model knows them, and what must be so
whenever everything has come to rest."""

from __future__ import annotations

import asyncio
import functools
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.house import House
from support.watched import Caller, Phone, Watched

from engine.centres.claims import Claim, LocalClaims
from engine.centres.desk import AgentState, Desk
from engine.centres.directory import Directory
from engine.centres.sessions import Sessions
from engine.clock import VirtualLoop
from engine.scenario.reload import ScenarioStore

LINGER, TIMEOUT = 30.0, 100.0

SEARCH = """
format: 1
name: search{did}
voice: en
did: ["{did}"]
start: find
nodes:
  find:
    type: agent_search
    centre: {centre}
    method: {method}
    timeout: 100s
    priority: {priority}
{more}    on: {{transferred: end, nobody: end, timeout: end, key: end, full: end}}
"""

DIRECT = """
format: 1
name: direct
voice: en
did: ["17"]
start: connect
nodes:
  connect: {type: bridge, to: "2", on: {ended: end, busy: end, no_answer: end, rejected: end, failed: end}}
"""

SEARCHES: dict[str, dict[str, Any]] = {
    "11": {"centre": "a", "method": "broadcast", "priority": 0, "more": '    exit_keys: ["9"]\n'},
    "12": {"centre": "b", "method": "broadcast", "priority": 5, "more": '    whisper: [{say: "a call"}]\n'},
    "13": {"centre": "a", "method": "sequential", "priority": 0, "more": ""},
    "14": {"centre": "b", "method": "sequential", "priority": 3, "more": "    max_waiting: 3\n"},
    "15": {"centre": "a", "method": "broadcast", "priority": 1, "more": "    connect: transfer\n"},
    "16": {"centre": "b", "method": "sequential", "priority": 0, "more": '    exit_keys: ["9"]\n'},
}

CODES = "12345"
AT_REST = 1e-7
"""Seconds in which everything that can happen now has happened."""


@functools.cache
def scenarios() -> ScenarioStore:
    with tempfile.TemporaryDirectory() as folder:
        for did, search in SEARCHES.items():
            (Path(folder) / f"{did}.yaml").write_text(SEARCH.format(did=did, **search))
        (Path(folder) / "17.yaml").write_text(DIRECT)
        store = ScenarioStore(Path(folder))
        asyncio.run(store.load())
    return store


class CallWorld:
    """Agents 1, 2 and 3 log in; 4 and 5 have only a telephone. Whoever drives it does deeds, each at a moment of its
    own, and lets time pass between."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.loop = VirtualLoop()
        self.failures: list[str] = []
        self.loop.set_exception_handler(lambda _, context: self.failures.append(repr(context)))
        self.watch_log = _Errors(self.failures)
        logging.getLogger("flowctl").addHandler(self.watch_log)
        self.callers: dict[str, Caller] = {}
        self.desktops: dict[str, Watched] = {}
        self.unavailable: set[str] = set()
        self.kept: dict[str, float] = {}
        """Who lost their connection → until when what they have said is kept."""
        self.agents = {code: {"code": code, "phone": f"sip:{code}@x", "active": True} for code in CODES}
        for code in "123":
            self.agents[code]["login"] = "required"
        self.centres = {"a": ["1", "2", "4"], "b": ["2", "3", "5"]}

    async def _open(self) -> None:
        self.house = House(Path(self.folder.name), self._directory(), store=scenarios())
        await self.house.server.start()
        self.sessions = Sessions(self.house.services.centres, linger=LINGER)
        self.phones = {code: Phone(code, self._rings, self._is_direct) for code in CODES}
        self.house.driver.phones = {f"sip:{code}@x": phone for code, phone in self.phones.items()}

    def _directory(self) -> Directory:
        named = [
            {"name": name, "agents": [c for c in members if c in self.agents], "answer_delay": "3s",
             "wrap_up": self.wrap_up, "screen_pop": "https://x/{caller}"}
            for name, members in self.centres.items()
        ]  # fmt: skip
        return Directory.model_validate({"agents": list(self.agents.values()), "centres": named})

    def _desk(self, code: str) -> Desk | None:
        return self.house.services.centres.desk(code)

    def _do(self, when: tuple[float, int], deed: Callable[[], object]) -> None:
        """Do it so many seconds and turns of the loop from now."""

        def turn(left: int) -> None:
            if left:
                self.loop.call_soon(turn, left - 1)
            else:
                deed()

        self.loop.call_later(when[0], turn, when[1])

    def _live(self) -> list[Caller]:
        return [caller for caller in self.callers.values() if caller.party.leg.alive]

    # Who is asked when

    def _asked(self, code: str, call: str) -> None:
        caller = self.callers[call]
        now = self.loop.time()
        overtaken = [
            other for other in self.callers.values()
            if other.idle and other.party.leg.alive and now < other.until and other.rank < caller.rank
            and code in self.centres[other.centre] and code not in other.asked and other.method == "sequential"
        ]  # fmt: skip
        assert not overtaken, f"{code} is asked for {caller}, before {overtaken}"
        caller.asked.add(code)
        caller.idle = False

    def _caller(self, cli: str) -> Caller | None:
        return next((c for c in self.callers.values() if cli and cli.endswith(f"1436{c.number:05}")), None)

    def _is_direct(self, cli: str) -> bool:
        caller = self._caller(cli)
        return caller is not None and caller.method == "direct"

    def _rings(self, code: str, cli: str) -> None:
        caller = self._caller(cli)
        # None: the line connects the two.
        if caller is not None and caller.method != "direct" and not self._takers(caller):
            self._asked(code, caller.id)

    # What must be so

    def pass_time(self, seconds: float) -> None:
        """So many seconds, then everything is looked at."""
        self.loop.run_until_complete(asyncio.sleep(seconds + AT_REST))
        assert not self.failures, "\n".join(self.failures)
        for code in [code for code, until in self.kept.items() if until <= self.loop.time()]:
            del self.kept[code]
            if code not in self.desktops:
                self.unavailable.discard(code)
        self._one_agent_one_call()
        for desktop in self.desktops.values():
            self._knows_its_state(desktop)
            self._is_shown_what_waits(desktop)
        self._nobody_waits_for_nothing()

    def _takers(self, caller: Caller) -> list[Claim]:
        """Also those who are in the directory no more."""
        claims = self.house.services.centres._claims
        assert isinstance(claims, LocalClaims)
        return [claim for claim in claims._agents.values() if claim.call == caller.id]

    def _one_agent_one_call(self) -> None:
        live = {caller.id for caller in self._live()}
        for caller in self.callers.values():
            cli = f"1436{caller.number:05}"
            talking = [p for phone in self.phones.values() for p in phone.live if p.leg.info.cli.endswith(cli)]
            assert len([party for party in talking if party.answered]) <= 1, "a call with two agents"
            assert len(self._takers(caller)) <= 1
        for desk in self.house.services.centres.desks:
            if desk.claim is not None:
                assert live, f"{desk.code} is held by nobody"
                assert desk.claim.call is None or desk.claim.call in live

    def _knows_its_state(self, desktop: Watched) -> None:
        desk = self._desk(desktop.code)
        assert desk is not None
        assert desk.session is desktop.session
        assert desktop.state == desk.state.value
        if desk.claim is None and desk.state is not AgentState.WRAP_UP:
            assert (desk.state is AgentState.UNAVAILABLE) == (desktop.code in self.unavailable), desk.state

    def _is_shown_what_waits(self, desktop: Watched) -> None:
        desk = self._desk(desktop.code)
        assert desk is not None
        for call, shown in desktop.calls.items():
            assert call in self.callers
            taken = bool(self._takers(self.callers[call]))
            assert self.callers[call].party.leg.alive, f"{desktop.code} still sees {call}, which is over"
            assert (shown == "hidden") == taken, f"{desktop.code} sees {call} {shown}"
        for caller in self._live():
            wanted = caller.method == "broadcast" and not self._takers(caller)
            if wanted and desk.available and desktop.code in self.centres[caller.centre]:
                assert desktop.calls.get(caller.id) == "shown", f"{desktop.code} does not see {caller.id}"

    def _nobody_waits_for_nothing(self) -> None:
        for caller in self._live():
            ringing = any(
                p.leg.info.cli.endswith(f"1436{caller.number:05}") for f in self.phones.values() for p in f.live
            )
            asking = any(desktop.calls.get(caller.id) == "asked" for desktop in self.desktops.values())
            caller.idle = not (self._takers(caller) or ringing or asking)
            if not caller.idle or caller.method != "sequential":
                continue
            for code in set(self.centres[caller.centre]) - caller.asked:
                desk = self._desk(code)
                assert desk is None or not desk.available, f"{code} is free, and {caller.id} waits"

    def close(self) -> None:
        """The callers hang up; nothing is left then."""
        try:
            if hasattr(self, "house"):
                self.loop.run_until_complete(self._end())
                assert not self.failures, "\n".join(self.failures)
        finally:
            logging.getLogger("flowctl").removeHandler(self.watch_log)
            self.loop.close()
            self.folder.cleanup()

    async def _end(self) -> None:
        await asyncio.sleep(4)
        for caller in self._live():
            caller.party.hang_up()
        await asyncio.sleep(40)
        assert self.house.server.calls == 0
        assert not self.house.driver._legs, [(leg.info, leg.answered) for leg in self.house.driver._legs]
        assert all(desk.claim is None for desk in self.house.services.centres.desks)
        assert not any(desktop.calls for desktop in self.desktops.values())
        await self.house.server.stop(0)
        self.house.services.centres.close()
        await asyncio.sleep(AT_REST)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        timers = [handle for handle in self.loop._scheduled if not handle.cancelled()]
        assert not timers, timers


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self, failures: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._failures = failures

    def emit(self, record: logging.LogRecord) -> None:
        self._failures.append(self.format(record))

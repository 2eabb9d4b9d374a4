"""Agents, callers and telephones that do anything at any moment, on a virtual clock, against a simple model."""

from __future__ import annotations

import asyncio
import functools
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.house import House
from support.watched import Caller, Phone, Watched

from engine.centres.desk import AgentState, Desk
from engine.centres.directory import Directory
from engine.centres.sessions import Sessions
from engine.clock import VirtualLoop
from engine.lines import Cause
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
def _scenarios() -> ScenarioStore:
    with tempfile.TemporaryDirectory() as folder:
        for did, search in SEARCHES.items():
            (Path(folder) / f"{did}.yaml").write_text(SEARCH.format(did=did, **search))
        store = ScenarioStore(Path(folder))
        asyncio.run(store.load())
    return store


codes = st.sampled_from(CODES)
moments = st.tuples(st.sampled_from([0, 0, 0, 1, 3]), st.integers(0, 9))
"""Seconds from now, and turns of the event loop after that: 1 s is when phones are answered, 3 s the answer delay."""


class CallCentre(RuleBasedStateMachine):
    """Agents 1, 2 and 3 log in; 4 and 5 have only a telephone. Each deed is done at a moment of its own; time passes
    between, and everything is looked at when it has come to rest."""

    def __init__(self) -> None:
        super().__init__()
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

    @initialize(substitute=st.sampled_from(["", "1", "3", "4"]), wrap_up=st.sampled_from(["0s", "3s"]))
    def open(self, substitute: str, wrap_up: str) -> None:
        _scenarios()
        self.wrap_up = wrap_up
        if substitute:
            self.agents["2"]["substitute"] = substitute
        self.loop.run_until_complete(self._open())
        for code in "12":
            self.log_in(code)

    async def _open(self) -> None:
        self.house = House(Path(self.folder.name), self._directory(), store=_scenarios())
        await self.house.server.start()
        self.sessions = Sessions(self.house.services.centres, linger=LINGER)
        self.phones = {code: Phone(code, self._rings) for code in CODES}
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

    # Agents

    @rule(code=codes)
    def log_in(self, code: str) -> None:
        self.loop.run_until_complete(self._log_in(code))

    async def _log_in(self, code: str) -> None:
        desktop = Watched(code, self._asked)
        desktop.session = await self.sessions.open(code, None, "", desktop.receive)
        if desktop.session is None:
            return
        before = self.desktops.get(code)
        if before is not None:
            assert before.closed
        elif self.kept.pop(code, 0) < self.loop.time():
            self.unavailable.discard(code)
        self.desktops[code] = desktop

    @rule(code=codes, when=moments, lost=st.booleans())
    def log_out(self, code: str, when: tuple[float, int], lost: bool) -> None:
        desktop = self.desktops.get(code)

        def close() -> None:
            if desktop is None or desktop.session is None or not desktop.session.open:
                return
            del self.desktops[code]
            desktop.session.close(linger=LINGER if lost else 0)
            desktop.closed = True
            if lost:
                self.kept[code] = self.loop.time() + LINGER
            else:
                self.unavailable.discard(code)

        self._do(when, close)

    @rule(code=codes, when=moments, there=st.booleans())
    def says(self, code: str, when: tuple[float, int], there: bool) -> None:
        desktop = self.desktops.get(code)

        def say() -> None:
            if desktop is None or desktop.session is None or not desktop.session.open:
                return
            if there:
                desktop.session.be_available()
                self.unavailable.discard(code)
            else:
                desktop.session.be_unavailable("lunch")
                self.unavailable.add(code)

        self._do(when, say)

    @precondition(lambda self: any(desktop.calls for desktop in self.desktops.values()))
    @rule(data=st.data(), when=moments, accept=st.sampled_from([True, True, False]))
    def answers(self, data: st.DataObject, when: tuple[float, int], accept: bool) -> None:
        shown = [(desktop, call) for desktop in self.desktops.values() for call in desktop.calls]
        desktop, call = data.draw(st.sampled_from(shown))
        assert desktop.session is not None
        self._do(when, lambda: (desktop.session.accept if accept else desktop.session.reject)(call))

    @rule(
        code=codes,
        answers=st.sampled_from([0, 1, 1, 5, None]),
        fails=st.sampled_from([None, None, Cause.BUSY, Cause.REJECTED]),
    )
    def phone(self, code: str, answers: float | None, fails: Cause | None) -> None:
        self.phones[code].answers, self.phones[code].fails = answers, fails

    @rule(code=codes, when=moments)
    def agent_hangs_up(self, code: str, when: tuple[float, int]) -> None:
        self._do(when, lambda: [party.hang_up() for party in self.phones[code].live])

    @rule(code=codes, what=st.sampled_from(["active", "gone", "a", "b"]), when=moments)
    def directory_changes(self, code: str, what: str, when: tuple[float, int]) -> None:
        def change() -> None:
            if what == "gone":
                if code in self.agents and all(a.get("substitute") != code for a in self.agents.values()):
                    self.gone = self.agents.pop(code)
                elif code not in self.agents and self.gone["code"] == code:
                    self.agents[code] = self.gone
            elif what == "active" and code in self.agents:
                self.agents[code]["active"] = not self.agents[code]["active"]
            elif what in self.centres:
                members = self.centres[what]
                members.remove(code) if code in members else members.append(code)
            self.house.services.centres.apply(self._directory())
            if code not in self.agents or not self.agents[code]["active"]:
                self.unavailable.discard(code)
                self.kept.pop(code, None)
                left = self.desktops.pop(code, None)
                assert left is None or left.closed

        self._do(when, change)

    # Callers

    @rule(did=st.sampled_from(sorted(SEARCHES)), when=moments)
    def calls(self, did: str, when: tuple[float, int]) -> None:
        search = SEARCHES[did]

        def call() -> None:
            number = len(self.callers) + 1
            party = self.house.driver.call(did, f"01436{number:05}")
            until = self.loop.time() + TIMEOUT
            caller = Caller(party, number, search["centre"], search["method"], search["priority"], until)
            self.callers[caller.id] = caller

        self._do(when, call)

    @precondition(lambda self: self._live())
    @rule(data=st.data(), when=moments, key=st.booleans())
    def caller_leaves(self, data: st.DataObject, when: tuple[float, int], key: bool) -> None:
        party = data.draw(st.sampled_from(self._live())).party
        self._do(when, (lambda: party.press("9")) if key else party.hang_up)

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

    def _rings(self, code: str, cli: str) -> None:
        caller = next((c for c in self.callers.values() if cli and cli.endswith(f"1436{c.number:05}")), None)
        if caller is not None and not self._takers(caller):  # None: the line connects the two
            self._asked(code, caller.id)

    # Time

    @rule(seconds=st.sampled_from([0, 0, 0.5, 1, 1, 2, 3, 10, 31, 101]))
    def time_passes(self, seconds: float) -> None:
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

    def _takers(self, caller: Caller) -> list[Desk]:
        return [d for d in self.house.services.centres.desks if d.claim is not None and d.claim.call == caller.id]

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

    def teardown(self) -> None:
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


TestCallCentre = CallCentre.TestCase
TestCallCentre.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)

"""Agents, callers and telephones that do anything at any moment, on a virtual clock, against a simple model."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from support.callworld import CODES, LINGER, SEARCHES, TIMEOUT, CallWorld, scenarios
from support.watched import Caller, Watched

from engine.lines import Cause

codes = st.sampled_from(CODES)
moments = st.tuples(st.sampled_from([0, 0, 0, 1, 3]), st.integers(0, 9))
"""Seconds from now, and turns of the event loop after that: 1 s is when phones are answered, 3 s the answer delay."""


class CallCentre(CallWorld, RuleBasedStateMachine):
    """Each deed is done at a moment of its own; time passes between."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        CallWorld.__init__(self)

    @initialize(substitute=st.sampled_from(["", "1", "3", "4"]), wrap_up=st.sampled_from(["0s", "3s"]))
    def open(self, substitute: str, wrap_up: str) -> None:
        scenarios()
        self.wrap_up = wrap_up
        if substitute:
            self.agents["2"]["substitute"] = substitute
        self.loop.run_until_complete(self._open())
        for code in "12":
            self.log_in(code)

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

    @rule(when=moments)
    def calls_agent_2(self, when: tuple[float, int]) -> None:
        def call() -> None:
            number = len(self.callers) + 1
            caller = Caller(self.house.driver.call("17", f"01436{number:05}"), number, "", "direct", 0, 0)
            self.callers[caller.id] = caller

        self._do(when, call)

    @precondition(lambda self: self._live())
    @rule(data=st.data(), when=moments, key=st.booleans())
    def caller_leaves(self, data: st.DataObject, when: tuple[float, int], key: bool) -> None:
        party = data.draw(st.sampled_from(self._live())).party
        self._do(when, (lambda: party.press("9")) if key else party.hang_up)

    # Time

    @rule(seconds=st.sampled_from([0, 0, 0.5, 1, 1, 2, 3, 10, 31, 101]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(seconds)

    def teardown(self) -> None:
        self.close()


TestCallCentre = CallCentre.TestCase
TestCallCentre.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)

"""What each agent does, one interval after the other."""

from __future__ import annotations

import asyncio

from engine.centres.chronicle import Chronicle, StateFact
from engine.centres.desk import AgentState, Desk


class Diary:
    """Told of every change, it looks when whatever changes an agent is done with it: what an agent is between two
    statements is nothing that they do."""

    def __init__(self, chronicle: Chronicle) -> None:
        self._chronicle = chronicle
        self._open: dict[str, StateFact] = {}
        """What agents do now, by their codes. Nobody who is logged out is there."""
        self._changed: dict[str, Desk] = {}
        self._closed = False

    def changed(self, desk: Desk) -> None:
        """The agent may do something else now."""
        if not self._changed and not self._closed:
            asyncio.get_running_loop().call_soon(self._look)
        self._changed[desk.code] = desk

    def close(self) -> None:
        """The server stops."""
        self._look()
        self._closed = True
        for code in tuple(self._open):
            self._end(code)

    def _look(self) -> None:
        changed, self._changed = self._changed, {}
        for desk in () if self._closed else changed.values():
            self._note(desk)

    def _note(self, desk: Desk) -> None:
        state, work = desk.state, desk.work
        reason = desk.unavailable or "" if state is AgentState.UNAVAILABLE else ""
        now = (state.value, reason, work.call, work.centre)
        before = self._open.get(desk.code)
        if before is not None:
            if (before.state, before.reason, before.call, before.centre) == now:
                return
            self._end(desk.code)
        if state is not AgentState.LOGGED_OUT:
            fact = StateFact(agent=desk.code, state=now[0], reason=reason, call=work.call, centre=work.centre)
            self._open[desk.code] = fact
            self._chronicle.begins(fact)

    def _end(self, code: str) -> None:
        fact = self._open.pop(code)
        fact.duration = fact.elapsed()
        self._chronicle.over(fact)

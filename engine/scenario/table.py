"""Which scenario answers a called number: the exact number, then the longest pattern, then `*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.scenario.compile import CompiledScenario

ANY = "*"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A DID that two scenarios claim; the first one has it."""

    did: str
    first: CompiledScenario
    second: CompiledScenario


class DidTable:
    """Immutable. Build another one and swap the reference to change what is in service."""

    def __init__(self, scenarios: Iterable[CompiledScenario] = ()) -> None:
        """The order decides who has a DID that is claimed twice; see `conflicts`."""
        self.scenarios = tuple(scenarios)
        self.conflicts: list[Conflict] = []
        claimed: dict[str, CompiledScenario] = {}
        for scenario in self.scenarios:
            for did in scenario.scenario.did:
                first = claimed.setdefault(did, scenario)
                if first is not scenario:
                    self.conflicts.append(Conflict(did, first, scenario))
        self._exact = {did: scenario for did, scenario in claimed.items() if not did.endswith(ANY)}
        patterns = [(did[:-1], scenario) for did, scenario in claimed.items() if did.endswith(ANY)]
        # "*" is the pattern with nothing before the star, so it comes last.
        self._patterns = sorted(patterns, key=lambda pair: -len(pair[0]))

    def __len__(self) -> int:
        """How many scenarios are in service."""
        return len(self.scenarios)

    def find(self, did: str) -> CompiledScenario | None:
        """The scenario for a called number, as the line presents it; None when nobody answers it."""
        exact = self._exact.get(did)
        if exact is not None:
            return exact
        return next((scenario for prefix, scenario in self._patterns if did.startswith(prefix)), None)

"""Which scenario answers a called number: the exact number, then the longest pattern, then `*`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.scenario.compile import CompiledScenario

ANY = "*"


@dataclass(frozen=True, slots=True)
class Conflict:
    """A DID that two scenarios claim; `first` has it."""

    did: str
    first: CompiledScenario
    second: CompiledScenario


class DidTable:
    """Immutable. Build another one and swap the reference to change what is in service."""

    def __init__(self, scenarios: Iterable[CompiledScenario] = (), before: DidTable | None = None) -> None:
        """A DID that is claimed twice stays with the file that had it in the table `before`; without one, it goes
        to the first in order. See `conflicts`."""
        self.scenarios = tuple(scenarios)
        self.conflicts: list[Conflict] = []
        claims: dict[str, list[CompiledScenario]] = {}
        for scenario in self.scenarios:
            for did in dict.fromkeys(scenario.scenario.did):
                claims.setdefault(did, []).append(scenario)
        held = {} if before is None else {did: holder.path for did, holder in before._holders.items()}
        self._holders: dict[str, CompiledScenario] = {
            did: next((claim for claim in claiming if claim.path == held.get(did)), claiming[0])
            for did, claiming in claims.items()
        }
        for did, claiming in claims.items():
            holder = self._holders[did]
            self.conflicts += [Conflict(did, holder, claim) for claim in claiming if claim is not holder]
        self._exact = {did: scenario for did, scenario in self._holders.items() if not did.endswith(ANY)}
        patterns = [(did[:-1], scenario) for did, scenario in self._holders.items() if did.endswith(ANY)]
        # "*" is the pattern with nothing before the star, so it comes last.
        self._patterns = sorted(patterns, key=lambda pair: -len(pair[0]))

        self.by_name = {scenario.name: scenario for scenario in reversed(self.scenarios)}
        """Scenarios by name; of two with one name, the first."""

    def __len__(self) -> int:
        """How many scenarios are in service."""
        return len(self.scenarios)

    def find(self, did: str) -> CompiledScenario | None:
        """The scenario for a called number, as the line presents it; None when nobody answers it."""
        exact = self._exact.get(did)
        if exact is not None:
            return exact
        return next((scenario for prefix, scenario in self._patterns if did.startswith(prefix)), None)

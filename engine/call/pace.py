"""How fast a call goes from node to node."""

from __future__ import annotations

from dataclasses import dataclass

MAX_STEPS_A_SECOND = 300
"""Nodes that one call may enter within a second: the last defence against a scenario that runs in circles."""


@dataclass(slots=True)
class Pace:
    """How many nodes a call has entered within the present second, those of sub-scenarios too."""

    steps: int = 0
    second: int = -1

    def step(self, elapsed: float) -> int:
        """Count one node, `elapsed` seconds after the call began."""
        if self.second != (now := int(elapsed)):
            self.steps, self.second = 0, now
        self.steps += 1
        return self.steps

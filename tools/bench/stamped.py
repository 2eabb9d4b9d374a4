"""`flowctl` that writes down when calls begin to look for an agent: `python -m tools.bench.stamped FILE serve …`.

A line a call: its id, and CLOCK_MONOTONIC in seconds, which all processes of a machine share.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine.centres.centres import Centres
from engine.centres.offer import Offer
from engine.centres.queue import Ticket


def main() -> None:
    """Entry point."""
    stamps = Path(sys.argv.pop(1)).open("w", buffering=1)  # noqa: SIM115 - as long as the process
    join = Centres.join

    def stamped(self: Centres, ticket: Ticket, offer: Offer) -> None:
        stamps.write(f"{offer.facts.call} {time.monotonic()}\n")
        join(self, ticket, offer)

    Centres.join = stamped  # type: ignore[method-assign]
    from tools.flowctl.main import main as flowctl

    flowctl()


if __name__ == "__main__":
    main()

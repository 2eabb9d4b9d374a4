"""`flowctl` that tells on SIGUSR2 what it holds: `served(…, program=PROBED)`, then `held(server)`.

Resident memory says little about a leak: what was once needed stays with the allocator, in pieces. Blocks and octets
in use are exact, once the collector has been through everything.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from support.served import Served

PROBED = (sys.executable, __file__)


@dataclass(frozen=True)
class Held:
    """Of the server's own process, but for what is below `usage`."""

    blocks: int
    """Objects, and other pieces of memory that Python has asked for, in use."""
    octets: int
    """Of the larger pieces (more than 512 octets each) and of libraries, in use."""
    threads: int
    """But for those of the pool for blocking work, which grows as it is used, up to a limit."""
    tasks: int
    signalling: dict[str, int]
    """Transactions, dialogs, and datagrams kept to know repeated ones (32 to 64 seconds)."""
    usage: dict[str, int]
    """Legs and RTP ports."""

    @property
    def idle(self) -> bool:
        """No call is going on, nothing is waited for, and nothing is kept to know what may be repeated."""
        return not any((*self.usage.values(), *self.signalling.values()))


async def held(server: Served) -> Held:
    """Ask a server that was started with `PROBED`."""
    answer = server.root / "held.json"
    answer.unlink(missing_ok=True)
    os.kill(server.process.pid, signal.SIGUSR2)
    async with asyncio.timeout(30):
        while not answer.exists():
            await asyncio.sleep(0.02)
    return Held(**json.loads(answer.read_text()))


class _Mallinfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def _octets() -> int:
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = _Mallinfo
    figures = library.mallinfo2()
    return int(figures.uordblks + figures.hblkhd)


def _signalling() -> tuple[Any, Any, Any]:
    """The SIP driver of this process, its endpoint and its transactions; found through a timer of the last."""
    from drivers.sip.reactor import shared_reactor

    timers = shared_reactor()._dispatcher.tlisteners
    managers = (getattr(timer.cb_func, "__self__", None) for timer in list(timers))
    transactions = next(it for it in managers if type(it).__name__ == "Transactions")
    endpoint = transactions.req_cb.__self__
    return endpoint._announce.__self__, endpoint, transactions


def _tell(path: Path) -> None:
    driver, endpoint, transactions = _signalling()
    gc.collect()
    signalling = {
        "client_transactions": len(transactions.tclient),
        "server_transactions": len(transactions.tserver),
        "dialogs": len(endpoint._talking),
        "calls": len(transactions.req_consumers),
        "datagrams": len(transactions.l1rcache) + len(transactions.l2rcache),
    }
    told = Held(
        blocks=sys.getallocatedblocks(),
        octets=_octets(),
        threads=sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate()),
        tasks=len(asyncio.all_tasks(driver._loop)),
        signalling=signalling,
        usage=driver.usage(),
    )
    part = path.with_suffix(".part")
    part.write_text(json.dumps(vars(told)))
    part.rename(path)


if __name__ == "__main__":
    root = Path(sys.argv[sys.argv.index("--config") + 1]).parent
    sys.path.insert(0, str(Path(__file__).parents[2]))
    signal.signal(signal.SIGUSR2, lambda *_: _tell(root / "held.json"))
    from tools.flowctl.main import main

    sys.argv[0] = "flowctl"
    main()

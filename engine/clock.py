"""What time it is.

Durations and waits use the event loop's clock (`asyncio.sleep`, `asyncio.timeout`), which never jumps with the
wall clock; the date and time come from `Clock`. Under `VirtualLoop` both are virtual.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Source of dates."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class LoopClock:
    """A clock that starts at a given moment and follows the running event loop's time."""

    def __init__(self, start: datetime) -> None:
        self._start = start.astimezone(UTC)
        self._zero = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        elapsed = asyncio.get_running_loop().time() - self._zero
        return self._start + timedelta(seconds=elapsed)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as nothing else is to be done.

    A 30 s search takes no time, and the order of events is that of real time. Work handed to an executor is done
    on the spot, so that virtual time cannot run away from it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        self._clock_resolution = 1e-9
        selector = self._selector  # type: ignore[attr-defined] # private, but the documented way to own the wait
        real_select = selector.select

        def select(timeout: float | None = None) -> Any:
            if timeout is None:
                raise DeadlockError("every task waits for an event that cannot come on a virtual clock")
            if timeout > 0:
                self._virtual += timeout
            return real_select(0)

        selector.select = select

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._virtual

    def run_in_executor(  # type: ignore[override] # the base class is overloaded for coroutines' sake
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits
            future.set_exception(error)
        return future


class DeadlockError(RuntimeError):
    """Nothing is left that could wake up the virtual loop."""


def run_virtual(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine function on a new virtual loop."""

    async def call() -> T:
        return await main()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(call())

"""What a check is."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.messages import _

if TYPE_CHECKING:
    from engine.server.settings import Settings
    from engine.server.status import Status

State = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found; `advice` says what to do about it. Both in the language in use."""

    state: State
    message: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. `status`: what a server that runs with these settings says of itself, None when none
    does; `unreadable`: why that is not known."""

    settings: Settings
    status: Status | None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`order`: of the report. `title`: marked by `N_`. `run` may take `seconds`; what it raises is an error found."""

    name: str
    title: str
    order: int
    run: Callable[[Patient], Awaitable[Iterable[Finding]]]
    seconds: float = 5.0


def checks() -> Iterator[Check]:
    """Those of the folder `checks`, one file each with `CHECK`, in the order of the report."""
    from tools.flowctl.doctor import checks as package

    names = sorted(module.name for module in pkgutil.iter_modules([str(Path(package.__file__).parent)]))
    found = [importlib.import_module(f"{package.__name__}.{name}").CHECK for name in names]
    yield from sorted(found, key=lambda check: check.order)


def ok(message: str) -> Finding:
    """All is well."""
    return Finding("ok", message)


def warning(message: str, advice: str = "") -> Finding:
    """It works, and may not for long, or not as well as it could."""
    return Finding("warning", message, advice)


def wrong(message: str, advice: str = "") -> Finding:
    """It does not work."""
    return Finding("error", message, advice)


def skipped(message: str = "") -> Finding:
    """There was nothing to look at, or no way to."""
    return Finding("skipped", message or _("not used"))

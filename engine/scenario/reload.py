"""The scenarios of a folder, kept in service while people edit them."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from watchfiles import awatch

from engine.centres.directory import Directory
from engine.scenario.check import CheckResult, check
from engine.scenario.compile import CompiledScenario
from engine.scenario.load import walk_files
from engine.scenario.project import Project
from engine.scenario.table import Conflict, DidTable

log = logging.getLogger("flowctl.scenario")

DEBOUNCE_MS = 100
"""Changes that follow each other this closely are looked at together: an editor's save is several."""

RESCAN_MS = 2000
"""The folder is looked at this often without an event too: for what changed before the watching began, and for
file systems that give none."""

GONE_SECONDS = 0.3
"""A file that is away must be away this much later too."""

ABSENT_SECONDS = 1.0
"""How often a folder that does not exist is looked for."""

Stamp = tuple[int, int, int]
"""Inode, time of change and size of a file: what tells one content from another without reading it."""


@dataclass(slots=True)
class _File:
    stamp: Stamp
    good: CompiledScenario | None = None
    refused: bool = False
    complaints: tuple[str, ...] = ()
    """What was last said to be wrong with it."""


class ScenarioStore:
    """Every `*.yaml` below a folder except `*.test.yaml`: the last good version of each is in `table`.

    A call keeps the version on which it began, since it holds that version itself.
    """

    def __init__(
        self,
        folder: Path,
        people: Callable[[], Directory | None] = lambda: None,
        on_news: Callable[[Path, Sequence[str]], None] = lambda path, complaints: None,
    ) -> None:
        """people: the agents and centres in force, if they are not those of a file. on_news: hears of each file that
        is refused, with what is wrong, and when it is so no more, with nothing."""
        self.folder = folder
        self._people = people
        self._on_news = on_news
        self._last_people: Directory | None = None
        self.table = DidTable()
        self._files: dict[Path, _File] = {}
        self._conflicts: set[tuple[str, Path, Path]] = set()
        self._sounds = 0

    async def load(self) -> None:
        """Look at the folder now. A broken file is reported and keeps nobody else out."""
        if not await self._refresh():
            log.error("the scenario folder %s does not exist", self.folder)

    async def watch(self, stop: asyncio.Event) -> None:
        """Follow the changes of the folder until `stop` is set."""
        while not stop.is_set():
            try:
                changes = awatch(
                    self.folder,
                    watch_filter=None,
                    debounce=DEBOUNCE_MS,
                    step=DEBOUNCE_MS // 2,
                    stop_event=stop,
                    rust_timeout=RESCAN_MS,
                    yield_on_timeout=True,
                )
                async for _ in changes:
                    if not await self._refresh():
                        break
            except OSError as error:
                log.debug("the scenario folder %s cannot be watched: %s", self.folder, error)
            # The folder is away, or was: what it holds when it is back came without an event.
            if not stop.is_set():
                await asyncio.sleep(ABSENT_SECONDS)
                await self._refresh()

    async def _refresh(self) -> bool:
        """Compare the folder with what is known, check what is new, and swap the table. False: no such folder."""
        seen = await asyncio.to_thread(_look, self.folder)
        if self._files.keys() - (seen or ({},))[0].keys():
            # An editor may take the file away for a moment before it puts the new one there.
            await asyncio.sleep(GONE_SECONDS)
            seen = await asyncio.to_thread(_look, self.folder)
        stamps, sounds = seen or ({}, 0)
        sounds_changed, self._sounds = sounds != self._sounds, sounds
        people = self._people()
        people_changed, self._last_people = people is not self._last_people, people
        changed = False
        absent = [path for path in self._files if path not in stamps]
        for path in absent:
            gone = self._files.pop(path)
            changed = changed or gone.good is not None
            if gone.refused:
                self._on_news(path, ())
            log.info("%s is gone; its scenario is out of service", path, extra={"file": str(path)})
        saved = {
            path for path, stamp in stamps.items() if path not in self._files or self._files[path].stamp != stamp
        }
        for path in saved:
            self._files.setdefault(path, _File(stamps[path])).stamp = stamps[path]
        # All see the same folder, whatever their order: one may need another that is new, or changed, or gone.
        project = await asyncio.to_thread(Project, self.folder, tuple(stamps), people=people)
        for path in stamps:
            file = self._files[path]
            others_changed = bool(saved or absent) and (file.refused or _calls_others(file))
            around_changed = others_changed or (file.refused and (sounds_changed or people_changed))
            if path in saved or around_changed:
                changed = await self._take(path, file, project, saved=path in saved) or changed
        if changed:
            good = [self._files[path].good for path in sorted(self._files)]
            # Who has a number keeps it; the alphabet decides only among files that come at the same time.
            self.table = DidTable((scenario for scenario in good if scenario is not None), self.table)
            self._report(self.table.conflicts)
        return seen is not None

    async def _take(self, path: Path, file: _File, project: Project, *, saved: bool) -> bool:
        """Check one file; True when another version of it goes into service. saved: it is new, or has another
        content than before; otherwise only what is around it has."""
        try:
            result = await asyncio.to_thread(check, path, project=project)
        except Exception:
            log.exception("%s: the check itself failed; the file is refused", path)
            file.refused = True
            return False
        restored, file.refused = file.refused, result.compiled is None
        complaints = tuple(f"{found.rule} {found.message}" for found in result.errors)
        news, file.complaints = saved or complaints != file.complaints, complaints
        if result.compiled is None:
            if news:
                _report_refusal(path, file, result, saved=saved)
                self._on_news(path, [f"line {found.line}: {found.rule} {found.message}" for found in result.errors])
            return False
        if restored:
            self._on_news(path, ())
        if file.good is not None and file.good.version == result.compiled.version:
            if restored:
                _report_service(path, file.good, "in service again")
            return False
        file.good = result.compiled
        _report_service(path, result.compiled, "in service")
        return True

    def _report(self, conflicts: list[Conflict]) -> None:
        """Say each conflict once, when it appears."""
        now = {(conflict.did, conflict.first.path, conflict.second.path) for conflict in conflicts}
        for did, first, second in sorted(now - self._conflicts):
            log.error(
                "%s: E1012 the number %s already leads to %s, which keeps it",
                second,
                did,
                first,
                extra={"file": str(second), "rule": "E1012"},
            )
        self._conflicts = now


def _look(folder: Path) -> tuple[dict[Path, Stamp], int] | None:
    """The scenario files below a folder, and a number that changes when another file (a sound) does; None when
    there is no such folder."""
    if not folder.is_dir():
        return None
    scenarios = set(walk_files([folder]))
    found: dict[Path, Stamp] = {}
    others: list[tuple[str, Stamp]] = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                status = path.stat()
            except OSError:
                # It went away between the listing and now.
                continue
            stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
            if path in scenarios:
                found[path] = stamp
            else:
                others.append((str(path), stamp))
    return dict(sorted(found.items())), hash(tuple(sorted(others)))


def _report_service(path: Path, scenario: CompiledScenario, state: str) -> None:
    log.info(
        "%s: version %s of %s is %s for %s",
        path,
        scenario.version,
        scenario.name,
        state,
        ", ".join(scenario.scenario.did) or "no number",
        extra={"file": str(path), "scenario": scenario.name, "version": scenario.version},
    )


def _calls_others(file: _File) -> bool:
    return file.good is not None and bool(file.good.calls)


def _report_refusal(path: Path, file: _File, result: CheckResult, *, saved: bool) -> None:
    for found in result.errors:
        log.error(
            "%s:%d:%d: %s %s%s",
            path,
            found.line,
            found.column,
            found.rule,
            found.message,
            f" ({found.hint})" if found.hint else "",
            extra={"file": str(path), "line": found.line, "column": found.column, "rule": found.rule},
        )
    if file.good is not None and not saved:
        log.error(
            "%s: what it calls has changed and does not fit; version %s keeps serving",
            path,
            file.good.version,
            extra={"file": str(path), "version": file.good.version},
        )
    elif file.good is None:
        log.error("%s is refused; no version of it is in service", path, extra={"file": str(path)})
    else:
        log.error(
            "%s is refused; the last good version %s keeps serving",
            path,
            file.good.version,
            extra={"file": str(path), "version": file.good.version},
        )

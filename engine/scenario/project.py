"""What is around a scenario: its server's other scenarios, the people, the settings.

The folder of a scenario's server is the nearest one above it that holds a `server.yaml`. Without one, a scenario's
surroundings are the scenarios that are checked with it and those in its own folder.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.centres.directory import Directory
from engine.clock import Clock, SystemClock
from engine.errors import ConfigurationError
from engine.nodes.scenario import ScenarioCall
from engine.scenario.load import files_in, read_mapping, walk_files

if TYPE_CHECKING:
    from engine.scenario.draft import Draft


class Project:
    """The surroundings of one scenario or of several that belong together. Reads what it is asked for, once."""

    def __init__(
        self,
        home: Path,
        given: Iterable[Path] = (),
        *,
        contents: dict[Path, bytes] | None = None,
        clock: Clock | None = None,
        drafts: dict[Path, Draft | None] | None = None,
        people: Directory | None = None,
    ) -> None:
        """home: a folder in which scenarios are; given: scenario files that belong together whatever their folder;
        contents: what an editor has not saved yet, by absolute path; clock: what time it is, by default the
        machine's; drafts: those of files read already, by absolute path, for several projects to share; people: the
        agents and centres of a server that runs, instead of those of its file."""
        self.root = find_root(home)
        """Folder of the server's settings, if there is one."""
        self._home = home
        self._given = tuple(given)
        self._contents = contents or {}
        self._clock = clock or SystemClock()
        self._drafts: dict[Path, Draft | None] = {} if drafts is None else drafts
        self._people = people

    @classmethod
    def around(cls, file: Path, given: Iterable[Path] = (), *, contents: dict[Path, bytes] | None = None) -> Project:
        """The surroundings of a scenario file."""
        return cls(file.parent, given, contents=contents)

    def today(self, zone: str) -> date:
        """The date in a time zone."""
        return self._clock.now().astimezone(ZoneInfo(zone)).date()

    @cached_property
    def server(self) -> dict[str, Any] | None:
        """The server's settings as they are written; None without a `server.yaml` that can be read."""
        if self.root is None:
            return None
        try:
            return read_mapping(self.root / SERVER)
        except ConfigurationError:
            return None

    def setting(self, *keys: str) -> Any:
        """A value in the server's settings; None when it is not given."""
        value: Any = self.server
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value

    @cached_property
    def directory(self) -> Directory | None:
        """The agents and centres; None when they are not given, or cannot be read."""
        if self._people is not None:
            return self._people
        named = self.setting("directory")
        folder = self.root or self._home
        path = folder / (named if isinstance(named, str) else DIRECTORY)
        try:
            return Directory.load(path) if path.is_file() else None
        except ConfigurationError:
            return None

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The scenario files that one server would serve together."""
        found = list(self._given)
        if self.root is not None:
            folder = self.setting("scenarios")
            found += walk_files([self.root / (folder if isinstance(folder, str) else FOLDER)])
        else:
            found += files_in(self._home)
        by_place = {path.absolute(): path for path in reversed(found) if path.is_file()}
        return tuple(sorted(by_place.values()))

    @cached_property
    def drafts(self) -> tuple[Draft, ...]:
        """The drafts of all these files; those that cannot be read at all are left out."""
        return tuple(draft for path in self.files if (draft := self.draft(path)) is not None)

    def draft(self, path: Path) -> Draft | None:
        """The draft of one file, made once; None when there is nothing in it to look at."""
        place = path.absolute()
        if place not in self._drafts:
            from engine.scenario.check import draft_of

            self._drafts[place] = None
            self._drafts[place] = draft_of(path, self._contents.get(place), self)
        return self._drafts[place]

    @cached_property
    def unread_folders(self) -> frozenset[Path]:
        """Folders of the files in which there is nothing to look at."""
        return frozenset(path.absolute().parent for path in self.files if self.draft(path) is None)

    def scenario(self, name: str) -> Draft | None:
        """The scenario of a name; None when there is none."""
        return self.by_name.get(name)

    @cached_property
    def by_name(self) -> dict[str, Draft]:
        """Scenarios by name; of two with one name, the one whose path comes first."""
        return {draft.scenario.name: draft for draft in reversed(self.drafts) if draft.scenario.name}

    @cached_property
    def callers(self) -> dict[str, list[tuple[Draft, str]]]:
        """Name of a scenario → the scenarios that call it, with the name of the node that does."""
        found: dict[str, list[tuple[Draft, str]]] = {}
        for draft in self.drafts:
            for name, node in draft.nodes.items():
                if isinstance(node, ScenarioCall):
                    found.setdefault(node.name, []).append((draft, name))
        return found

    @cached_property
    def by_prompts(self) -> dict[Path, list[Draft]]:
        """The scenarios by the folder of their prompts, wherever a link to it leads."""
        found: dict[Path, list[Draft]] = {}
        for draft in self.drafts:
            if draft.prompts_place is not None:
                found.setdefault(draft.prompts_place, []).append(draft)
        return found


SERVER = "server.yaml"
DIRECTORY = "directory.yaml"
FOLDER = "flows"


def find_root(folder: Path) -> Path | None:
    """The nearest folder with a `server.yaml`, this one or one above it."""
    place = folder.absolute()
    return next((parent for parent in (place, *place.parents) if (parent / SERVER).is_file()), None)

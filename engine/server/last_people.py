"""The directory as it was last known, in the data folder: a server whose database is on another machine starts with
it while that machine does not answer."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

from engine.centres.directory import Directory
from engine.centres.entries import directory_entries
from engine.records.files import replace_text
from engine.records.people import Revision, Stored

log = logging.getLogger("flowctl.server")

FILE = "people.json"
"""Below the data folder, for the server's user alone: it has the hashes of passwords."""


class LastPeople:
    """Of one server."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def keep(self, stored: Stored) -> None:
        """What is in force from now on. A disk that refuses is in the log."""
        try:
            await asyncio.to_thread(self._write, stored)
        except OSError as error:
            log.error("%s could not be written: %s", self._path, error.strerror)

    async def find(self) -> Stored | None:
        """What was kept last; None for nothing that can be used."""
        try:
            return await asyncio.to_thread(self._read)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            log.error("%s cannot be read: %s", self._path, error)
            return None

    def _write(self, stored: Stored) -> None:
        document = {
            "revision": stored.revision.number,
            "born": stored.revision.born,
            "directory": directory_entries(stored.directory, with_hashes=True),
        }
        replace_text(self._path, json.dumps(document, ensure_ascii=False, indent=1), mode=0o600)

    def _read(self) -> Stored:
        document: dict[str, Any] = json.loads(self._path.read_bytes())
        revision = Revision(int(document["revision"]), str(document["born"]))
        return Stored(revision, Directory.model_validate(document["directory"]))

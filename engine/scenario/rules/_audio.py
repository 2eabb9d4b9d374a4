"""The audio files of a scenario, in the languages in which a call may want them, for the rules about prompts."""

from __future__ import annotations

import io
import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as File
from pathlib import PurePath

from engine.audio.clip import RATE
from engine.audio.files import Sound, find, measure
from engine.errors import AudioError
from engine.nodes.base import END, Path
from engine.nodes.language import Language
from engine.nodes.scenario import ScenarioCall
from engine.scenario.draft import Draft
from engine.scenario.walk import iter_prompts

_LANGUAGE = re.compile(r"[a-z]{2}([-_][A-Za-z0-9]{2,8})*\Z")


@dataclass(frozen=True, slots=True)
class Named:
    """An audio file as a prompt names it. `field` is the node's key that holds the prompt; `languages` are those of
    the calls that may want the file, in alphabetical order."""

    path: Path
    name: str
    field: str
    languages: tuple[str, ...]


def named_files(draft: Draft) -> Iterator[Named]:
    """Every audio file that prompts name, unless an expression makes the name."""
    languages = languages_at(draft)
    for name, node in draft.nodes.items():
        spoken = tuple(sorted(languages.get(name) or {draft.scenario.language}))
        for path, items in iter_prompts(node):
            for index, item in enumerate(items):
                if isinstance(item, str) and item.strip() and "${" not in item:
                    yield Named(("nodes", name, *path, index), item, str(path[0]), spoken)


def languages_at(draft: Draft) -> dict[str, set[str]]:
    """For each node that a call may enter, the languages in which it may come there."""
    begin = entry_languages(draft)
    found: dict[str, set[str]] = {}
    waiting = [(draft.scenario.start, language) for language in begin]
    while waiting:
        name, language = waiting.pop()
        node = draft.nodes.get(name)
        if node is None or name == END or language in found.setdefault(name, set()):
            continue
        found[name].add(language)
        after = {language}
        if isinstance(node, Language):
            after = {node.language or language}
        elif isinstance(node, ScenarioCall):
            after |= chosen_languages(draft, node.name)
        targets = {edge.target for edge in node.edges()}
        if draft.scenario.on_error:
            targets.add(draft.scenario.on_error)
        waiting += [(target, spoken) for target in targets if target for spoken in after]
    return found


def entry_languages(draft: Draft) -> set[str]:
    """Languages in which a call may come to the scenario: its own, and as a part of others, theirs."""
    found: set[str] = set()
    seen = {draft.file}
    waiting = [draft]
    while waiting:
        inner = waiting.pop()
        callers = [] if inner.scenario.did else inner.project.callers.get(inner.scenario.name, [])
        if not callers:
            found.add(inner.scenario.language)
        for other in {caller.file: caller for caller, _ in callers}.values():
            found |= {node.language for node in other.nodes.values() if isinstance(node, Language)}
            if other.file not in seen:
                seen.add(other.file)
                waiting.append(other)
    return found or {draft.scenario.language}


def chosen_languages(draft: Draft, name: str) -> set[str]:
    """Languages to which a sub-scenario, or one inside of it, changes."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        inner = waiting.pop()
        if inner in seen:
            continue
        seen.add(inner)
        theirs = draft.project.scenario(inner)
        for node in theirs.nodes.values() if theirs is not None else ():
            if isinstance(node, Language):
                found.add(node.language)
            elif isinstance(node, ScenarioCall):
                waiting.append(node.name)
    return found


def audio_file(draft: Draft, name: str, language: str) -> File | None:
    """Where the file is, looked up as in a call; None when it is missing."""
    try:
        return find(draft.prompts_dir, language, name)
    except (AudioError, OSError, ValueError):
        # ValueError, OSError: no file of any system can have such a name.
        return None


def found_file(draft: Draft, name: str) -> File | None:
    """Where the file is for a call in the scenario's own language; None when it is missing."""
    return audio_file(draft, name, draft.scenario.language)


def audio_files(draft: Draft, named: Named) -> dict[File, tuple[str, ...]]:
    """The files that calls in one language or another hear for a name, and in which languages."""
    found: dict[File, tuple[str, ...]] = {}
    for language in named.languages:
        if (file := audio_file(draft, named.name, language)) is not None:
            found[file] = (*found.get(file, ()), language)
    return found


def languages_with(draft: Draft, name: str) -> list[str]:
    """The languages of the prompts folder in which there is a file of that name."""
    try:
        folders = sorted(entry.name for entry in draft.prompts_dir.iterdir() if entry.is_dir())
        return [
            folder
            for folder in folders
            if _LANGUAGE.match(folder) and (draft.prompts_dir / folder / PurePath(name)).is_file()
        ]
    except (OSError, ValueError):
        return []


def examined(file: File) -> Sound | str | None:
    """What a file sounds like, or why it cannot be played; None when it is gone. Measured once for each state of
    the file."""
    try:
        status = file.stat()
        place = file.resolve()
    except OSError:
        return None
    return _examined(place, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8192)
def _examined(file: File, modified: int, size: int) -> Sound | str:
    try:
        return measure(file)
    except (AudioError, OSError, ValueError) as error:
        reason = str(error).replace(f"Error opening '{file}': ", "")
        return reason.removeprefix(f"{file}: ").removeprefix(f"{file} ")


def tone_wav(seconds: float, *, level: int = 8192, rate: int = RATE) -> bytes:
    """A WAV for the examples of rules: a quarter of the rate, as loud as `level`, 0 to 32767."""
    wave_of_four = b"".join(value.to_bytes(2, "little", signed=True) for value in (level, level, -level, -level))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as wav:
        wav.setparams((1, 2, rate, 0, "NONE", "not compressed"))
        wav.writeframes(wave_of_four * round(seconds * rate / 4))
    return buffer.getvalue()

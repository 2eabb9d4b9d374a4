"""What recordings say, where a `texts.txt` beside them tells (`python -m tools.prompts.render` speaks these)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.audio.library import SOUNDS

if TYPE_CHECKING:
    from engine.call.call import Call
    from engine.scenario.compile import CompiledScenario


class Texts:
    """The words of the recordings of some scenarios, and of the engine's own. Blocking: it reads them all."""

    def __init__(self, scenarios: Iterable[CompiledScenario]) -> None:
        self._folders: dict[Path, dict[str, str]] = {}
        for folder in (SOUNDS, *(scenario.prompts_dir for scenario in scenarios)):
            for file in (folder / "texts.txt", *folder.glob("*/texts.txt")):
                self._folders[file.parent] = _read(file)

    def of(self, label: str, call: Call) -> str:
        """The words of an audio file that a call hears; empty when nobody wrote them down."""
        prompts = call.scenario.prompts_dir
        folders = (prompts / call.language, prompts, SOUNDS / call.language)
        return next((text for folder in folders if (text := self._folders.get(folder, {}).get(label))), "")


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    return {name.strip(): text.strip() for name, _, text in pairs}

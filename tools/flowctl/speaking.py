"""The language in which a command speaks: --language, else the server's setting, else the environment's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import typer

from engine.messages import LANGUAGES, _, language_of_the_machine, use_language

if TYPE_CHECKING:
    from engine.server.settings import Settings

HELP = "en or fr; by default the server's, if its settings say so, or the one of the environment (LC_ALL, LANG)."


def speak(command: str, language: str | None, settings: Settings | None = None) -> None:
    """Choose the language; called again once the settings are read. Ends the command with 2 when there is none of
    that name."""
    if language is not None and language not in LANGUAGES:
        refuse(command, _("--language is {choices}").format(choices=" | ".join(LANGUAGES)))
    if language is not None:
        use_language("fr" if language == "fr" else "en")
    elif settings is not None and "language" in settings.model_fields_set:
        use_language(settings.language)
    else:
        use_language(language_of_the_machine(os.environ))


def refuse(command: str, message: str) -> NoReturn:
    """End the command with 2."""
    typer.echo(f"flowctl {command}: {message}", err=True)
    raise typer.Exit(2)

"""How a command about a server begins: in which language it speaks (--language, else the server's setting, else the
environment's), and with which settings."""

from __future__ import annotations

import os
from pathlib import Path
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


def settings_of(command: str, config: Path | None, *, language: str | None = None, format_: str = "text") -> Settings:
    """The settings of a server (by default server.yaml here), whose language is spoken from then on. What goes wrong
    with them, and a `format_` other than text and json, ends the command with 2."""
    from engine.errors import EngineError

    speak(command, language)
    if format_ not in ("text", "json"):
        refuse(command, _("--format is {choices}").format(choices="text | json"))
    try:
        from engine.server.settings import Settings
    except ImportError as error:
        install = "pip install 'flowctl[server]'"
        refuse(command, _("{error}; a server needs `{command}`").format(error=error, command=install))
    if config is None and Path("server.yaml").is_file():
        config = Path("server.yaml")
    try:
        settings = Settings.load(config)
    except (EngineError, OSError) as error:
        refuse(command, str(error))
    speak(command, language, settings)
    return settings


def refuse(command: str, message: str) -> NoReturn:
    """End the command with 2."""
    typer.echo(f"flowctl {command}: {message}", err=True)
    raise typer.Exit(2)

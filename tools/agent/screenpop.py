"""Showing the caller's file: what the server asks for is run only when the agent's side has allowed it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from .filling import FillingError, fill_arguments, fill_url, host_of, values_of
from .messages import Event
from .variables import VariablesFile

MOST_AT_ONCE = 20
"""Programs that run at the same time."""

# Whatever runs what it is given: one of these allowed, and all is.
_RUN_ANYTHING = frozenset(
    """
    sh bash dash ash zsh ksh mksh csh tcsh fish busybox cmd command powershell pwsh wscript cscript mshta rundll32
    regsvr32 msiexec osascript open start explorer xdg-open env xargs nohup setsid timeout nice sudo su doas pkexec
    ssh python pypy perl ruby node deno bun php lua tclsh wish awk gawk mawk java make find sed vi vim nvim emacs
    systemd-run script expect git docker
    """.split()  # noqa: SIM905 - a list of sixty lines
)
_SHELL_SCRIPTS = (".bat", ".cmd")
"""Windows runs them by its shell, which reads arguments as commands."""


class PopRefused(Exception):
    """The command is not run; says why, and what to do."""

    def __init__(self, why: Literal["command", "host", "many", "unsafe"], message: str, what: str = "") -> None:
        """why: a program or a host that is not allowed, `what` being its name; too many programs; or data that
        cannot be filled in."""
        super().__init__(message)
        self.why = why
        self.what = what


class ScreenPop:
    """Runs programs and opens URLs. The centre's command names both; nothing runs that is not allowed here."""

    def __init__(
        self,
        *,
        commands: Iterable[str] = (),
        hosts: Iterable[str] = (),
        variables_file: VariablesFile | None = None,
        limit: float | None = None,
    ) -> None:
        """commands: programs, written as the centre writes them; found on the PATH now. hosts: of URLs. limit:
        seconds after which a program is killed. Raises ValueError."""
        self._programs = {name: _program(name) for name in commands}
        self._hosts = {host.lower() for host in hosts}
        self._variables = variables_file
        self._limit = limit
        self._running = 0
        self._lock = threading.Lock()

    def command(self, event: Event) -> list[str]:
        """What is run for an `X`: program and arguments. Raises PopRefused."""
        values = values_of(event, str(self._variables.path) if self._variables is not None else "")
        try:
            if isinstance(event.command, str):
                return self._browser(event.command, fill_url(event.command, values))
            name, *arguments = event.command
            program = self._programs.get(name)
            if program is None:
                raise PopRefused("command", f"{name} is not allowed here (--allow-command)", name)
            return [program, *fill_arguments(arguments, values)]
        except FillingError as error:
            raise PopRefused("unsafe", str(error)) from None

    def run(self, event: Event, ended: Callable[[int | None], None]) -> list[str]:
        """Write the variables file, then run the command; what it was. Does not wait for it, and leaves it alone
        when this program ends. ended: called from another thread with its status, None when it was killed after
        the limit. Blocking. Raises PopRefused, and OSError when it cannot be run."""
        command = self.command(event)
        if self._variables is not None:
            self._variables.write(event.variables)
        with self._lock:
            if self._running >= MOST_AT_ONCE:
                raise PopRefused("many", f"{MOST_AT_ONCE} programs are running already")
            # Without a terminal and without pipes: it can take neither our keys nor stop because nobody reads.
            process = subprocess.Popen(  # noqa: S603 - a list, and its program allowed
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            self._running += 1
        threading.Thread(target=self._wait, args=(process, ended), name="screen pop", daemon=True).start()
        return command

    def _wait(self, process: subprocess.Popen[bytes], ended: Callable[[int | None], None]) -> None:
        status: int | None = None
        try:
            status = process.wait(self._limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with self._lock:
            self._running -= 1
        ended(status)

    def _browser(self, url: str, filled: str) -> list[str]:
        """A process of its own: a browser may be slow to start, or one for this terminal."""
        host = host_of(url)
        if host not in self._hosts:
            raise PopRefused("host", f"{host} is not allowed here (--allow-host)", host)
        return [sys.executable, "-I", "-m", "webbrowser", filled]


def _program(name: str) -> str:
    """Its absolute path. Raises ValueError for one that does not exist or runs whatever it is told."""
    found = shutil.which(name)
    if found is None:
        raise ValueError(f"{name}: there is no such program")
    path = Path(found).absolute()
    for one in (path, path.resolve()):
        stem = one.name.lower().removesuffix(".exe")
        if stem.rstrip("0123456789.-") in _RUN_ANYTHING or stem in _RUN_ANYTHING:
            raise ValueError(
                f"{name} runs whatever it is told: allow a program that does one thing, such as a script"
            )
        if stem.endswith(_SHELL_SCRIPTS):
            raise ValueError(f"{name}: Windows reads the arguments of such scripts as commands; allow a program")
    return str(path)

"""`flowctl install`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.messages import _
from tools.flowctl.speaking import HELP, refuse, speak

if TYPE_CHECKING:
    from pwd import struct_passwd

    from tools.flowctl.systemd import Unit

app = typer.Typer(add_completion=False)

COMMAND = "install"


@app.command(epilog="Example: flowctl install --systemd --config /etc/flowctl/server.yaml")
def install(
    config: Annotated[Path | None, typer.Option(help="Settings file; by default server.yaml here.")] = None,
    systemd: Annotated[bool, typer.Option("--systemd", help="As a service of systemd.")] = False,
    user: Annotated[str, typer.Option(help="Who it runs as; made if there is none of that name.")] = "flowctl",
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Stop the service and take it away.")] = False,
    prefix: Annotated[
        Path, typer.Option(help="Write below this folder, and touch nothing else: for packages and images.")
    ] = Path("/"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the unit and the commands, do nothing.")] = False,
    language: Annotated[str | None, typer.Option(help=HELP)] = None,
) -> None:
    """Make a server a service of the machine, which starts with it and is started again when it fails. Settings,
    data and recordings stay what and where they are, also with --uninstall.

    Exit status: 0 done, 2 it could not be done.
    """
    speak(COMMAND, language)
    if not systemd:
        refuse(COMMAND, _("say how: --systemd"))
    work = _Work(prefix, dry_run=dry_run)
    if not dry_run and work.on_machine and os.geteuid() != 0:
        refuse(COMMAND, _("only root may do that: `sudo`, or --dry-run to see what would be done"))
    if uninstall:
        _uninstall(work)
        return
    unit = _unit(config, user, language)
    _check_reader(unit, work)
    _install(unit, work)


class _Work:
    """Does what is to be done, or only says it."""

    def __init__(self, prefix: Path, *, dry_run: bool) -> None:
        from tools.flowctl.systemd import UNIT

        self.path = prefix / UNIT
        self.on_machine = prefix == Path("/")
        self.dry_run = dry_run

    def run(self, *words: str, may_fail: bool = False) -> None:
        """A command of the machine; none below another prefix."""
        if not self.on_machine:
            return
        typer.echo(f"$ {' '.join(words)}")
        if self.dry_run:
            return
        try:
            done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=120)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            refuse(COMMAND, f"{words[0]}: {error}")
        if done.returncode and not may_fail:
            refuse(COMMAND, f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")


def _unit(config: Path | None, user: str, language: str | None) -> Unit:
    from engine.errors import EngineError
    from tools.flowctl.systemd import Unit, program

    try:
        from engine.server.settings import Settings
    except ImportError as error:
        install = "pip install 'flowctl[server,sip]'"
        refuse(COMMAND, _("{error}; a server needs `{command}`").format(error=error, command=install))
    path = config or Path("server.yaml")
    if not path.is_file():
        refuse(COMMAND, _("{file} does not exist").format(file=path))
    try:
        settings = Settings.load(path)
    except EngineError as error:
        refuse(COMMAND, str(error))
    speak(COMMAND, language, settings)
    return Unit(settings, user, _group(user), program())


def _group(user: str) -> str:
    """The user's own; one that is made has a group of the same name."""
    import grp
    import pwd

    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return user


def _check_reader(unit: Unit, work: _Work) -> None:
    """The service must be able to read its settings, which hold passwords and may be nobody else's."""
    import pwd

    file = unit.settings.file
    if file is None or not work.on_machine:
        return
    try:
        entry = pwd.getpwnam(unit.user)
    except KeyError:
        entry = None
    for needed in (file, Path(unit.program[0])):
        if (folder := shut_to(entry, needed)) is not None:
            said = _("the user {user} may not enter {folder}, and could not use {file}: put it elsewhere")
            typer.echo(said.format(user=unit.user, folder=folder, file=needed), err=True)
    if not _may(entry, file.stat(), 4):
        command = f"chown {unit.user} {file}"
        message = _("the user {user} could not read {file}: `{command}` first").format(
            user=unit.user, file=file, command=command
        )
        if entry is None:
            work.run(*_new_user(unit))
        if not work.dry_run:
            refuse(COMMAND, message)
        typer.echo(message)


def shut_to(entry: struct_passwd | None, path: Path) -> Path | None:
    """The first folder on the way to a file that a user, or one that is yet to be made, may not enter. Blocking."""
    return next((folder for folder in reversed(path.absolute().parents) if not _may(entry, folder.stat(), 1)), None)


def _may(entry: struct_passwd | None, status: os.stat_result, right: int) -> bool:
    """right: 4 to read, 1 to enter a folder."""
    if entry is None:
        return bool(status.st_mode & right)
    if entry.pw_uid in (0, status.st_uid):
        return entry.pw_uid == 0 or bool(status.st_mode & right << 6)
    shift = 3 if status.st_gid in os.getgrouplist(entry.pw_name, entry.pw_gid) else 0
    return bool(status.st_mode & right << shift)


def _new_user(unit: Unit) -> tuple[str, ...]:
    home = ("--home-dir", str(unit.settings.data), "--no-create-home")
    return ("useradd", "--system", "--user-group", *home, "--shell", "/usr/sbin/nologin", unit.user)


def _install(unit: Unit, work: _Work) -> None:
    from tools.flowctl.systemd import MARK

    if work.path.exists() and not work.path.read_text().startswith(MARK):
        refuse(COMMAND, _("{file} was written by somebody else: take it away first").format(file=work.path))
    if work.on_machine and _missing(unit.user):
        work.run(*_new_user(unit))
    data = str(unit.settings.data)
    work.run("install", "-d", "-m", "700", "-o", unit.user, "-g", unit.group, data)
    if work.dry_run:
        typer.echo(_("{file} would be:").format(file=work.path))
        typer.echo(unit.text, nl=False)
    else:
        try:
            work.path.parent.mkdir(parents=True, exist_ok=True)
            work.path.write_text(unit.text)
        except OSError as error:
            refuse(COMMAND, f"{work.path}: {error.strerror}")
        typer.echo(_("{file} is written").format(file=work.path))
    work.run("systemctl", "daemon-reload")
    start = "systemctl enable --now flowctl"
    typer.echo(_("start it, now and with the machine: {command}").format(command=start))


def _missing(user: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(user)
    except KeyError:
        return True
    return False


def _uninstall(work: _Work) -> None:
    from tools.flowctl.systemd import MARK

    if not work.path.exists():
        typer.echo(_("{file} does not exist: nothing to take away").format(file=work.path))
        return
    if not work.path.read_text().startswith(MARK):
        refuse(COMMAND, _("{file} was written by somebody else: it stays").format(file=work.path))
    work.run("systemctl", "disable", "--now", "flowctl", may_fail=True)
    if not work.dry_run:
        work.path.unlink()
        typer.echo(_("{file} is gone; settings and data are as they were").format(file=work.path))
    work.run("systemctl", "daemon-reload")

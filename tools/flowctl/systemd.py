"""The systemd unit of a server: what it says, from the settings."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.server.settings import Settings

UNIT = Path("etc/systemd/system/flowctl.service")
"""Below the root of the machine."""

MARK = "# Written by `flowctl install --systemd`"
"""The first line: what begins so is ours to replace and to remove."""

LIMIT = 65_536
"""File descriptors."""
CLOSING = 30
"""Seconds beyond `drain` that a stop may take."""

_TEXT = """\
{mark}; changes belong into `systemctl edit flowctl`.
[Unit]
Description=Call flows in YAML, answering telephone calls (flowctl)
Wants=network-online.target
After=network-online.target time-sync.target mariadb.service mysql.service

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
WorkingDirectory={folder}
User={user}
Group={group}
UMask=0077
Restart=on-failure
RestartSec=2
# 2: a setting is wrong, or a port is taken: starting again changes nothing.
RestartPreventExitStatus=2
WatchdogSec=30
TimeoutStartSec=300
TimeoutStopSec={stop}
# The server ends its media workers itself, once calls have ended.
KillMode=mixed
LimitNOFILE={limit}
Nice=-5

NoNewPrivileges=yes
{capabilities}ProtectSystem=strict
ProtectHome={home}
ReadWritePaths={writable}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit is made of. `program` are the words that start flowctl."""

    settings: Settings
    user: str
    group: str
    program: tuple[str, ...]

    @property
    def text(self) -> str:
        """The file."""
        settings = self.settings
        assert settings.file is not None
        words = (*self.program, "serve", "--config", str(settings.file))
        state = Path("/var/lib/flowctl")
        # - as one that is not there yet is no error.
        writable = " ".join([_quoted(str(settings.data)), *(_quoted(f"-{folder}") for folder in self._elsewhere())])
        if settings.data == state:
            # systemd makes it, and gives it to the user.
            writable += "\nStateDirectory=flowctl\nStateDirectoryMode=0700"
        return _TEXT.format(
            mark=MARK,
            command=" ".join(map(_quoted, words)),
            folder=_quoted(str(settings.folder), path=True),
            user=self.user,
            group=self.group,
            stop=int(settings.drain) + CLOSING,
            limit=LIMIT,
            capabilities=_capabilities(settings),
            home=self._home(),
            writable=writable,
        )

    def _elsewhere(self) -> list[Path]:
        """Folders that are written to and not below that of the data."""
        settings = self.settings
        folders = (settings.data / settings.logs.folder, settings.data / settings.journals.folder)
        return [folder for folder in folders if not folder.is_relative_to(settings.data)]

    def _home(self) -> str:
        """Homes are out of sight, unless something of the server is there."""
        paths = [Path(self.program[0]), self.settings.folder, self.settings.data, self.settings.scenarios]
        paths += self._elsewhere()
        roots = (Path("/home"), Path("/root"), Path("/run/user"))
        inside = any(path.is_relative_to(root) for path in paths for root in roots)
        return "read-only" if inside else "yes"


def configured(text: str) -> Path | None:
    """The settings file that a unit names; None when it names none."""
    found = re.search(r'(?m)^ExecStart=.* --config (?:"((?:[^"\\]|\\.)*)"|(\S+))', text)
    if found is None:
        return None
    name = re.sub(r"\\(.)", r"\1", found[1]).replace("$$", "$") if found[1] is not None else found[2]
    return Path(name.replace("%%", "%"))


def program() -> tuple[str, ...]:
    """The words that start this flowctl again."""
    found = Path(sys.argv[0]).absolute()
    if found.name == "flowctl" and os.access(found, os.X_OK):
        return (str(found),)
    beside = shutil.which("flowctl", path=str(Path(sys.executable).parent))
    return (beside,) if beside else (sys.executable, "-m", "tools.flowctl.main")


def _capabilities(settings: Settings) -> str:
    """A port below 1024 needs one; otherwise there are none."""
    listens = [settings.sip.listen]
    listens += [settings.agent_link.listen] if settings.agent_link is not None else []
    listens += [settings.web.listen] if settings.web is not None else []
    low = any(0 < int(listen.rpartition(":")[2]) < 1024 for listen in listens)
    needed = "CAP_NET_BIND_SERVICE" if low else ""
    return f"CapabilityBoundingSet={needed}\nAmbientCapabilities={needed}\n"


def _quoted(text: str, *, path: bool = False) -> str:
    """As systemd.syntax(7) and systemd.service(5) want it. path: for a key that takes one path, never quoted."""
    text = text.replace("%", "%%")
    if path or (text.isascii() and not set(text) & set(" \t\"'\\$;")):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$") + '"'

"""A private MariaDB server: its own folder, one socket, no network, no password."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 60


class MariaDb:
    """A running server with an empty database `test`."""

    def __init__(self, socket: Path, process: subprocess.Popen[bytes]) -> None:
        self.socket = socket
        self.process = process

    @property
    def url(self) -> str:
        """What the setting `databases` takes."""
        return self.url_of("test")

    def url_of(self, database: str) -> str:
        """The same for another database."""
        return f"mysql://root@localhost/{database}?unix_socket={self.socket}"

    def run(self, sql: str) -> str:
        """Run statements through the command-line client; what it prints."""
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "test"]
        done = subprocess.run(command, input=sql.encode(), capture_output=True, check=True, timeout=30)
        return done.stdout.decode()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server does nothing at all while the body runs, and does not say so."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Start a server, stop it at the end."""
    # A socket's path has 107 characters at most: not below pytest's folders.
    with tempfile.TemporaryDirectory(prefix="mdb-") as folder:
        root = Path(folder)
        data, socket = root / "data", root / "s"
        user = ["--user=root"] if os.geteuid() == 0 else []
        # --force: also on a machine that cannot look up its own name.
        install = ["mariadb-install-db", "--no-defaults", "--force", f"--datadir={data}", "--skip-test-db", *user]
        subprocess.run(
            [*install, "--auth-root-authentication-method=normal"], capture_output=True, check=True, timeout=120
        )
        options = [f"--datadir={data}", f"--socket={socket}", f"--pid-file={root / 'pid'}", "--skip-networking"]
        small = ["--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--performance-schema=OFF"]
        with (root / "log").open("wb") as log:
            process = subprocess.Popen(
                [_program(), "--no-defaults", *options, *small, *user], stdout=log, stderr=subprocess.STDOUT
            )
        try:
            server = MariaDb(socket, process)
            _wait(server, root / "log")
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _program() -> str:
    """Where mariadbd is: not in the PATH of an ordinary user."""
    found = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise RuntimeError("mariadbd is missing: apt-get install mariadb-server")
    return found


def _wait(server: MariaDb, log: Path) -> None:
    begun = time.monotonic()
    ping = ["mariadb-admin", "--no-defaults", f"--socket={server.socket}", "--user=root", "ping"]
    while subprocess.run(ping, capture_output=True, check=False).returncode:
        if server.process.poll() is not None or time.monotonic() - begun > START_SECONDS:
            raise RuntimeError(f"mariadbd did not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)
    create = ["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "-e", "CREATE DATABASE test"]
    subprocess.run(create, capture_output=True, check=True, timeout=30)

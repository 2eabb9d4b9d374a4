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

    def __init__(self, root: Path, command: list[str]) -> None:
        """root: its folder; command: what starts it."""
        self.socket = root / "s"
        self._log = root / "log"
        self._command = command
        self.process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        """As a crash: nothing is written any more."""
        self.process.kill()
        self.process.wait(10)

    def start(self) -> None:
        """Start again what was killed, and wait until it answers."""
        self.process = self._started()
        self.wait()

    def wait(self) -> None:
        """Until it answers."""
        begun = time.monotonic()
        ping = ["mariadb-admin", "--no-defaults", f"--socket={self.socket}", "--user=root", "ping"]
        while subprocess.run(ping, capture_output=True, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                raise RuntimeError(f"mariadbd did not start: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)

    @property
    def url(self) -> str:
        """What the setting `databases` takes."""
        return self.url_of("test")

    def url_of(self, database: str) -> str:
        """The same for another database."""
        return f"mysql://root@localhost/{database}?unix_socket={self.socket}"

    def run(self, sql: str) -> str:
        """Run statements through the command-line client; what it prints."""
        return self.run_in("test", sql)

    def run_in(self, database: str, sql: str) -> str:
        """The same in another database; in none when it is empty."""
        where = [database] if database else []
        command = ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", *where]
        done = subprocess.run(command, input=sql.encode(), capture_output=True, check=True, timeout=30)
        return done.stdout.decode()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server does nothing at all while the body runs, and does not say so."""
        os.kill(self.process.pid, signal.SIGSTOP)
        # Its threads stop one by one, and the last may still answer.
        while any(_state(task) != "T" for task in Path(f"/proc/{self.process.pid}/task").iterdir()):
            time.sleep(0.001)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@contextmanager
def mariadb(*more: str) -> Iterator[MariaDb]:
    """Start a server, stop it at the end. more: options of mariadbd."""
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
        server = MariaDb(root, [_program(), "--no-defaults", *options, *small, *user, *more])
        try:
            server.wait()
            server.run_in("", "CREATE DATABASE test")
            yield server
        finally:
            # Nothing of it is kept, and an orderly end takes seconds.
            server.process.kill()
            server.process.wait(30)


def _state(task: Path) -> str:
    """One letter, as /proc/PID/stat has it behind the name in brackets."""
    return (task / "stat").read_text().rpartition(") ")[2][0]


def _program() -> str:
    """Where mariadbd is: not in the PATH of an ordinary user."""
    found = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise RuntimeError("mariadbd is missing: apt-get install mariadb-server")
    return found

"""The way to a database on another machine: encrypted, or not at all, when the settings name an authority."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from support.mariadb import MariaDb, mariadb
from support.ports import free_port
from support.smtpserver import certificate

from engine.errors import ConfigurationError, DatabaseError
from engine.server.settings import Settings
from engine.server.store import database_of

CIPHER = text("SELECT VARIABLE_VALUE FROM information_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher'")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def encrypting(files: tuple[Path, Path]) -> Iterator[int]:
    """The port of a server with a certificate."""
    yield from _server(f"--ssl-cert={files[0]}", f"--ssl-key={files[1]}")


@pytest.fixture(scope="module")
def clear() -> Iterator[int]:
    """The port of one without."""
    yield from _server("--skip-ssl")


def _server(*options: str) -> Iterator[int]:
    port = free_port()
    with mariadb("--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}", *options) as server:
        _user(server)
        yield port


def _user(server: MariaDb) -> None:
    server.run("CREATE USER flowctl@'%' IDENTIFIED BY 'secret'; GRANT ALL ON test.* TO flowctl@'%'")


def settings(folder: Path, port: int, **more: object) -> Settings:
    (folder / "password").write_text("secret\n")
    (folder / "password").chmod(0o600)
    section = {"url": f"mysql://flowctl@127.0.0.1:{port}/test", "password_file": "password", **more}
    file = folder / "server.yaml"
    file.write_text("".join(["database:\n", *(f"  {key}: {value}\n" for key, value in section.items())]))
    return Settings.load(file)


async def cipher(settings: Settings) -> str | None:
    """With what the connection is encrypted, once the tables are made."""
    database = await asyncio.to_thread(database_of, settings)
    try:
        await database.upgrade()
        return await database.read(lambda connection: connection.scalar(CIPHER))
    finally:
        await database.close()


async def test_a_server_whom_the_authority_vouches_for(
    tmp_path: Path, encrypting: int, files: tuple[Path, Path]
) -> None:
    assert await cipher(await asyncio.to_thread(settings, tmp_path, encrypting, ca_file=files[0]))
    assert not await cipher(await asyncio.to_thread(settings, tmp_path, encrypting))


async def test_another_server_gets_nothing(tmp_path: Path, encrypting: int) -> None:
    (tmp_path / "other").mkdir()
    other, _ = await asyncio.to_thread(certificate, tmp_path / "other")
    with pytest.raises(DatabaseError, match="certificate verify failed"):
        await cipher(await asyncio.to_thread(settings, tmp_path, encrypting, ca_file=other))


async def test_one_that_does_not_encrypt_gets_nothing(tmp_path: Path, clear: int, files: tuple[Path, Path]) -> None:
    assert await cipher(await asyncio.to_thread(settings, tmp_path, clear)) == ""
    with pytest.raises(DatabaseError, match="does not encrypt"):
        await cipher(await asyncio.to_thread(settings, tmp_path, clear, ca_file=files[0]))


async def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    for name in ("password", "missing"):
        with pytest.raises(ConfigurationError, match=rf"database\.ca_file: .*{name}"):
            await cipher(await asyncio.to_thread(settings, tmp_path, 3306, ca_file=name))

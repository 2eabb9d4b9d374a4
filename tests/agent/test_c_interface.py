"""The C interface: a library built as users build it, and a program in C that is linked with it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from support.agentclients import proxy
from support.linkhouse import SEARCH, link_house, people
from support.served import ROOT, served
from support.sipua import SipUa

from drivers.virtual import Party
from tools.agent.c.numbers import MOST, CallNumbers

VOID = 9
"""What the program prints for a function without a result."""


class Told(NamedTuple):
    """A line of the program; `-` stands for NULL."""

    letter: str
    call: str
    cli: str
    name: str
    company: str
    ident: str
    centre: str
    channel: str
    command: str
    number: str
    reason: str


class Desk:
    """The program, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._told: asyncio.Queue[Told] = asyncio.Queue()
        self._results: asyncio.Queue[int] = asyncio.Queue()
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := (await self.process.stdout.readline()).decode():
            letter, *texts = line.removesuffix("\n").split("\t")
            if letter == "=":
                self._results.put_nowait(int(texts[0]))
            else:
                self._told.put_nowait(Told(letter, *texts))

    async def ask(self, *words: object) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write("\t".join(map(str, words)).encode("utf-8", "surrogateescape") + b"\n")
        return await self.result()

    async def result(self) -> int:
        async with asyncio.timeout(10):
            return await self._results.get()

    async def log_in(self, port: int, code: str = "1", extension: str = "-", server: str = "127.0.0.1") -> None:
        assert await self.ask("declare", "told") == VOID
        assert await self.ask("open", code, "secret", extension, server, port) == 1
        await self.got("A")

    async def got(self, letter: str) -> Told:
        """The next event, which is this one."""
        async with asyncio.timeout(10):
            told = await self._told.get()
        assert told.letter == letter, told
        return told

    async def end(self) -> tuple[int, str]:
        """What its end of input comes to: exit status, and what stood on standard error."""
        assert self.process.stdin is not None
        assert self.process.stderr is not None
        self.process.stdin.close()
        async with asyncio.timeout(10):
            errors = (await self.process.stderr.read()).decode()
            return await self.process.wait(), errors


@pytest.fixture(scope="module")
def built() -> Iterator[Path]:
    """The folder with the library and the program."""
    with TemporaryDirectory(prefix="agent-library-") as name:
        made, folder = Path(name) / "made", Path(name) / "desk"
        run(sys.executable, "-m", "tools.agent.c.build", made)
        # It is copied to a desk.
        made.rename(folder)
        compile_program(folder, Path(__file__).with_name("desk.c"), folder / "desk")
        yield folder


def compile_program(library: Path, source: Path, program: Path) -> None:
    strict = ("-std=c11", "-pedantic", "-Wall", "-Wextra", "-Werror")
    run("gcc", *strict, f"-I{library}", source, "-o", program, f"-L{library}", "-lagent", "-lpthread",
        f"-Wl,-rpath,{library}")  # fmt: skip


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@asynccontextmanager
async def desk(built: Path, **environment: str) -> AsyncIterator[Desk]:
    """Run the program, which ends well when its input does."""
    process = await asyncio.create_subprocess_exec(
        built / "desk", stdin=-1, stdout=-1, stderr=-1, cwd="/", env={**os.environ, **environment}
    )
    running = Desk(process)
    try:
        yield running
        assert await running.end() == (0, "")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await running.reader


def test_the_library_exports_the_nine_functions(built: Path) -> None:
    names = re.findall(r" T (\w+)", run("nm", "-D", "--defined-only", built / "libagent.so"))
    assert [name for name in names if not name.startswith("PyInit_")] == [
        "AgentAcceptCall", "AgentAvailable", "AgentCall", "AgentCloseSession", "AgentDeclareCallback",
        "AgentDeclareVariablesFile", "AgentOpenSession", "AgentRejectCall", "AgentUnavailable",
    ]  # fmt: skip


async def test_a_call_by_sip_from_log_in_to_log_out(built: Path, tmp_path: Path) -> None:
    variables = tmp_path / "Variables.txt"
    async with SipUa.open() as caller, SipUa.open() as phone, AsyncExitStack() as stack:
        agent = {"code": "201", "first_name": "Anne", "password": "secret", "phone": phone.uri("201")}
        pop = ["crm", "--number={caller}", "{name}", "{variables_file}"]
        centre = {"name": "support", "agents": ["201"], "screen_pop": pop}
        (tmp_path / "directory.yaml").write_text(json.dumps({"agents": [agent], "centres": [centre]}))
        (tmp_path / "directory.yaml").chmod(0o600)
        flow = SEARCH.replace("METHOD", "broadcast").replace("voice: en\n", "")
        anne = await stack.enter_async_context(desk(built))
        async with served(tmp_path, {"search.yaml": flow}) as server:
            assert await anne.ask("variables", variables) == VOID
            await anne.log_in(server.link_port, "201")
            call = await caller.invite("32", server.address, cli="0143670903")
            shown = await anne.got("P")
            assert shown[1:8] == ("1", "0143670903", "-", "-", "-", "support", shown.channel)
            assert "client : 4711\n" in variables.read_text()
            assert await anne.ask("accept", shown.channel) == 1
            rings = await phone.next_call(timeout=10)
            assert (await anne.got("H")).reason == "Anne has accepted"
            assert (await anne.got("X")).command == f"crm --number=+33143670903 '' {variables}"
            rings.ring()
            await rings.answer()
            await call.answered(timeout=10)
            assert (await anne.got("T"))[:2] == ("T", "1")
            await call.bye()
            await asyncio.wait_for(rings.over.wait(), 5)
            assert await anne.ask("close") == 1
        assert await anne.ask("available") == 0
        assert await anne.ask("close") == 0
        assert await anne.ask("open", "201", "secret", "-", "127.0.0.1", server.link_port) == 0


async def test_who_is_not_let_in_is_told(built: Path, tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, desk(built) as anne:
        await anne.ask("declare", "told")
        for code, password, letter in (("1", "wrong", "B"), ("9", "secret", "U")):
            assert await anne.ask("open", code, password, "17", "127.0.0.1", house.port) == 1
            await anne.got(letter)
            assert await anne.ask("available") == 0
        await anne.log_in(house.port, extension="17")
        assert house.services.centres.desk("1").phone == "17"


async def test_a_server_that_is_gone_takes_its_calls_with_it_and_comes_back(built: Path, tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, proxy(house.port) as between, desk(built) as anne:
        await anne.log_in(between.port)
        house.driver.call("32", "0143670903")
        shown = await anne.got("P")
        between.target = 1
        between.cut()
        gone = await anne.got("T")
        assert (gone.call, gone.channel, gone.reason == "-") == (shown.call, shown.channel, False)
        requests = [("accept", shown.channel), ("reject", "x"), ("unavailable",), ("available",), ("call", "17")]
        assert [await anne.ask(*request) for request in requests] == [0] * 5
        between.target = house.port
        await anne.got("A")
        assert (await anne.got("P")).call == shown.call


async def test_requests_from_the_callback_and_from_many_threads(built: Path, tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, desk(built) as anne:
        await anne.log_in(house.port)
        # Fewer than the 40 that the server takes at once.
        assert await anne.ask("threads") == 32
        await anne.ask("accepts")
        numbers = []
        for _ in range(3):
            party = house.driver.call("32", "0143670903")
            numbers.append((await anne.got("P")).call)
            assert await anne.result() == 1
            await anne.got("H")
            await anne.got("T")
            party.hang_up()
            async with asyncio.timeout(5):
                while house.services.centres.desk("1").state != "available":
                    await asyncio.sleep(0.01)
        assert numbers == ["1", "2", "3"]


async def test_the_requests_do_what_they_say(built: Path, tmp_path: Path) -> None:
    async with link_house(tmp_path, method="sequential") as house, desk(built) as anne:
        agent = house.services.centres.desk("1")
        await anne.log_in(house.port)
        await anne.ask("rejects")
        house.driver.call("32", "0143670903")
        await anne.got("?")
        assert await anne.result() == 1
        await anne.got("T")
        assert await anne.ask("unavailable") == 1
        await until(agent, "unavailable")
        assert await anne.ask("available") == 1
        await until(agent, "available")
        called: list[Party] = []

        def answer(party: Party) -> None:
            called.append(party)
            party.leg.accept()

        house.driver.phones["0143670903"] = answer
        assert await anne.ask("call", "0892123456", "record") == 1
        failed = await anne.got("F")
        assert (failed.number, failed.reason == "-") == ("0892123456", False)
        assert await anne.ask("call", "0143670903") == 1
        connected = await anne.got("C")
        called[0].hang_up()
        assert (await anne.got("T"))[:2] == ("T", connected.call)
        assert await anne.ask("close") == 1
        assert not agent.logged_in


async def until(agent: object, state: str) -> None:
    async with asyncio.timeout(5):
        while getattr(agent, "state", "") != state:
            await asyncio.sleep(0.01)


async def test_whom_nobody_calls_back_is_told_nothing_and_ends_without_a_word(built: Path, tmp_path: Path) -> None:
    variables = tmp_path / "Variables.txt"
    async with link_house(tmp_path) as house, desk(built) as anne:
        await anne.ask("variables", variables)
        await anne.log_in(house.port)
        assert await anne.ask("declare", "-") == VOID
        party = house.driver.call("32", "0143670903")
        async with asyncio.timeout(5):
            while not variables.exists():
                await asyncio.sleep(0.01)
        assert await anne.ask("available") == 1
        await anne.ask("declare", "told")
        party.hang_up()
        await anne.got("T")


async def test_what_makes_no_sense_is_not_sent(built: Path, tmp_path: Path) -> None:
    async with link_house(tmp_path) as house, desk(built) as anne:
        assert await anne.ask("available") == 0
        assert await anne.ask("open", "-", "-", "-", "-", -5) == 0
        await anne.log_in(house.port)
        assert await anne.ask("accept", "x" * 20_000) == 0
        assert await anne.ask("available") == 1
        process = await asyncio.create_subprocess_exec(built / "desk", stdin=-1, stdout=-1, stderr=-1)
        out, errors = await process.communicate(b"call\t\xe9\n")
        assert (out, b"UnicodeDecodeError" in errors, process.returncode) == (b"=\t0\n", True, 0)


async def test_the_trace_says_all_but_the_password(built: Path, tmp_path: Path) -> None:
    directory = people(screen_pop="https://crm.example.com/find/{cli}")
    trace = built / "PhoneAssistAgent.tra"
    async with link_house(tmp_path, directory) as house, desk(built) as anne:
        await anne.log_in(house.port)
        assert not trace.exists()
        await anne.ask("declare", "told", "debug")
        await anne.ask("variables", "Variables.txt")
        await anne.ask("variables", "sub/Variables.txt")
        await anne.ask("variables", "Variables.txt")
        await anne.ask("open", "1", "secret", "-", "127.0.0.1", house.port)
        await anne.got("A")
        house.driver.call("32", "..")
        shown = await anne.got("P")
        await anne.ask("accept", shown.channel)
        await anne.got("H")
        refused = await anne.got("X")
        assert (refused.command, refused.reason) == ("-", "the call's data would lead to another page")
        await anne.ask("accept", "x\r00:00:00 - forged")
    said = trace.read_text()
    assert trace.stat().st_mode & 0o777 == 0o600
    assert "secret" not in said
    assert "Userid 1 - Password *** - Extension  - Server 127.0.0.1 - Port" in said
    assert "AgentDeclareVariablesFile : sub/Variables.txt: give the whole path" in said
    assert re.search(r'(?m)^\d\d:\d\d:\d\d - Event : Type 65 - Call 0 - CLI "\(NULL\)" - CallerName "\(NULL\)"', said)
    assert f"AgentAcceptCall : {shown.channel}" in said
    assert "State(state='connecting'" in said
    assert all(re.match(r"\d\d:\d\d:\d\d - ", line) for line in said.splitlines())
    assert "client : 4711\n" in (built / "Variables.txt").read_text()


async def test_a_server_with_tls_must_be_who_it_says_it_is(built: Path, tmp_path: Path) -> None:
    files = {"certificate": tmp_path / "link.pem", "key": tmp_path / "link.key"}
    openssl = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=IP:127.0.0.1", "-out", files["certificate"], "-keyout", files["key"], stderr=-1,
    )  # fmt: skip
    await openssl.communicate()
    async with link_house(tmp_path, tls=files) as house:
        async with desk(built) as anne:
            assert await anne.ask("open", "1", "secret", "-", "tls://127.0.0.1", house.port) == 0
        async with desk(built, SSL_CERT_FILE=str(files["certificate"])) as anne:
            await anne.log_in(house.port, server="tls://127.0.0.1")


async def test_the_applications_own_python_settings_are_not_the_librarys(built: Path, tmp_path: Path) -> None:
    async with (
        link_house(tmp_path) as house,
        desk(built, PYTHONHOME="/nowhere", PYTHONPATH=str(tmp_path), PYTHONVERBOSE="1") as anne,
    ):
        await anne.log_in(house.port)


def test_without_its_modules_the_library_does_nothing_and_says_why(built: Path, tmp_path: Path) -> None:
    for name in ("agent.h", "libagent.so"):
        (tmp_path / name).write_bytes((built / name).read_bytes())
    compile_program(tmp_path, Path(__file__).with_name("desk.c"), tmp_path / "desk")
    done = subprocess.run([tmp_path / "desk"], input=b"available\n" * 2, check=True, capture_output=True)
    assert done.stdout == b"=\t0\n=\t0\n"
    assert b"No module named '_cffi_backend'" in done.stderr


async def test_the_program_of_the_page_takes_a_call(built: Path, tmp_path: Path) -> None:
    (text,) = re.findall(r"(?ms)^```c\n(.*?)^```$", (ROOT / "docs" / "agent-c.md").read_text())
    async with link_house(tmp_path) as house:
        told = text.replace("2957", str(house.port)).replace('"17"', "NULL").replace('"201"', '"1"')
        (tmp_path / "program.c").write_text(told)
        compile_program(built, tmp_path / "program.c", tmp_path / "program")
        process = await asyncio.create_subprocess_exec(tmp_path / "program", stdout=-1, stderr=-1)
        try:
            await until(house.services.centres.desk("1"), "available")
            house.driver.call("32", "0143670903")
            async with asyncio.timeout(10):
                out, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert (process.returncode, errors) == (0, b"")
    assert out.decode().splitlines() == ["call 1: 0143670903 waits", "call 1: taken by Agent1"]


def test_the_page_has_the_signatures_of_the_header() -> None:
    page = (ROOT / "docs" / "agent-c.md").read_text()
    header = (ROOT / "tools" / "agent" / "c" / "agent.h").read_text()
    signatures = re.findall(r"(?m)^((?:void|DWORD) Agent\w+\(.*\));$", header)
    assert len(signatures) == 9
    assert [one for one in signatures if f"`{one.replace('(void)', '()')}`" not in page] == []


def test_a_call_keeps_its_number_and_no_other_has_it() -> None:
    numbers = CallNumbers()
    assert [numbers.of(call) for call in ("a", "b", "", "a")] == [1, 2, 0, 1]
    for at in range(MOST - 1):
        numbers.of(str(at))
    assert numbers.of("a") == 1
    assert numbers.of("b") == MOST + 2

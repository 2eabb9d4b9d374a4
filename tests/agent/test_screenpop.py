"""Screen pops: what a caller's data and a server's commands cannot do."""

from __future__ import annotations

import json
import queue
import sys
from pathlib import Path

import pytest

from tools.agent import Event, Lost, PopRefused, ScreenPop, VariablesFile, WaitingCalls
from tools.agent import screenpop as module

HOSTILE = "; rm -rf ~ && $(id) `id` | cat > x \"'\n%0a{caller}"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Writes its arguments beside itself, as JSON."""
    path = tmp_path / "bin" / "crm"
    path.parent.mkdir()
    path.write_text(
        f"#!{sys.executable}\nimport json, sys, pathlib\n"
        "file = pathlib.Path(__file__).with_name('got')\n"
        "print('x' * 200_000)\n"
        "temporary = file.with_name('tmp')\n"
        "temporary.write_text(json.dumps(sys.argv[1:]))\n"
        "temporary.rename(file)\n"
    )
    path.chmod(0o755)
    return path


def x(*command: str, **facts: str) -> Event:
    return Event("X", **facts, command=command, variables={"client": "4711"})


def arguments(event: Event, program: Path, **more: VariablesFile) -> list[str]:
    return ScreenPop(commands=[str(program)], **more).command(event)[1:]


def test_a_program_gets_its_arguments_and_its_output_stops_nobody(program: Path, tmp_path: Path) -> None:
    file = VariablesFile(tmp_path / "Variables.txt")
    ended: queue.Queue[int | None] = queue.Queue()
    pop = ScreenPop(commands=[str(program)], variables_file=file)
    event = x(
        str(program), "--caller={caller}", "{name}", "{company}", "{variables_file}", caller="+331", name=HOSTILE
    )
    pop.run(event, ended.put)
    assert ended.get(timeout=10) == 0
    caller, name, company, variables = json.loads((program.parent / "got").read_text())
    assert (caller, company, variables) == ("--caller=+331", "", str(file.path))
    assert name == HOSTILE.replace("\n", " ").removeprefix("; ")
    assert file.path.read_text() == "client : 4711\n"


@pytest.mark.parametrize(
    ("argument", "value", "filled"),
    [
        ("{name}", "--delete", "delete"),
        ("{name}", "/delete", "delete"),
        ("{name}", "\u2014 @file", "file"),
        ("{name}", "+33143670903", "+33143670903"),
        ("{name}", "++1", "+1"),
        ("{name}", "+exec", "exec"),
        ("{name}", "-", ""),
        ("{cli}{name}", "-x", "x"),
        ("--name={name}", "-x", "--name=-x"),
        ("{name} and {unknown}", "{did}", "did} and {unknown}"),
        ("{name}", "a\0b\x1b[2J", "a b [2J"),
    ],
)
def test_what_a_caller_says_is_neither_an_option_nor_another_place(
    program: Path, argument: str, value: str, filled: str
) -> None:
    assert arguments(x(str(program), argument, name=value, did="32"), program) == [filled]


def test_a_program_that_nobody_allowed_is_not_run(program: Path) -> None:
    pop = ScreenPop(commands=[str(program)])
    for command in ("crm", "sh", f"{program} x", str(program.parent / "." / ".." / "bin" / "crm"), "{name}"):
        with pytest.raises(PopRefused, match="--allow-command"):
            pop.command(x(command, name=str(program)))
    with pytest.raises(PopRefused, match="no program can be given"):
        pop.command(x(str(program), "a\0b"))


@pytest.mark.parametrize("name", ["sh", "bash", "env", "python3", sys.executable, "/usr/bin/perl", "no-such-program"])
def test_what_runs_anything_cannot_be_allowed(name: str) -> None:
    with pytest.raises(ValueError, match=r"whatever it is told|no such program"):
        ScreenPop(commands=[name])


def test_a_bare_name_is_found_on_the_path_when_it_is_allowed(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    pop = ScreenPop(commands=["crm"])
    monkeypatch.setenv("PATH", "/elsewhere")
    assert pop.command(x("crm", "1")) == [str(program), "1"]


def url(template: str, hosts: tuple[str, ...] = ("crm.example",), **facts: str) -> str:
    return ScreenPop(hosts=hosts).command(Event("X", **facts, command=template))[-1]


def test_data_in_a_url_are_encoded() -> None:
    assert (
        url("https://crm.example/q?n={caller}&x={name}#{did}", caller="+331", name="a&b=/?#é ", did="3")
        == "https://crm.example/q?n=%2B331&x=a%26b%3D%2F%3F%23%C3%A9%20#3"
    )
    assert url("HTTPS://CRM.Example:8443/{name}", name="../..//evil") == "HTTPS://CRM.Example:8443/..%2F..%2F%2Fevil"


@pytest.mark.parametrize(
    "template",
    [
        "https://{name}/",
        "https://crm.example{name}/",
        "https://crm.example@{name}/",
        "https://crm.example:{name}/",
        "https://user@crm.example/",
        "https://crm.example\\{name}",
        "https:{name}",
        "javascript:alert('{name}')",
        "file:///etc/{name}",
        "crm.example/{name}",
        "https://crm.example/{name}/list",
        "https://crm.example/{cli}{name}",
        "https://[::1/",
        "https://crm.example/{variables_file}",
        "https://crm.example/ {name}",
        "https://other.example/",
        "https://www.crm.example/",
        "",
    ],
)
def test_other_urls_are_not_opened(template: str) -> None:
    with pytest.raises(PopRefused):
        url(template, name="..", cli="")


def test_the_browser_is_started_with_the_url_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\nprintf "%s|" "$@" > "$0.got"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    ended: queue.Queue[int | None] = queue.Queue()
    ScreenPop(hosts=["crm.example"]).run(Event("X", command="https://crm.example/{name}", name="a b;c"), ended.put)
    assert ended.get(timeout=10) == 0
    assert (tmp_path / "browser.got").read_text() == "https://crm.example/a%20b%3Bc|"


def test_a_program_is_killed_after_its_limit_and_only_so_many_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_AT_ONCE", 1)
    ended: queue.Queue[int | None] = queue.Queue()
    pop = ScreenPop(commands=["sleep"], limit=0.2)
    pop.run(x("sleep", "60"), ended.put)
    with pytest.raises(PopRefused, match="1 programs"):
        pop.run(x("sleep", "60"), ended.put)
    assert ended.get(timeout=10) is None


def test_without_its_variables_no_program_is_run(program: Path, tmp_path: Path) -> None:
    file = VariablesFile(tmp_path / "gone" / "Variables.txt")
    with pytest.raises(OSError, match="gone"):
        ScreenPop(commands=[str(program)], variables_file=file).run(x(str(program)), print)
    assert not (program.parent / "got").exists()


def test_calls_that_wait_are_those_whose_end_has_not_been_told() -> None:
    calls = WaitingCalls()
    assert calls.tell(Event("P", call="1"))
    assert not calls.tell(Event("P", call="1"))
    assert calls.tell(Event("?", call="2"))
    calls.tell(Event("H", call="1", reason="taken by Anne"))
    assert ([one.taken for one in calls.all], len(calls.free)) == (["taken by Anne", ""], 1)
    calls.tell(Event("S", call="1"))
    assert len(calls.free) == 2
    calls.tell(Event("T", call="2"))
    assert [one.event.call for one in calls.all] == ["1"]
    calls.tell(Lost("cut"))
    assert calls.all == []

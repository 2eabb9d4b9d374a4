"""The language server, asked through the protocol as an editor does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.lspclient import Editor
from support.wav import write_wav

from engine.audio.clip import Clip
from engine.scenario.check import check
from tools.flowctl.formatter import formatted

TEXT = """\
format: 1
name: hello
did: ["100"]
voice: en
variables:
  region: {default: "75"}
start: choose
nodes:
  choose:
    type: menu
    prompt: [welcome.wav, {say: "Région ${region} 🙂"}]
    options: {"1": sales, "2": "after hours"}
    on: {no_input: end, no_match: choose}
    attempts: 2
  sales:
    type: agent_search
    centre: support
    method: broadcast
    timeout: 30s
    on: {transferred: end, nobody: after hours, timeout: end}
  after hours: {type: play, prompt: [menu.wav], next: end}
"""

SOUND = Clip(b"\x00\x20\x00\xe0" * 8000)

DIRECTORY = """\
agents: [{code: "201", phone: "sip:201@127.0.0.1:5090"}]
centres: [{name: support, agents: ["201"]}, {name: sales, agents: ["201"]}]
"""


@pytest.fixture
async def editor() -> AsyncIterator[Editor]:
    started = await Editor.start()
    yield started
    assert await started.stop() == 0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "prompts" / "en").mkdir(parents=True)
    write_wav(tmp_path / "prompts" / "welcome.wav", SOUND)
    write_wav(tmp_path / "prompts" / "en" / "menu.wav", SOUND)
    (tmp_path / "directory.yaml").write_text(DIRECTORY)
    return tmp_path / "scenario.yaml"


def labels(answer: dict[str, Any]) -> list[str]:
    return [item["label"] for item in answer["items"]]


def replaced(line: str, edits: list[dict[str, Any]]) -> str:
    """A line after edits of it, as an editor applies them."""
    for edit in sorted(edits, key=lambda edit: -edit["range"]["start"]["character"]):
        start, end = edit["range"]["start"]["character"], edit["range"]["end"]["character"]
        line = line[:start] + edit["newText"] + line[end:]
    return line


async def test_the_same_findings_as_validate_while_typing(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    assert await editor.diagnostics(uri) == []
    broken = TEXT.replace("next: end", "next: ent").replace('"1": sales', '"1": sails')
    editor.change(uri, broken)
    shown = await editor.diagnostics(uri)
    checked = await asyncio.to_thread(check, file, broken)
    findings = [found for found in checked.diagnostics if found.severity != "information"]
    assert [d["code"] for d in shown] == [found.rule for found in findings]
    assert "E1001" in {d["code"] for d in shown}
    for d, found in zip(shown, findings, strict=True):
        assert (d["range"]["start"]["line"], d["range"]["start"]["character"]) == (found.line - 1, found.column - 1)
        assert d["message"] == f"{found.message}\n{found.hint}" if found.hint else found.message
    editor.change(uri, TEXT)
    assert await editor.diagnostics(uri) == []


async def test_columns_are_counted_in_utf_16(editor: Editor, file: Path) -> None:
    text = TEXT.replace('${region} 🙂"', '🙂 ${regoin}"')
    uri = editor.open(file, text)
    line = next(line for line in text.splitlines() if "regoin" in line)
    (found,) = [d for d in await editor.diagnostics(uri) if d["code"] == "E6001"]
    assert found["range"]["start"]["character"] == line.index("regoin") + 1


async def test_broken_text_is_a_finding_and_no_crash(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    for text in ("", "\t{[", "format: 1\nnodes: [", "\ufeff", "a: &x [*x]", "nodes: {a: {type: 7}}", "- " * 3000):
        editor.change(uri, text)
        assert await editor.diagnostics(uri)
    assert await editor.at("hover", uri, "- - ", "- |- ") is None


async def test_a_test_file_and_a_server_file_are_not_scenarios(editor: Editor, file: Path) -> None:
    editor.open(file.with_name("scenario.test.yaml"), "scenario: x\n")
    editor.open(file.with_name("server.yaml"), "data: x\n")
    uri = editor.open(file, TEXT)
    assert await editor.diagnostics(uri) == []


async def test_an_unsaved_scenario_that_another_calls(editor: Editor, file: Path) -> None:
    outer = """\
format: 1
name: outer
did: ["7"]
start: a
nodes:
  a: {type: scenario, name: inner, on: {done: end}}
"""
    inner = "format: 1\nname: inner\nstart: a\nnodes:\n  a: {type: return, outcome: done}\n"
    beside = file.with_name("inner.yaml")
    await asyncio.to_thread(beside.write_text, inner)
    uri = editor.open(file, outer)
    assert await editor.diagnostics(uri) == []
    editor.open(beside, inner.replace("name: inner", "name: renamed"))
    editor.tell("textDocument/didSave", textDocument={"uri": uri})
    assert [d["code"] for d in await editor.diagnostics(uri)] == ["E1009"]


COMPLETIONS = {
    "nodes for a target": ("no_match: choose", "no_match: |", ["choose", "sales", "after hours", "end"]),
    "a target that is half written": ("no_match: choose", "no_match: cho|", ["choose"]),
    "node types": ("type: menu", "type: |", ["menu", "play", "agent_search", "voicemail"]),
    "parameters": ("attempts: 2", "att|", ["timeout", "interdigit_timeout", "attempts"]),
    "parameters in braces": ("type: play, prompt", "type: play, bar|, prompt", ["barge_in", "repeat"]),
    "outcomes": ("timeout: end}", "|}", ["timeout", "full", "key", "error"]),
    "words to choose from": ("method: broadcast", "method: |", ["broadcast", "sequential"]),
    "names in a text": ("${region}", "${re|", ["region", "call.cli", "now", "centre.support.available"]),
    "sounds": ("[welcome.wav, ", "[|", ["welcome.wav", "menu.wav", "say", "digits"]),
    "centres of the directory": ("centre: support", "centre: |", ["support", "sales"]),
    "the top of the file": ("voice: en", "v|", ["voice", "max_duration", "on_error"]),
}


async def test_completion(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    for what, (old, new, expected) in COMPLETIONS.items():
        assert old in TEXT, what
        text, needle = TEXT.replace(old, new.replace("|", ""), 1), _around(TEXT, old, new)
        editor.change(uri, text)
        answer = await editor.at("completion", uri, text, needle)
        assert set(expected) <= set(labels(answer)), what
        edit = next(item for item in answer["items"] if item["label"] == expected[0])["textEdit"]
        row = text.splitlines()[edit["range"]["start"]["line"]]
        typed = row[edit["range"]["start"]["character"] : edit["range"]["end"]["character"]]
        assert new.split("|")[0].endswith(typed), what


def _around(text: str, old: str, new: str) -> str:
    """The changed place with enough of its surroundings to be the only one, the cursor marked."""
    before, after = text.split(old, 1)
    return before[-40:] + new + after[:40]


@pytest.mark.parametrize(
    ("old", "new", "needle", "offered"),
    [
        ("on: {known: end, other: end}", "on: {known: end, }", "end, |}", ["other", "error"]),
        ("inputs: {number: region}", "inputs: {}", "{|}", ["number", "hint"]),
        ("outputs: {region: number}", "outputs: {region: }", "region: |}", ["number", "hint"]),
    ],
)
async def test_completion_knows_the_scenario_that_is_called(
    editor: Editor, file: Path, old: str, new: str, needle: str, offered: list[str]
) -> None:
    inner = """\
format: 1
name: inner
variables: {number: {}, hint: {default: ""}}
start: which
nodes:
  which: {type: branch, cases: [{when: number == hint, next: known}], default: other}
  known: {type: return, outcome: known}
  other: {type: return, outcome: other}
"""
    (file.parent / "inner.yaml").write_text(inner)
    call = (
        "{type: scenario, name: inner, inputs: {number: region}, outputs: {region: number}, "
        "on: {known: end, other: end}}"
    )
    text = TEXT.replace("{type: play, prompt: [menu.wav], next: end}", call)
    uri = editor.open(file, text)
    assert [d for d in await editor.diagnostics(uri) if d["severity"] == 1] == []
    text = text.replace(old, new)
    editor.change(uri, text)
    await editor.diagnostics(uri)
    assert labels(await editor.at("completion", uri, text, needle)) == offered


async def test_completion_offers_no_key_twice(editor: Editor, file: Path) -> None:
    text = TEXT.replace("    attempts: 2\n", "    \n")
    uri = editor.open(file, text)
    await editor.diagnostics(uri)
    answer = await editor.at("completion", uri, text, "no_match: choose}\n    |\n")
    assert "attempts" in labels(answer)
    assert not {"type", "prompt", "options", "on"} & set(labels(answer))


HOVERS = {
    "a node type": ("type: ag|ent_search", "Offers the call"),
    "a parameter": ("atte|mpts: 2", "How many times the caller is asked"),
    "a target": ('"1": sa|les', "**sales**: agent_search"),
    "the name of a node": ("  cho|ose:\n", "**choose**: menu"),
    "a variable in a text": ("${reg|ion}", "**region**: a text"),
    "a sound": ("[welc|ome.wav, ", "welcome.wav"),
    "an outcome": ("nob|ody: after", "Outcome `nobody`"),
}


async def test_hover(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    for needle, expected in HOVERS.values():
        answer = await editor.at("hover", uri, TEXT, needle)
        assert expected in answer["contents"]["value"]


async def test_definition_of_a_node_a_variable_and_a_sound(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    node = await editor.at("definition", uri, TEXT, "nobody: after| hours")
    assert (node["uri"], node["range"]["start"]["line"]) == (uri, TEXT[: TEXT.index("  after hours:")].count("\n"))
    variable = await editor.at("definition", uri, TEXT, "${reg|ion}")
    assert variable["range"]["start"] == {"line": 5, "character": 2}
    sound = await editor.at("definition", uri, TEXT, "[welcome|.wav, ")
    assert sound["uri"].endswith("/prompts/welcome.wav")
    assert await editor.at("definition", uri, TEXT, "timeout: 3|0s") is None


async def test_references_of_a_node(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    found = await editor.at("references", uri, TEXT, "start: cho|ose", context={"includeDeclaration": True})
    assert [place["range"]["start"]["line"] for place in found] == [8, 6, 12]


async def test_rename_a_node_everywhere_and_in_the_tests_beside(editor: Editor, file: Path) -> None:
    beside = file.with_name("scenario.test.yaml")
    beside.write_text("scenario: scenario.yaml\ntests:\n  - name: x\n    expect: {path: [choose, after hours]}\n")
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    answer = await editor.at("rename", uri, TEXT, '"2": "aft|er hours"', newName="yes")
    lines = TEXT.splitlines()
    for edit in answer["changes"][uri]:
        number = edit["range"]["start"]["line"]
        lines[number] = replaced(lines[number], [edit])
    renamed = "\n".join(lines) + "\n"
    assert "after hours" not in renamed
    assert 'nobody: "yes"' in renamed
    editor.change(uri, renamed)
    assert await editor.diagnostics(uri) == []
    (in_test,) = answer["changes"][beside.as_uri()]
    assert replaced(beside.read_text().splitlines()[3], [in_test]) == '    expect: {path: [choose, "yes"]}'


async def test_a_name_that_cannot_be(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    for name in ("end", "sales", "a/b", "", " x"):
        with pytest.raises(RuntimeError, match="node"):
            await editor.at("rename", uri, TEXT, "start: cho|ose", newName=name)


async def test_a_refusal_leaves_no_traceback_in_the_editors_log(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    editor = await Editor.start()
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    with pytest.raises(RuntimeError, match="node"):
        await editor.at("rename", uri, TEXT, "start: cho|ose", newName="sales")
    assert await editor.stop() == 0
    assert "Traceback" not in capfd.readouterr().err


async def test_outline(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT)
    await editor.diagnostics(uri)
    found = await editor.ask("textDocument/documentSymbol", textDocument={"uri": uri})
    assert [(s["name"], s["detail"]) for s in found] == [
        ("choose", "menu"),
        ("sales", "agent_search"),
        ("after hours", "play"),
    ]


async def test_formatting_is_that_of_fmt(editor: Editor, file: Path) -> None:
    uri = editor.open(file, TEXT.replace("    attempts: 2\n", "    attempts:    2\n"))
    options = {"tabSize": 2, "insertSpaces": True}
    (edit,) = await editor.ask("textDocument/formatting", textDocument={"uri": uri}, options=options)
    assert edit["newText"] == await asyncio.to_thread(formatted, TEXT.encode(), "scenario.yaml")
    editor.change(uri, "a: [")
    assert await editor.ask("textDocument/formatting", textDocument={"uri": uri}, options=options) is None

"""`flowctl graph`: what is drawn of a scenario, with mistakes or without, in three forms."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from support.scenarios import scenario
from typer.testing import CliRunner

from engine.scenario.check import draft_of
from engine.scenario.project import Project
from tools.flowctl.commands import graph as command
from tools.flowctl.graph import measure, words
from tools.flowctl.graph.dot import to_dot
from tools.flowctl.graph.mermaid import to_mermaid
from tools.flowctl.graph.model import Graph, make_graph
from tools.flowctl.graph.sketch import Sketch, sketch
from tools.flowctl.graph.svg import to_svg

ROOT = Path(__file__).parents[2]
CALL_CENTRE = ROOT / "flows/call_centre/scenario.yaml"
SVG = "{http://www.w3.org/2000/svg}"

NODES = """
a: {type: play, prompt: [a.wav], next: b}
b: {type: hours, week: {mon-fri: ["08:00-20:00"]}, holidays: FR, on: {open: c, closed: d, holiday: d, error: d}}
c: {type: menu, prompt: [c.wav], options: {"1": a, "2": c, "3": end}, on: {no_input: d, no_match: d}}
d: {type: hangup}
"""
BROKEN = """
a: {type: menu, prompt: [a.wav], options: {"1": b, "2": nowhere, "3": d}, on: {no_input: end}}
b: {type: hours, week: {mon-fri: ["08:00-20:00"]}, holidays: FR, on: {open: end}}
c: {type: play, prompt: [c.wav], next: end}
d: {type: plya, next: end}
e: 5
"""


def made(text: str, path: Path = Path("test.yaml")) -> Graph:
    draft = draft_of(path, text.encode(), Project.around(path))
    assert draft is not None
    return make_graph(draft)


def large(size: int = 13) -> str:
    """A company with as many departments, nine nodes each, that share two messages."""
    lines = [
        "start: {type: menu, prompt: [x.wav], options: {"
        + ", ".join(f'"{number:02}": ask{number}' for number in range(size))
        + "}, on: {no_input: bye, no_match: bye}}"
    ]
    for n in range(size):
        lines += [
            f"ask{n}: {{type: collect, prompt: [x.wav], variable: v, on: {{collected: branch{n}, no_input: sorry}}}}",
            f"branch{n}: {{type: branch, cases: [{{when: \"v == '1'\", next: vip{n}}}], default: find{n}}}",
            f"vip{n}: {{type: bridge, to: 'sip:a@b', on: {{ended: end, busy: find{n}, no_answer: find{n}, "
            f"rejected: find{n}, failed: find{n}, error: sorry}}}}",
            f"find{n}: {{type: agent_search, centre: x, method: broadcast, timeout: 30s, on: {{transferred: end, "
            f"nobody: busy{n}, timeout: busy{n}}}}}",
            f'busy{n}: {{type: menu, prompt: [x.wav], options: {{"1": find{n}, "2": mail{n}, "9": start}}}}',
            f"mail{n}: {{type: voicemail, mailbox: x, on: {{recorded: saved{n}, empty: bye}}}}",
            f"saved{n}: {{type: play, prompt: [x.wav], next: more{n}}}",
            f'more{n}: {{type: menu, prompt: [x.wav], options: {{"1": start, "2": wait{n}}}, on: {{no_input: bye}}}}',
            f"wait{n}: {{type: wait, duration: 3s, next: ask{(n + 1) % size}}}",
        ]
    lines += ["sorry: {type: play, prompt: [x.wav], next: bye}", "bye: {type: play, prompt: [x.wav], next: end}"]
    return scenario("\n".join(lines), start="start")


def check(drawn: Sketch) -> None:
    """No box on a box, no text on a box or another text, and every line at its boxes."""
    areas = [*drawn.layout.areas.values(), *drawn.layout.labels.values()]
    for first, second in combinations(areas, 2):
        assert not first.overlaps(second)
    for link, points in zip(drawn.lines, drawn.layout.lines, strict=True):
        for key, (x, y) in ((link.source, points[0]), (link.target, points[-1])):
            area = drawn.layout.areas[key]
            assert area.x - 0.5 <= x <= area.x + area.width + 0.5
            assert area.y - 0.5 <= y <= area.y + area.height + 0.5


def texts_outside(svg: str) -> list[str]:
    """The texts of a drawing that leave its page."""
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    found = []

    def walk(element: ET.Element, x: float, y: float) -> None:
        if move := re.match(r"translate\(([-\d.]+) ([-\d.]+)\)", element.attrib.get("transform", "")):
            x, y = x + float(move[1]), y + float(move[2])
        if element.tag == f"{SVG}text":
            kind = element.attrib["class"].split()[0]
            size = {"title": 18.0, "subtitle": 12.0, "name": 14.0, "label": 11.5}.get(kind, 11.0)
            text = element.text or ""
            long = measure.width(text, size, bold=kind in ("title", "name", "pill-text"))
            left = x + float(element.attrib["x"]) - (0 if kind in ("title", "subtitle", "legend") else long / 2)
            top = y + float(element.attrib["y"]) - size
            if left < 0 or top < 0 or left + long > width or top + size > height:
                found.append(text)
        for child in element:
            walk(child, x, y)

    walk(root, 0.0, 0.0)
    return found


def labels(graph: Graph) -> dict[tuple[str, str], list[str]]:
    return {
        (link.source.removeprefix("node:"), link.target.removeprefix("node:")): [label.text for label in link.labels]
        for link in graph.links
    }


def test_outcomes_that_lead_to_one_node_share_a_line_and_errors_have_their_own() -> None:
    found = labels(made(scenario(NODES)))
    assert found["b", "c"] == ["open"]
    assert found["c", "d"] == ["no_input", "no_match"]
    links = [link for link in made(scenario(NODES)).links if (link.source, link.target) == ("node:b", "node:d")]
    assert [([label.text for label in link.labels], link.error) for link in links] == [
        (["closed", "holiday"], False),
        (["error"], True),
    ]


def test_boxes_say_type_name_and_what_the_node_does() -> None:
    boxes = made(scenario(NODES, top='did: ["32"]')).boxes
    assert boxes["entry:start"].lines == ("32",)
    assert (boxes["node:a"].type, boxes["node:a"].lines) == ("play", ("a.wav",))
    assert boxes["node:b"].lines == ("mon-fri 08:00-20:00", "holidays FR")
    assert boxes["node:a"].line == 6


def test_each_end_is_drawn_where_it_is_reached() -> None:
    ends = [box for box in made(CALL_CENTRE.read_text(), CALL_CENTRE).boxes.values() if box.kind == "end"]
    assert len(ends) == 5


def test_mistakes_are_marked() -> None:
    drawn = made(scenario(BROKEN, top="on_error: a"))
    assert drawn.boxes["missing:nowhere:node:a"].kind == "missing"
    assert labels(drawn)["b", "unwired-implicit:b"] == ["closed", "holiday"]
    assert labels(drawn)["a", "end-implicit:a"] == ["no_match"]
    assert [box.name for box in drawn.boxes.values() if box.unreachable] == ["c", "e"]
    assert drawn.boxes["node:d"].type == "plya?"
    assert drawn.boxes["node:e"].type == "no type"
    assert labels(drawn)["entry:on_error", "a"] == [""]


def test_a_branch_shows_its_conditions() -> None:
    text = scenario(
        "a: {type: branch, cases: [{when: 'call.cli == \"1\"', next: end}], default: b}\nb: {type: hangup}"
    )
    assert [label.text for link in made(text).links for label in link.labels] == ['call.cli == "1"', "else"]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize("text", [NODES, BROKEN, "a: {type: hangup}"], ids=["clean", "broken", "one node"])
def test_nothing_overlaps_and_no_text_leaves_the_page(text: str, direction: str) -> None:
    drawn = sketch(made(scenario(text)), direction)  # type: ignore[arg-type]
    check(drawn)
    assert texts_outside(to_svg(drawn)) == []


def test_call_centre_is_drawn_with_few_crossings() -> None:
    drawn = sketch(made(CALL_CENTRE.read_text(), CALL_CENTRE))
    check(drawn)
    assert drawn.layout.crossings <= 3
    assert drawn.layout.width < 1000
    assert drawn.layout.height < 1200


@pytest.mark.parametrize("direction", ["TB", "LR", None])
def test_120_nodes_fit_a_readable_page_in_less_than_two_seconds(direction: str | None) -> None:
    graph = made(large())
    assert sum(box.kind == "node" for box in graph.boxes.values()) == 120
    before = time.perf_counter()
    drawn = sketch(graph, direction)  # type: ignore[arg-type]
    svg = to_svg(drawn)
    assert time.perf_counter() - before < 2.0
    check(drawn)
    assert texts_outside(svg) == []
    assert drawn.layout.crossings <= 40
    assert drawn.layout.width * drawn.layout.height < 20_000_000
    if direction is None:
        assert 1 / 3 < drawn.layout.width / drawn.layout.height < 3


def test_a_far_line_of_a_large_drawing_is_a_jump_with_a_link_to_its_node() -> None:
    svg = ET.fromstring(to_svg(sketch(made(large()), "TB")))
    ids = {element.attrib["id"] for element in svg.iter() if "id" in element.attrib}
    jumps = [element.attrib["href"] for element in svg.iter(f"{SVG}a")]
    assert "#node-bye" in jumps
    assert {jump.removeprefix("#") for jump in jumps} <= ids


def test_a_way_back_to_the_same_node_is_a_jump() -> None:
    drawn = sketch(made(scenario(NODES)))
    assert [box.name for box in drawn.graph.boxes.values() if box.kind == "jump"] == ["c"]


def test_the_svg_stands_alone() -> None:
    svg = to_svg(sketch(made(CALL_CENTRE.read_text(), CALL_CENTRE)))
    assert "<script" not in svg
    assert re.findall(r"https?://[^\"]*", svg) == ["http://www.w3.org/2000/svg"]
    assert "@import" not in svg
    assert "prefers-color-scheme: dark" in svg
    root = ET.fromstring(svg)
    assert root.find(f"{SVG}title").text == "call_centre"  # type: ignore[union-attr]
    description = root.find(f"{SVG}desc").text or ""  # type: ignore[union-attr]
    assert "opening (hours): open: find_agent; closed, holiday: closed_message." in description


AWKWARD = ['a <b> & "c"', "end of it", "graph", "ein Büro → 東京", "it's `x` \\", "#35; %", "x; y|z]", "click"]


def awkward() -> str:
    names = ["first", *AWKWARD]
    nodes = [
        f"{json.dumps(a)}: {{type: wait, duration: 1s, next: {json.dumps(b)}}}"
        for a, b in zip(names, [*names[1:], "first"], strict=True)
    ]
    return scenario("\n".join(nodes), start="first")


def test_awkward_names_are_texts_in_the_svg() -> None:
    svg = to_svg(sketch(made(awkward())))
    shown = {element.text for element in ET.fromstring(svg).iter(f"{SVG}text")}
    assert set(AWKWARD) <= shown


def test_control_characters_do_not_break_the_svg() -> None:
    ET.fromstring(to_svg(sketch(made(scenario('a: {type: bridge, to: "a\\x01\\u2028b", next: end}')))))


def dot_tokens(text: str) -> list[str]:
    """The tokens of a DOT text; fails for anything that its grammar does not have."""
    token = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[\[\]{}=,;]|[A-Za-z_][\w]*|-?\d+(?:\.\d+)?)')
    found, at = [], 0
    while text[at:].strip():
        match = token.match(text, at)
        assert match is not None, text[at : at + 60]
        found.append(match[1])
        at = match.end()
    return found


@pytest.mark.parametrize("text", [scenario(NODES), scenario(BROKEN), awkward()], ids=["clean", "broken", "awkward"])
def test_dot_follows_the_grammar(text: str) -> None:
    drawn = made(text)
    tokens = dot_tokens(to_dot(drawn))
    assert tokens[0] == "digraph"
    assert (tokens[2], tokens[-1]) == ("{", "}")
    assert tokens.count("->") == len(drawn.links)
    assert tokens.count("[") == tokens.count("]") == tokens.count(";")
    inside, statement = False, []
    for token in tokens[3:-1]:
        if token == ";":
            assert statement[0].startswith('"') or statement[0] in ("graph", "node", "edge"), statement
            statement = []
            continue
        inside = token == "[" or (inside and token != "]")
        if not inside or token not in "[,":
            statement.append(token)


MERMAID_TEXT = r'"(?:[\w .,:;+\-=/()\'×%·“”…€→?!]|#\d+;|<br/>)*"'
MERMAID = [
    rf"n\d+(?:\(\[|\[\[|\{{\{{|\[\(|\[/|\(|\[|\{{){MERMAID_TEXT}(?:\]\)|\]\]|\}}\}}|\)\]|/\]|\)|\]|\}})(?::::\w+)?",
    rf"n\d+ (?:-->|-\.->)(?:\|{MERMAID_TEXT}\|)? n\d+",
    r"linkStyle \d+ [\w:#,\- ]+",
    r"classDef \w+ [\w:#,\- ]+",
]


@pytest.mark.parametrize("text", [scenario(NODES), scenario(BROKEN), awkward()], ids=["clean", "broken", "awkward"])
def test_mermaid_follows_its_grammar(text: str) -> None:
    drawn = made(text)
    fence, title, other, first, *lines = to_mermaid(drawn, "LR").splitlines()
    assert (fence, other, first) == ("---", "---", "flowchart LR")
    assert json.loads(title.removeprefix("title: ")) == drawn.name
    for line in lines:
        assert any(re.fullmatch(form, line.strip()) for form in MERMAID), line
    declared = {match[1] for line in lines if (match := re.match(r"  (n\d+)[\[({]", line))}
    used = {name for line in lines if re.search(r"-->|-\.->", line) for name in re.findall(r"\bn\d+\b", line)}
    assert len(declared) == len(drawn.boxes)
    assert used <= declared


def covered(tmp_path: Path, **parts: object) -> tuple[Path, Path]:
    file, data = tmp_path / "scenario.yaml", tmp_path / "coverage.json"
    file.write_text(scenario(NODES))
    data.write_text(json.dumps({"scenarios": {"scenario.yaml": parts}}))
    return file, data


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(command.app, [str(argument) for argument in arguments], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


EDGES = {"a": {"next": 3}, "b": {"open": 2, "closed": 1}, "c": {"3": 2}}


def test_coverage_is_an_overlay(tmp_path: Path) -> None:
    file, data = covered(tmp_path, nodes={"a": 3, "b": 3, "c": 2, "d": 1}, edges=EDGES)
    code, svg, _ = run(file, "--coverage", data)
    assert code == 0
    root = ET.fromstring(svg)
    assert root.find(f"{SVG}title").text == "test: 57.1 % walked by tests"  # type: ignore[union-attr]
    lines = [
        (line.attrib["class"], line.find(f"{SVG}title").text)
        for line in root.iter(f"{SVG}path")  # type: ignore[union-attr]
        if line.attrib["class"].startswith("line") and line.find(f"{SVG}title") is not None
    ]
    assert ("line walked", "closed") in lines
    assert ("line unwalked", "holiday") in lines
    shown = {element.text for element in root.iter(f"{SVG}text")}
    assert {"closed (1)", "holiday", "open (2)", "(3)"} <= shown


def test_the_overlay_counts_as_the_tests_do(tmp_path: Path) -> None:
    """The file of `flowctl test` lists on_error too, as one way more."""
    from tools.flowctl.graph.coverage import read_coverage, with_coverage

    file, data = covered(tmp_path, nodes={"a": 1}, edges={"a": {"next": 1}}, on_error=0)
    file.write_text(scenario(NODES, top="on_error: d"))
    counted = with_coverage(made(file.read_text(), file), read_coverage(data, file))
    assert counted.coverage is not None
    assert counted.coverage.text == "1 of 4 nodes, 1 of 11 outcomes"
    assert [link.walked for link in counted.links if link.source == "entry:on_error"] == [False]


def test_the_other_forms_show_coverage_too(tmp_path: Path) -> None:
    file, data = covered(tmp_path, nodes={"a": 3}, edges=EDGES)
    assert "closed (1)" in run(file, "--coverage", data, "--format", "dot")[1]
    mermaid = run(file, "--coverage", data, "--format", "mermaid")[1]
    assert '|"closed (1)"|' in mermaid
    assert "35.7 % walked by tests (1 of 4 nodes, 4 of 10 outcomes)" in mermaid


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"scenarios": {"other.yaml": {}}}', "it is not about"),
        ("[]", "not a file of `flowctl test --coverage-file`"),
        ("{", "not a file of `flowctl test --coverage-file`"),
        ('{"scenarios": {"scenario.yaml": {"nodes": []}}}', "not a file of"),
    ],
)
def test_coverage_of_something_else_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file, data = covered(tmp_path)
    data.write_text(content)
    code, out, err = run(file, "--coverage", data)
    assert (code, out) == (2, "")
    assert said in err


def test_the_output_goes_to_a_file(tmp_path: Path) -> None:
    target = tmp_path / "drawing.svg"
    assert run(CALL_CENTRE, "--output", target) == (0, "", "")
    ET.fromstring(target.read_text(encoding="utf-8"))
    assert run(CALL_CENTRE, "--output", tmp_path / "no" / "x.svg")[0] == 2


def test_a_file_with_mistakes_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(scenario(BROKEN))
    code, svg, _ = run(file)
    assert code == 0
    assert "leads nowhere" in svg
    assert "no path leads here" in svg


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"a: [", b"- 1", b"format: 1\nname: x\nstart: a\nnodes: {}\n"])
def test_nothing_to_draw(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_bytes(content)
    code, out, err = run(file)
    assert (code, out) == (2, "")
    assert "scenario.yaml" in err


def test_refused_options() -> None:
    assert run(CALL_CENTRE, "--format", "png")[0] == 2
    assert run(CALL_CENTRE, "--direction", "up")[0] == 2
    assert run("nothing.yaml")[0] == 2


def test_the_drawing_does_not_depend_on_the_order_of_hashes() -> None:
    command_line = [sys.executable, "-m", "tools.flowctl.main", "graph", str(CALL_CENTRE)]
    drawn = {
        subprocess.run(
            command_line, env={**os.environ, "PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(drawn) == 1


def test_words() -> None:
    assert [words.seconds(value) for value in (0.5, 2.0, 90.0, 120.0, 3600.0)] == [
        "500 ms", "2 s", "90 s", "2 min", "1 h",
    ]  # fmt: skip
    assert words.clock(1440) == "24:00"
    assert words.clock(1500) == "1:00 the next day"


def test_measure_is_no_narrower_than_a_common_font() -> None:
    """Widths in DejaVu Sans, the widest of the usual fonts, at 10 px."""
    for text, width in (("leave_message.wav", 92.0), ("no_input, no_match", 103.0), ("find_agent", 57.0)):
        assert width * 0.98 <= measure.width(text, 10) <= width * 1.3

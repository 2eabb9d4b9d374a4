"""The interactive simulator: what it shows and asks, and what the answers do."""

from __future__ import annotations

import io
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from support.scenarios import compiled, scenario

from engine.centres.directory import Agent, Centre, Directory
from tools.flowctl.simulator.live import LiveCaller
from tools.flowctl.simulator.run import Plan, Simulation, simulate
from tools.flowctl.simulator.texts import Texts

NODES = """
a: {type: menu, prompt: [{say: one or two}], options: {"1": code, "2": message, "3": find}, attempts: 2,
    on: {no_input: end, no_match: end}}
code: {type: collect, prompt: [{say: code}], variable: pin, max_digits: 2,
       on: {collected: calm, no_input: a, invalid: a}}
calm: {type: set, values: {mood: '"calm"'}, next: a}
message: {type: voicemail, mailbox: box, on: {recorded: end, empty: end}}
find: {type: agent_search, centre: sales, method: sequential, timeout: 20s,
       on: {transferred: end, nobody: a, timeout: a}}
"""
TOP = """
did: ["32"]
voice: en
variables: {pin: {masked: true}, mood: {type: string, default: good}}
"""
DIRECTORY = Directory(
    agents=[Agent(code="201"), Agent(code="202")], centres=[Centre(name="sales", agents=["201", "202"])]
)


def play(*answers: str, directory: Directory | None = None) -> tuple[Simulation, str, list[str]]:
    """A simulation with these answers: the call, what was shown, and the questions."""
    screen = io.StringIO()
    left: Iterator[str] = iter(answers)
    questions: list[str] = []

    def read(question: str) -> str:
        questions.append(question.strip())
        answer = next(left, None)
        if answer is None:
            raise EOFError
        return answer

    subject = compiled(scenario(NODES, top=TOP))
    live = LiveCaller(Console(file=screen, width=160, highlight=False), Texts([subject]), directory, read)
    plan = Plan(watch=live.watch, ask_agents=live.ask_agents, directory=directory)
    simulation = simulate(subject, plan)
    return simulation, screen.getvalue(), questions


def path(simulation: Simulation) -> list[tuple[str, str | None]]:
    return [(step.node, step.outcome) for step in simulation.record.path]


def test_it_shows_the_nodes_what_is_heard_and_what_changes():
    simulation, shown, _ = play("1", "47", "h")
    assert path(simulation) == [("a", "1"), ("code", "collected"), ("calm", "next"), ("a", None)]
    assert "a  menu" in shown
    assert "♪ say: one or two (0.7 s)" in shown
    assert "pin = xx" in shown
    assert "mood = calm" in shown
    assert "47" not in shown


def test_what_a_recording_says_is_shown_where_it_is_written_down(tmp_path: Path):
    (tmp_path / "prompts" / "fr").mkdir(parents=True)
    (tmp_path / "prompts" / "texts.txt").write_text("a.wav: hello\n")
    (tmp_path / "prompts" / "fr" / "texts.txt").write_text("# French\na.wav: bonjour : à vous\n")
    text = scenario("a: {type: wait, duration: 1s, next: end}", top="language: fr")
    subject = compiled(text, tmp_path / "scenario.yaml")
    texts, said = Texts([subject]), []
    simulate(subject, Plan(watch=lambda _, call: said.extend(texts.of(n, call) for n in ("a.wav", "b.wav"))))
    assert said == ["bonjour : à vous", ""]


def test_silence_lets_the_node_wait_for_as_long_as_it_does():
    simulation, _, questions = play("", "")
    assert path(simulation) == [("a", "no_input")]
    assert [question.split()[0] for question in questions] == ["0.7", "6.3"]


def test_time_can_jump_and_the_caller_is_asked_again():
    simulation, _, questions = play("+3s", "+1", "2", "h")
    assert [question.split()[0] for question in questions[:3]] == ["0.7", "3.7", "4.7"]
    assert path(simulation)[0] == ("a", "2")


def test_a_caller_speaks_while_they_are_recorded():
    simulation, _, questions = play("2", "s 6", "#")
    assert path(simulation) == [("a", "2"), ("message", "recorded")]
    assert [made["duration"] for made in simulation.record.recordings] == [pytest.approx(6, abs=0.1)]
    assert "you are being recorded" in questions[1]


def test_what_takes_no_time_is_answered_and_the_question_comes_again():
    simulation, shown, questions = play("?", "v", "p", "x", "s much", "1", "h")
    assert len(questions) == 7
    for told in ("press keys", "mood = good", "a: -", "x: these are not keys", "write the seconds"):
        assert told in shown
    assert simulation.record.result == "caller_hung_up"


def test_the_end_of_the_input_is_the_end_of_the_call():
    assert play()[0].record.result == "caller_hung_up"


@pytest.mark.parametrize(
    ("answer", "outcome", "agent"),
    [
        ("a", "transferred", "201"),
        ("202@4s", "transferred", "202"),
        ("t", "timeout", None),
        ("r", "timeout", None),
        ("", "nobody", None),
    ],
)
def test_every_search_asks_what_the_agents_do(answer: str, outcome: str, agent: str | None):
    simulation, shown, _ = play("3", answer, directory=DIRECTORY)
    assert path(simulation)[1] == ("find", outcome)
    assert simulation.record.agent == agent
    assert "Sequential search (one after another, 20 s) for an agent of sales. Agents: 201, 202." in shown


def test_an_agent_whom_the_directory_does_not_know_is_asked_for_again():
    simulation, shown, _ = play("3", "999", "202", directory=DIRECTORY)
    assert simulation.record.agent == "202"
    assert "everybody rejects" in shown


def test_on_a_terminal_the_command_is_interactive(tmp_path: Path):
    file = tmp_path / "scenario.yaml"
    file.write_text(scenario(NODES, top=TOP))
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "dumb"
        os.execv(sys.executable, [sys.executable, "-m", "tools.flowctl.main", "simulate", str(file)])
    os.write(terminal, b"3\na\n")
    shown = b""
    # Linux says EIO when the other side of a terminal is closed.
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:
        pass
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, shown.decode()
    assert "result: transferred" in shown.decode()

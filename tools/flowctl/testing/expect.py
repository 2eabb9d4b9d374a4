"""What a test expects of a call, and whether the call was so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from engine.call.record import Result
from engine.nodes.base import Path
from engine.outside.ports import Mail
from engine.scenario.shape_words import kind_of
from tools.flowctl.simulator.reading import Reader
from tools.flowctl.simulator.run import Simulation

RESULTS: tuple[str, ...] = get_args(Result)
TOLERANCE = 0.1
"""Seconds by which a duration may be another."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was not as expected. `line` is where the test file says it; `expected` and `actual` are
    JSON-ready."""

    what: str
    message: str
    line: int
    expected: Any = None
    actual: Any = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """The `expect` of a test: key → what is expected, and the line that says so. Without one, the call must not
    fail."""

    values: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    given: bool = False

    @property
    def path(self) -> list[str] | None:
        """The nodes, if the test expects any."""
        return self.values.get("path")

    def judge(self, simulation: Simulation, line: int) -> list[Failure]:
        """Everything that was not as expected; `line` is that of the test."""
        record = simulation.record
        failures = []
        if (step := simulation.unmet) is not None:
            message = f"the call was over before the caller's step: {step}"
            failures.append(Failure("caller", message, step.line or line, str(step)))
        if not self.given and record.result == "failed":
            failures.append(Failure("result", f"the call failed: {record.reason}", line, None, "failed"))
        for key, expected in self.values.items():
            point = POINTS[key]
            actual = point.see(simulation, expected)
            if not point.fits(expected, actual):
                said = shown(expected), shown(actual)
                if said[0] == said[1]:  # "5" and 5
                    said = shown(expected, exactly=True), shown(actual, exactly=True)
                message = f"{key}: expected {said[0]}, was {said[1]}"
                if key == "result" and record.reason:
                    message += f" ({record.reason})"
                failures.append(Failure(key, message, self.lines[key], expected, actual))
        return failures


def read_expectation(reader: Reader, path: Path) -> Expectation:
    """The `expect` of a test. What is wrong goes to the reader's findings."""
    given = reader.mapping(path, tuple(POINTS), "expect")
    values = {key: POINTS[key].read(reader, (*path, key)) for key in given}
    lines = {key: reader.document.key_span((*path, key)).line for key in given}
    return Expectation(values, lines, given=True)


def shown(value: Any, *, exactly: bool = False) -> str:
    """A value in a line, as the test file would write it; `exactly` tells a text from a number."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(shown(item, exactly=exactly) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {shown(item, exactly=exactly)}' for key, item in value.items())}}}"
    return f'"{value}"' if exactly and isinstance(value, str) else str(value)


# How each key is read -------------------------------------------------------------------------------------------


def _texts(reader: Reader, path: Path) -> list[str]:
    what = f"expect: {path[-1]}"
    return [reader.text((*path, index), what) for index in range(len(reader.items(path, what)))]


def _text_or_null(reader: Reader, path: Path) -> str | None:
    return None if reader.value(path) is None else reader.text(path, f"expect: {path[-1]}")


def _truth(reader: Reader, path: Path) -> bool:
    value = reader.value(path)
    if not isinstance(value, bool):
        reader.wrong(path, f"expect: {path[-1]}: must be true or false, not {kind_of(value)}")
    return value is True


def _seconds(reader: Reader, path: Path) -> float:
    """A duration, or plain seconds."""
    value = reader.value(path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return reader.duration(path, "expect")


def _count_or(one: Callable[[Reader, Path], Any]) -> Callable[[Reader, Path], Any]:
    """How many there are, or what each one is."""

    def read(reader: Reader, path: Path) -> Any:
        value = reader.value(path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        items = reader.items(path, f"expect: {path[-1]}: a number, or a list")
        return [one(reader, (*path, index)) for index in range(len(items))]

    return read


def _line(reader: Reader, path: Path) -> str:
    return reader.text(path, f"expect: {path[-2]}")


def _mail(reader: Reader, path: Path) -> dict[str, str]:
    given = reader.mapping(path, ("to", "subject", "text"), f"expect: {path[-2]}")
    return {key: reader.text((*path, key), f"expect: {path[-2]}: {key}") for key in given}


def _outcomes(reader: Reader, path: Path) -> list[Any] | dict[str, Any]:
    """The outcomes of all nodes of the path, or node → outcome, or node → outcome of each visit."""
    value = reader.value(path)
    if isinstance(value, list):
        return [_text_or_null(reader, (*path, index)) for index in range(len(value))]
    return {
        node: _outcomes(reader, (*path, node)) if isinstance(item, list) else _text_or_null(reader, (*path, node))
        for node, item in reader.mapping(path, None, "expect: outcomes").items()
    }


def _result(reader: Reader, path: Path) -> str:
    return reader.word(path, RESULTS, "expect: result") or "ended"


def _variables(reader: Reader, path: Path) -> dict[str, Any]:
    return reader.mapping(path, None, "expect: variables")


# What is seen of the call ---------------------------------------------------------------------------------------


def _see_outcomes(simulation: Simulation, expected: Any) -> Any:
    steps = simulation.record.path
    if isinstance(expected, list):
        return [step.outcome for step in steps]
    seen = {name: [step.outcome for step in steps if step.node == name] for name in expected}
    return {
        name: outcomes if isinstance(expected[name], list) else outcomes[-1] if outcomes else "not entered"
        for name, outcomes in seen.items()
    }


def _see_variables(simulation: Simulation, expected: dict[str, Any]) -> dict[str, Any]:
    return {name: simulation.variables.get(name) for name in expected}


def _see_mails(mails: Iterable[Mail], expected: Any) -> Any:
    seen = [{"to": ", ".join(mail.to), "subject": mail.subject, "text": mail.text} for mail in mails]
    return len(seen) if isinstance(expected, int) else seen


def _see_recordings(simulation: Simulation, expected: Any) -> Any:
    recordings = simulation.record.recordings
    return len(recordings) if isinstance(expected, int) else [round(made["duration"], 1) for made in recordings]


def _see_warnings(simulation: Simulation, expected: Any) -> Any:
    warnings = simulation.record.warnings
    return len(warnings) if isinstance(expected, int) else list(warnings)


# Whether it fits ------------------------------------------------------------------------------------------------


def _same(expected: Any, actual: Any) -> bool:
    return bool(expected == actual) and isinstance(expected, bool) == isinstance(actual, bool)


def _within(expected: str | None, actual: str | None) -> bool:
    return (expected is None) == (actual is None) and (expected or "") in (actual or "")


def _in_order(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Each of the expected texts is a part of an actual one, in this order; others may stand between."""
    left = iter(actual)
    return all(any(text in item for item in left) for text in expected)


def _near(expected: float, actual: float) -> bool:
    return abs(expected - actual) <= TOLERANCE + 1e-6


def _counted(one: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def fits(expected: Any, actual: Any) -> bool:
        if isinstance(expected, int):
            return bool(expected == actual)
        return len(expected) == len(actual) and all(map(one, expected, actual))

    return fits


def _is_mail(expected: Mapping[str, str], actual: Mapping[str, str]) -> bool:
    return all(text in actual[key] for key, text in expected.items())


@dataclass(frozen=True, slots=True)
class Point:
    """One key of `expect`: how it is read, what is seen of the call, whether it fits."""

    read: Callable[[Reader, Path], Any]
    see: Callable[[Simulation, Any], Any]
    fits: Callable[[Any, Any], bool] = _same


POINTS: dict[str, Point] = {
    "path": Point(_texts, lambda s, _: [step.node for step in s.record.path]),
    "outcomes": Point(_outcomes, _see_outcomes),
    "result": Point(_result, lambda s, _: s.record.result),
    "reason": Point(_text_or_null, lambda s, _: s.record.reason, _within),
    "heard": Point(_texts, lambda s, _: list(s.heard), _in_order),
    "keys": Point(lambda reader, path: reader.text(path, "expect: keys"), lambda s, _: s.record.keys),
    "variables": Point(_variables, _see_variables),
    "agent": Point(_text_or_null, lambda s, _: s.record.agent),
    "answered": Point(_truth, lambda s, _: s.record.answered is not None),
    "duration": Point(_seconds, lambda s, _: round(s.record.duration, 1), _near),
    "recordings": Point(_count_or(_seconds), _see_recordings, _counted(_near)),
    "warnings": Point(_count_or(_line), _see_warnings, _counted(_within)),
    "mails": Point(_count_or(_mail), lambda s, expected: _see_mails(s.mails, expected), _counted(_is_mail)),
    "alerts": Point(_count_or(_mail), lambda s, expected: _see_mails(s.alerts, expected), _counted(_is_mail)),
}
"""What a test may expect. Every key may be left out."""

"""A `*.test.yaml` file: the scenario, and the tests of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import ConfigurationError
from engine.scenario.check import called_scenarios, check
from engine.scenario.compile import CompiledScenario
from engine.scenario.diagnostics import Diagnostic
from engine.scenario.load import load
from engine.scenario.project import Project
from engine.scenario.suggest import closest
from tools.flowctl.simulator.numbers import dial_plan_of
from tools.flowctl.simulator.reading import Reader
from tools.flowctl.simulator.run import Plan
from tools.flowctl.simulator.story import Story, read_story
from tools.flowctl.testing.expect import Expectation, read_expectation
from tools.flowctl.testing.names import check_names

SUFFIX = ".test.yaml"


@dataclass(frozen=True, slots=True)
class Subject:
    """The scenario that is tested, with what is around it."""

    compiled: CompiledScenario
    catalogue: Mapping[str, CompiledScenario]
    project: Project


@dataclass(frozen=True, slots=True)
class Case:
    """One test: a story, and what is expected of the call. `line` is that of its name."""

    name: str
    line: int
    story: Story
    expect: Expectation

    def plan(self, subject: Subject) -> Plan:
        """What the simulator needs."""
        plan = self.story.plan()
        plan.catalogue, plan.directory = subject.catalogue, subject.project.directory
        plan.dialling = dial_plan_of(subject.project)
        return plan


@dataclass(slots=True)
class Suite:
    """One test file. With findings, in itself or in its scenarios, none of its tests can be run."""

    file: Path
    scenario: Path | None = None
    subject: Subject | None = None
    cases: list[Case] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files given, and every `*.test.yaml` below the folders given that is not in a hidden one."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in sorted(path.rglob(f"*{SUFFIX}")):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield file


def read_suite(file: Path) -> Suite:
    """Read a test file and check its scenario. Never raises for what they hold. Raises ConfigurationError when the
    file cannot be read."""
    try:
        source = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror or error}") from error
    document, findings = load(source, str(file))
    suite = Suite(file, findings=findings)
    if document is not None:
        reader = Reader(document)
        _fill(suite, reader)
        suite.findings = reader.sorted_findings() + suite.findings
    return suite


def _fill(suite: Suite, reader: Reader) -> None:
    given = reader.mapping((), ("scenario", "tests"), "test file")
    if isinstance(reader.document.data, dict):
        for key, hint in (("scenario", "write `scenario: scenario.yaml`"), ("tests", "write a list of tests")):
            if key not in given:
                reader.wrong((), f"test file: `{key}` is missing", hint)
    if "scenario" in given:
        name = reader.text(("scenario",), "scenario")
        suite.scenario = suite.file.parent / name
        if _is_file(suite.scenario):
            suite.subject, suite.findings = _subject(suite.scenario)
        else:
            reader.wrong(("scenario",), f"scenario: there is no file {name}", "it is looked for beside this file")
    if "tests" in given:
        suite.cases = _cases(reader, suite.subject)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        # What no file can be called: too long, or with a NUL.
        return False


def _subject(file: Path) -> tuple[Subject | None, list[Diagnostic]]:
    project = Project.around(file)
    result = check(file, project=project)
    if result.compiled is None:
        return None, result.errors
    catalogue, errors = called_scenarios(result.compiled, project)
    return (None, errors) if errors else (Subject(result.compiled, catalogue, project), [])


def _cases(reader: Reader, subject: Subject | None) -> list[Case]:
    cases: list[Case] = []
    names: dict[str, int] = {}
    if reader.value(("tests",)) == []:
        reader.wrong(("tests",), "there is no test in this list")
    for index in range(len(reader.items(("tests",), "tests"))):
        path = ("tests", index)
        test = reader.value(path)
        story = read_story(reader, path, ("name", "expect"))
        if not isinstance(test, dict):
            continue
        expect = read_expectation(reader, (*path, "expect")) if "expect" in test else Expectation()
        line = reader.document.key_span((*path, "name")).line
        case = Case(_name(reader, index, names), line, story, expect)
        names.setdefault(case.name, line)
        if subject is not None:
            check_names(reader, path, case, subject)
        cases.append(case)
    return cases


def _name(reader: Reader, index: int, names: Mapping[str, int]) -> str:
    path = ("tests", index, "name")
    if reader.value(path) is None:
        if not any(closest(key, ("name",)) for key in reader.value(path[:-1])):
            reader.wrong(path[:-1], "the test has no `name`")
        return f"test {index + 1}"
    name = reader.text(path, "name")
    if name in names:
        reader.wrong(path, f"a test on line {names[name]} has this name already", "give each test its own name")
    return name

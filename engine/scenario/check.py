"""The one way from a file to diagnostics and a compiled scenario: what validate, simulate and serve call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.scenario.compile import CompiledScenario, compile_scenario
from engine.scenario.diagnostics import START, Diagnostic
from engine.scenario.draft import Draft, make_draft
from engine.scenario.load import load, read_source
from engine.scenario.model import Scenario
from engine.scenario.project import Project, find_root
from engine.scenario.rules.e1012_same_did import same_did
from engine.scenario.rules.registry import missing_keys, rules
from engine.scenario.shape import check_shape
from engine.scenario.suppress import suppress
from engine.scenario.table import DidTable


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything wrong with a file, in document order; `compiled` is None when something is an error, `draft` when
    nothing in the file could be looked at."""

    diagnostics: list[Diagnostic]
    compiled: CompiledScenario | None
    draft: Draft | None = None
    silenced: list[Diagnostic] = field(default_factory=list)
    """What a comment in the file silences; each hint is the reason that the comment gives."""

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that keep the file out of service."""
        return [found for found in self.diagnostics if found.severity == "error"]


def check(path: Path | str, text: str | bytes | None = None, project: Project | None = None) -> CheckResult:
    """Check a scenario file, or `text` in its stead (an editor's unsaved content).

    `project` is what is around it; by default what is found around the file.
    Never raises for what the file holds; a file that cannot be read is an E0001 too. Blocking: it reads the
    audio files that the scenario names, and the other scenarios that it calls.
    """
    file = Path(path)
    project = project or Project.around(file)
    draft = _known(path, project) if text is None else None
    if draft is None:
        draft, diagnostics = _read(path, text, project)
        if draft is None:
            return CheckResult(diagnostics, None)
    document, diagnostics = draft.document, list(draft.findings)
    for rule in rules().values():
        diagnostics.extend(rule.check(draft))
    # What an anchor holds is wrong once, however often it is used.
    once = {(found.rule, found.line, found.column, found.message): found for found in reversed(diagnostics)}
    diagnostics, silenced = suppress(document, sorted(once.values(), key=lambda found: found.order), rules())
    if any(found.severity == "error" for found in diagnostics):
        return CheckResult(diagnostics, None, draft, silenced)
    scenario = Scenario.model_validate({**document.data, "nodes": draft.nodes})
    places = {did: document.span(("did", index)) for index, did in enumerate(scenario.did)}
    compiled = compile_scenario(scenario, file, draft.source, draft.environment, places)
    return CheckResult(diagnostics, compiled, draft, silenced)


def check_files(paths: Sequence[Path], on_checked: Callable[[Path], None] | None = None) -> list[CheckResult]:
    """Check files that one server would serve together: also that no number leads to two of them (E1012).

    on_checked: called after each file.
    """
    projects: dict[Path, Project] = {}
    drafts: dict[Path, Draft | None] = {}
    results = []
    for path in paths:
        folder = find_root(path.parent) or path.parent
        if folder not in projects:
            projects[folder] = Project(path.parent, paths, drafts=drafts)
        results.append(check(path, project=projects[folder]))
        if on_checked is not None:
            on_checked(path)
    table = DidTable(result.compiled for result in results if result.compiled is not None)
    for conflict in table.conflicts:
        index = next(i for i, result in enumerate(results) if result.compiled is conflict.second)
        found = same_did(conflict)
        diagnostics = sorted([*results[index].diagnostics, found], key=lambda found: found.order)
        results[index] = replace(results[index], diagnostics=diagnostics)
    return results


def called_scenarios(
    scenario: CompiledScenario, project: Project
) -> tuple[Mapping[str, CompiledScenario], list[Diagnostic]]:
    """The scenarios that one calls, and that those call, by name, as far as they have no errors; and these errors."""
    found: dict[str, CompiledScenario] = {}
    errors: list[Diagnostic] = []
    seen, waiting = {scenario.name}, list(scenario.calls)
    while waiting:
        name = waiting.pop()
        if name in seen or (draft := project.scenario(name)) is None:
            continue
        seen.add(name)
        result = check(draft.file, project=project)
        errors += result.errors
        if result.compiled is not None:
            found[name] = result.compiled
            waiting += result.compiled.calls
    return found, errors


def draft_of(path: Path, content: bytes | None, project: Project) -> Draft | None:
    """What can be looked at in a file, or in a content in its stead; None when it cannot be read at all."""
    return _read(path, content, project)[0]


def _known(path: Path | str, project: Project) -> Draft | None:
    """The draft that the project has of a file, in these surroundings; None when it is to be read (again)."""
    draft = project.draft(Path(path))
    if draft is None or draft.document.file != str(path):
        return None
    return draft if draft.project is project else replace(draft, project=project)


def _read(path: Path | str, text: str | bytes | None, project: Project) -> tuple[Draft | None, list[Diagnostic]]:
    """The draft of a file, or of a text in its stead, with what its text, its shape and its models complain about."""
    try:
        if text is None:
            source = read_source(Path(path))
        else:
            source = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    except OSError as error:
        message = f"the file cannot be read: {error.strerror or error}"
        return None, [Diagnostic.at(START, "E0001", message, file=str(path))]
    document, diagnostics = load(source, str(path))
    if document is None:
        return None, diagnostics
    diagnostics, spoiled = check_shape(document, missing_keys())
    if not isinstance(document.data, dict):
        return None, diagnostics
    return make_draft(document, Path(path), source, spoiled, diagnostics, project), diagnostics

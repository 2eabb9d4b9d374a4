"""The protocol side of the language server: LSP 3.17 over standard input and output, by pygls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import TextDocument
from pygls.workspace.position_codec import ServerTextPosition, ServerTextRange

from engine.scenario.check import CheckResult, check
from engine.scenario.diagnostics import Diagnostic, Span
from engine.scenario.draft import Draft
from engine.scenario.load import is_scenario_name
from engine.scenario.project import Project
from tools.flowctl.formatter import Refused, formatted
from tools.flowctl.lsp import completion, hover, symbols

T = TypeVar("T")


def _is_no_accident(record: logging.LogRecord) -> bool:
    """False for a request that was refused with a reason: the editor shows it, and its log needs no traceback."""
    return not (record.exc_info and isinstance(record.exc_info[1], JsonRpcInvalidParams))


logging.getLogger("pygls.protocol.json_rpc").addFilter(_is_no_accident)

DELAY = 0.15
"""Seconds without a change after which a text is checked."""

_SEVERITIES = {
    "error": types.DiagnosticSeverity.Error,
    "warning": types.DiagnosticSeverity.Warning,
    "information": types.DiagnosticSeverity.Information,
}
_KINDS = {
    "node": types.CompletionItemKind.Reference,
    "key": types.CompletionItemKind.Property,
    "outcome": types.CompletionItemKind.Event,
    "type": types.CompletionItemKind.Class,
    "word": types.CompletionItemKind.EnumMember,
    "variable": types.CompletionItemKind.Variable,
    "file": types.CompletionItemKind.File,
    "centre": types.CompletionItemKind.Constant,
    "scenario": types.CompletionItemKind.Module,
}


@dataclass(slots=True)
class Open:
    """A document in the editor: its last check, and the one to come."""

    result: CheckResult | None = None
    draft: Draft | None = None
    """The last that could be made, perhaps of an earlier text."""
    pending: asyncio.Task[None] | None = None


class ScenarioServer(LanguageServer):
    """Checks scenarios as they are written, and answers questions about them."""

    def __init__(self) -> None:
        super().__init__("flowctl", version("flowctl"))
        self.information = False
        """Show the findings that `validate` shows only with `--info`."""
        self._open: dict[str, Open] = {}
        self._one_at_a_time = asyncio.Lock()

    def changed(self, uri: str, delay: float = DELAY) -> None:
        """Check a document soon, unless it is no scenario."""
        if not is_scenario_name(Path(to_fs_path(uri) or "").name):
            return
        state = self._open.setdefault(uri, Open())
        if state.pending is not None:
            state.pending.cancel()
        state.pending = asyncio.ensure_future(self._check(uri, state, delay))

    def saved(self) -> None:
        """Check everything that is open: a scenario may call another, or a sound may have come."""
        for uri in self._open:
            self.changed(uri, 0)

    def closed(self, uri: str) -> None:
        """Forget a document."""
        state = self._open.pop(uri, None)
        if state is not None and state.pending is not None:
            state.pending.cancel()
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def current(self, uri: str) -> Draft | None:
        """The draft of a document as it stands now; None when it is no YAML now: places in an older one are wrong."""
        state = self._open.get(uri)
        if state is None:
            return None
        if state.pending is not None and not state.pending.done():
            state.pending.cancel()
            state.pending = asyncio.ensure_future(self._check(uri, state, 0))
            await asyncio.wait({state.pending})
        return state.result.draft if state.result is not None else None

    def last(self, uri: str) -> Draft | None:
        """The last draft that could be made, without waiting for another."""
        state = self._open.get(uri)
        return state.draft if state is not None else None

    async def _check(self, uri: str, state: Open, delay: float) -> None:
        await asyncio.sleep(delay)
        document = self.workspace.get_text_document(uri)
        text, number = document.source, document.version
        path = Path(document.path)
        # The paths come from URIs: they are absolute.
        contents = {
            Path(other.path): other.source.encode("utf-8", "surrogatepass")
            for other in self.workspace.text_documents.values()
            if other.path
        }
        async with self._one_at_a_time:
            project = Project.around(path, contents=contents)
            result = await asyncio.to_thread(check, path, text, project)
        state.result, state.draft = result, result.draft or state.draft
        found = [d for d in result.diagnostics if self.information or d.severity != "information"]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, [self._diagnostic(document, d) for d in found], number)
        )

    def _diagnostic(self, document: TextDocument, found: Diagnostic) -> types.Diagnostic:
        return types.Diagnostic(
            range=self.range(document, Span(found.line, found.column, found.end_line, found.end_column)),
            message=f"{found.message}\n{found.hint}" if found.hint else found.message,
            severity=_SEVERITIES[found.severity],
            code=found.rule,
            source="flowctl",
        )

    def range(self, document: TextDocument, span: Span) -> types.Range:
        """A span as the client counts: lines from 0, columns in its units."""
        start = ServerTextPosition(span.line - 1, span.column - 1)
        return document.range_to_client_units(
            ServerTextRange(start, ServerTextPosition(span.end_line - 1, span.end_column - 1))
        )

    def place(self, uri: str, position: types.Position) -> tuple[int, int]:
        """A client's position as line and column from 1."""
        there = self.workspace.get_text_document(uri).position_from_client_units(position)
        return there.line + 1, there.character + 1


server = ScenarioServer()


@server.feature(types.INITIALIZE)
def initialize(ls: ScenarioServer, params: types.InitializeParams) -> None:
    """`initializationOptions: {information: true}` shows the findings of severity information too."""
    options = params.initialization_options
    ls.information = bool(options.get("information")) if isinstance(options, dict) else False


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
async def did_open(ls: ScenarioServer, params: types.DidOpenTextDocumentParams) -> None:
    ls.changed(params.text_document.uri, 0)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
async def did_change(ls: ScenarioServer, params: types.DidChangeTextDocumentParams) -> None:
    ls.changed(params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_SAVE)
async def did_save(ls: ScenarioServer, _: types.DidSaveTextDocumentParams) -> None:
    ls.saved()


@server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
async def did_close(ls: ScenarioServer, params: types.DidCloseTextDocumentParams) -> None:
    ls.closed(params.text_document.uri)


@server.feature(
    types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=[" ", ".", "{", "[", '"', ":", "-"])
)
async def complete(ls: ScenarioServer, params: types.CompletionParams) -> types.CompletionList:
    uri = params.text_document.uri
    document = ls.workspace.get_text_document(uri)
    line, column = ls.place(uri, params.position)
    found = await asyncio.to_thread(completion.proposals, document.source, line, column, ls.last(uri))
    items = []
    for rank, proposal in enumerate(found):
        replaced = ls.range(document, Span(line, max(1, column - proposal.typed), line, column))
        items.append(
            types.CompletionItem(
                label=proposal.label,
                kind=_KINDS[proposal.kind],
                detail=proposal.detail or None,
                documentation=proposal.description or None,
                sort_text=f"{rank:04}",
                filter_text=proposal.label,
                text_edit=types.TextEdit(replaced, proposal.text),
            )
        )
    return types.CompletionList(is_incomplete=False, items=items)


@server.feature(types.TEXT_DOCUMENT_HOVER)
async def show(ls: ScenarioServer, params: types.HoverParams) -> types.Hover | None:
    text = await _ask(ls, params, hover.explain)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None


@server.feature(types.TEXT_DOCUMENT_DEFINITION)
async def define(ls: ScenarioServer, params: types.DefinitionParams) -> types.Location | None:
    found = await _ask(ls, params, symbols.definition)
    return _location(ls, found) if found is not None else None


@server.feature(types.TEXT_DOCUMENT_REFERENCES)
async def refer(ls: ScenarioServer, params: types.ReferenceParams) -> list[types.Location]:
    draft = await ls.current(params.text_document.uri)
    if draft is None:
        return []
    name = symbols.node_at(draft, *ls.place(params.text_document.uri, params.position))
    if name is None:
        return []
    spans = symbols.occurrences(draft, name)
    wanted = spans if params.context.include_declaration or name not in draft.names else spans[1:]
    return [_location(ls, symbols.Location(draft.file, span)) for span in wanted]


@server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
async def prepare_rename(
    ls: ScenarioServer, params: types.PrepareRenameParams
) -> types.PrepareRenameDefaultBehavior | None:
    name = await _ask(ls, params, symbols.node_at)
    return types.PrepareRenameDefaultBehavior(default_behavior=True) if name and name != "end" else None


@server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
async def rename(ls: ScenarioServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
    draft = await ls.current(params.text_document.uri)
    if draft is None:
        return None
    try:
        edits = symbols.rename(draft, *ls.place(params.text_document.uri, params.position), params.new_name)
    except symbols.NotPossible as error:
        raise JsonRpcInvalidParams(str(error)) from error
    changes: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        there = _location(ls, symbols.Location(edit.file, edit.span))
        changes.setdefault(there.uri, []).append(types.TextEdit(there.range, edit.text))
    return types.WorkspaceEdit(changes=dict(changes))


@server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
async def outline(ls: ScenarioServer, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    draft = await ls.current(params.text_document.uri)
    document = ls.workspace.get_text_document(params.text_document.uri)
    return [
        types.DocumentSymbol(
            name=name,
            detail=kind,
            kind=types.SymbolKind.Function,
            range=ls.range(document, span),
            selection_range=ls.range(document, span),
        )
        for name, kind, span in (symbols.outline(draft) if draft is not None else ())
    ]


@server.feature(types.TEXT_DOCUMENT_FORMATTING)
async def lay_out(ls: ScenarioServer, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
    document = ls.workspace.get_text_document(params.text_document.uri)
    before = document.source
    try:
        after = await asyncio.to_thread(formatted, before.encode("utf-8", "surrogatepass"), document.path)
    except Refused:
        # What is wrong with it stands among its diagnostics.
        return None
    end = types.Position(len(document.lines), 0)
    return [types.TextEdit(types.Range(types.Position(0, 0), end), after)] if after != before else []


Question = types.HoverParams | types.DefinitionParams | types.PrepareRenameParams


async def _ask(ls: ScenarioServer, params: Question, answer: Callable[[Draft, int, int], T]) -> T | None:
    """Ask about a place of a document, off the event loop: the answer may read files."""
    draft = await ls.current(params.text_document.uri)
    if draft is None:
        return None
    return await asyncio.to_thread(answer, draft, *ls.place(params.text_document.uri, params.position))


def _location(ls: ScenarioServer, there: symbols.Location) -> types.Location:
    uri = from_fs_path(str(there.file.absolute())) or ""
    document = ls.workspace.get_text_document(uri)
    # A sound has no lines to count in.
    known = uri in ls.workspace.text_documents or there.file.suffix == ".yaml"
    span = there.span
    start, end = (
        types.Position(span.line - 1, span.column - 1),
        types.Position(span.end_line - 1, span.end_column - 1),
    )
    return types.Location(uri, ls.range(document, span) if known else types.Range(start, end))

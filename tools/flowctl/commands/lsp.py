"""`flowctl lsp`."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Editors start it once they are told to, as docs/editors.md says. Example: vim.lsp.config('flowctl', "
    "{cmd = {'flowctl', 'lsp'}, filetypes = {'yaml'}}) in Neovim."
)
def lsp() -> None:
    """Answer an editor's questions about scenarios, on standard input and output (Language Server Protocol)."""
    from tools.flowctl.lsp.server import server

    server.start_io()

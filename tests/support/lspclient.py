"""An editor in miniature: speaks the Language Server Protocol with `flowctl lsp` over its standard streams."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

PATIENCE = 30.0


class Editor:
    """One editor with its server, a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._diagnostics: dict[str, asyncio.Queue[list[dict[str, Any]]]] = {}
        self._reader = asyncio.ensure_future(self._read())
        self._versions: dict[str, int] = {}

    @classmethod
    async def start(cls, **options: Any) -> Editor:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.flowctl.main", "lsp",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24,
        )  # fmt: skip
        editor = cls(process)
        editor.capabilities = (
            await editor.ask(
                "initialize", processId=None, rootUri=None, capabilities={}, initializationOptions=options
            )
        )["capabilities"]
        editor.tell("initialized")
        return editor

    async def stop(self) -> int:
        """Shut the server down as an editor does; its exit code."""
        await self.ask("shutdown")
        self.tell("exit")
        code = await asyncio.wait_for(self._process.wait(), PATIENCE)
        await self._reader
        return code

    def open(self, path: Path, text: str) -> str:
        uri = path.as_uri()
        self._versions[uri] = 1
        self.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "yaml", "version": 1, "text": text})
        return uri

    def change(self, uri: str, text: str) -> None:
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    async def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The next diagnostics of a document."""
        return await asyncio.wait_for(self._queue(uri).get(), PATIENCE)

    async def at(self, method: str, uri: str, text: str, needle: str, **more: Any) -> Any:
        """Ask about the place in a text that is marked by | in `needle`."""
        before, after = needle.split("|")
        index = text.index(before + after) + len(before)
        row = text[:index]
        position = {"line": row.count("\n"), "character": len(row[row.rfind("\n") + 1 :].encode("utf-16-le")) // 2}
        return await self.ask(f"textDocument/{method}", textDocument={"uri": uri}, position=position, **more)

    async def ask(self, method: str, **params: Any) -> Any:
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        self._send({"id": number, "method": method, **({"params": params} if params else {})})
        return await asyncio.wait_for(self._answers[number], PATIENCE)

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _queue(self, uri: str) -> asyncio.Queue[list[dict[str, Any]]]:
        return self._diagnostics.setdefault(uri, asyncio.Queue())

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := await stream.readline():
            length = int(header.split(b":")[1])
            while await stream.readline() != b"\r\n":
                pass
            message = json.loads(await stream.readexactly(length))
            if "id" in message and "method" not in message:
                future = self._answers[message["id"]]
                if "error" in message:
                    future.set_exception(RuntimeError(message["error"]["message"]))
                else:
                    future.set_result(message["result"])
            elif message.get("method") == "textDocument/publishDiagnostics":
                self._queue(message["params"]["uri"]).put_nowait(message["params"]["diagnostics"])

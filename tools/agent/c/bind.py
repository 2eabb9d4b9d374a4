"""Puts the bridge behind the C functions. Run inside the library, when the first of them is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from .bridge import Bridge, Told


def bind(ffi: Any, lib: Any) -> None:
    """ffi, lib: of the cffi module that is being started."""
    bridge = Bridge(Path(_text(ffi, lib.agent_folder())))

    def allocated(text: str) -> Any:
        """What the application frees; NULL for an empty text."""
        return lib.strdup(text.replace("\0", " ").encode("utf-8", "replace")) if text else ffi.NULL

    def declare_callback(function: Any, debug: bool) -> None:
        def call_back(letter: int, call: int, told: Told) -> None:
            function(letter, call, *map(allocated, astuple(told)))

        bridge.declare_callback(call_back if function else None, debug)

    def declare_variables_file(path: Any) -> None:
        bridge.declare_variables_file(_text(ffi, path) or None)

    def open_session(code: Any, password: Any, extension: Any, server: Any, port: int) -> int:
        who = _text(ffi, code), _text(ffi, password), _text(ffi, extension)
        return bridge.open_session(*who, _text(ffi, server), port)

    def accept_call(channel: Any) -> int:
        return bridge.accept_call(_text(ffi, channel))

    def reject_call(channel: Any) -> int:
        return bridge.reject_call(_text(ffi, channel))

    def call(number: Any, record: bool) -> int:
        return bridge.call(_text(ffi, number), record)

    functions: list[Callable[..., Any]] = [
        declare_callback, declare_variables_file, open_session, bridge.close_session, accept_call, reject_call,
        bridge.unavailable, bridge.available, call,
    ]  # fmt: skip
    for function in functions:
        ffi.def_extern(name=f"agent_{function.__name__}")(function)


def _text(ffi: Any, pointer: Any) -> str:
    """NULL is an empty text. Raises UnicodeDecodeError."""
    return ffi.string(pointer).decode() if pointer else ""

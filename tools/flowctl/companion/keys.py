"""Keys, one by one, as they are pressed."""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENTER, ESCAPE, BACKSPACE = "\n", "\x1b", "\x7f"

OnKey = Callable[[str], None]


@contextmanager
def keys(on_key: OnKey) -> Iterator[None]:
    """While this lasts, call back from the event loop for each key of the terminal, which shows none of them.
    Arrows and the like are not told. At the end of the input ESCAPE, then `q`."""
    if sys.platform == "win32":
        threading.Thread(target=_read_windows, args=(asyncio.get_running_loop(), on_key), daemon=True).start()
        yield
    else:
        with _read_terminal(on_key):
            yield


if sys.platform == "win32":

    def _read_windows(loop: asyncio.AbstractEventLoop, on_key: OnKey) -> None:
        import msvcrt

        while not loop.is_closed():
            key = msvcrt.getwch()
            if key in "\x00\xe0":
                msvcrt.getwch()
                continue
            loop.call_soon_threadsafe(on_key, {"\r": ENTER, "\b": BACKSPACE, "\x03": "q"}.get(key, key))

else:

    @contextmanager
    def _read_terminal(on_key: OnKey) -> Iterator[None]:
        import termios
        import tty

        loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        before = termios.tcgetattr(descriptor)

        def read() -> None:
            try:
                data = os.read(descriptor, 1024)
            except OSError:
                # The terminal has been closed.
                data = b""
            if not data:
                loop.remove_reader(descriptor)
                on_key(ESCAPE)
                on_key("q")
                return
            for key in _keys_of(decoder.decode(data)):
                on_key(key)

        tty.setcbreak(descriptor)
        loop.add_reader(descriptor, read)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _keys_of(text: str) -> Iterator[str]:
    """A sequence of several characters that begins with escape is one key that means nothing here."""
    if len(text) > 1 and text.startswith(ESCAPE):
        return
    for character in text:
        yield {"\r": ENTER, "\b": BACKSPACE}.get(character, character)

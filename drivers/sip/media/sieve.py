"""A filter in the kernel that drops audio which nobody listens to, before it wakes the worker up."""

from __future__ import annotations

import ctypes
import socket
import struct
from contextlib import suppress

from drivers.sip.media.address import Address

PASSED = 16
"""One packet in so many is let through, by its sequence number: every 320 ms, less than `address.PATIENCE`, so that
the worker still knows who is there and that he is."""

# Linux, linux/filter.h and asm-generic/socket.h.
_ATTACH, _DETACH = 26, 27
_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE = 0x20, 0x28, 0x30
_JUMP_EQUAL, _JUMP_ANY, _RETURN = 0x15, 0x45, 0x06
_IP_HEADER = 0xFFF00000
"""SKF_NET_OFF. Other offsets count from the UDP header, which is 8 octets long."""

_instruction = struct.Struct("=HBBI")


class Sieve:
    """Of one socket. Open at first: everything passes."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._shut: tuple[Address, int] | None = None

    def shut(self, source: Address, payload_type: int) -> None:
        """Let only one in `PASSED` through of the RTP packets of that type from that source; everything else passes.

        A kernel that refuses leaves all as it is.
        """
        if self._shut == (source, payload_type):
            return
        self._shut = (source, payload_type)
        program = _program(source, payload_type)
        memory = ctypes.create_string_buffer(program, len(program))
        count = len(program) // _instruction.size
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH, struct.pack("@HP", count, ctypes.addressof(memory)))

    def open(self) -> None:
        """Let everything through."""
        if self._shut is not None:
            self._shut = None
            with suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, _DETACH, 0)


def _program(source: Address, payload_type: int) -> bytes:
    """Classic BPF. Reading beyond the end of a packet drops it: what is too short is no RTP."""
    host = int.from_bytes(socket.inet_aton(source[0]), "big")
    steps = (
        (_LOAD_WORD, 0, 0, _IP_HEADER + 12),  # source address
        (_JUMP_EQUAL, 0, 7, host),
        (_LOAD_HALF, 0, 0, 0),  # source port
        (_JUMP_EQUAL, 0, 5, source[1]),
        (_LOAD_BYTE, 0, 0, 8 + 1),  # marker and payload type; audio with a marker begins a burst of speech: passes
        (_JUMP_EQUAL, 0, 3, payload_type),
        (_LOAD_HALF, 0, 0, 8 + 2),  # sequence number
        (_JUMP_ANY, 0, 1, PASSED - 1),
        (_RETURN, 0, 0, 0),
        (_RETURN, 0, 0, 0xFFFFFFFF),
    )
    return b"".join(_instruction.pack(*step) for step in steps)

"""An operator for tests, independent of the product: a raw socket that answers REGISTER, OPTIONS and INVITE (RFC 3261
section 10.3), with a digest of its own (RFC 7616).

    async with Operator.open(password="s3cret") as operator:
        …
        request = await operator.request("REGISTER", 2)     # the second one
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import re
from collections.abc import AsyncIterator
from typing import Any

from support.sipua import Message, until

_unique = itertools.count(1)


def parameters(value: str) -> dict[str, str]:
    """Parameters of an Authorization header."""
    return {
        name.lower(): quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', value)
    }


class Operator(asyncio.DatagramProtocol):
    """Answers what it is asked; every request is in `requests`, every address in `sources`."""

    def __init__(self, password: str, algorithm: str = "MD5", *, proxy: bool = False, expires: int = 3600) -> None:
        self.password, self.algorithm, self.expires = password, algorithm, expires
        self.status, self.header = (407, "Proxy-Authenticate") if proxy else (401, "WWW-Authenticate")
        self.requests: list[Message] = []
        self.silent = False
        """Answer nothing."""
        self.least = 0
        """Shortest registration that is not refused with 423."""
        self.nonce = f"nonce{next(_unique)}"
        self.bindings: dict[str, int] = {}
        """Contacts and the seconds they were registered for."""
        self.host, self.port = "", 0
        self._transport: Any = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, *args: Any, **options: Any) -> AsyncIterator[Operator]:
        """On a free port of 127.0.0.1; closed at the end of the block."""
        loop = asyncio.get_running_loop()
        _, operator = await loop.create_datagram_endpoint(lambda: cls(*args, **options), local_addr=("127.0.0.1", 0))
        try:
            yield operator
        finally:
            operator._transport.close()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.host, self.port = transport.get_extra_info("sockname")

    def of(self, method: str) -> list[Message]:
        """The requests of that method, in order."""
        return [request for request in self.requests if request.start.startswith(method + " ")]

    async def request(self, method: str, count: int = 1, timeout: float = 3.0) -> Message:
        """The `count`th request of that method; TimeoutError."""
        await until(lambda: len(self.of(method)) >= count, timeout)
        return self.of(method)[count - 1]

    def expire_nonce(self) -> None:
        """The next request with the present nonce is stale."""
        self.nonce = f"nonce{next(_unique)}"

    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = Message.parse(data)
        if message.status:
            return
        self.requests.append(message)
        if message.method == "ACK":
            return
        if self.silent:
            return
        if message.method == "OPTIONS":
            self._reply(message, addr, 200)
        elif message.method == "REGISTER":
            self._register(message, addr)
        elif self._challenged(message, addr):
            self._reply(message, addr, 486)

    def _register(self, message: Message, addr: Any) -> None:
        if not self._challenged(message, addr):
            return
        asked = int(message.get("Expires"))
        if 0 < asked < self.least:
            self._reply(message, addr, 423, ("Min-Expires", str(self.least)))
            return
        granted = min(asked, self.expires)
        contact = message.get("Contact").partition(";")[0]
        self.bindings[contact] = granted
        self._reply(message, addr, 200, ("Contact", f"<sip:other@192.0.2.9>;expires=9, {contact};expires={granted}"))

    def _challenged(self, message: Message, addr: Any) -> bool:
        """True when the password was right; otherwise the challenge is sent."""
        name = "Proxy-Authorization" if self.status == 407 else "Authorization"
        given = parameters(message.get(name))
        if given and given["nonce"] == self.nonce and given["response"] == self._expected(message, given):
            return True
        stale = ", stale=true" if given and given["nonce"] != self.nonce else ""
        challenge = f'Digest realm="op, \\"1\\"", nonce="{self.nonce}", qop="auth,auth-int", opaque="x"{stale}'
        self._reply(message, addr, self.status, (self.header, f"{challenge}, algorithm={self.algorithm}"))
        return False

    def _expected(self, message: Message, given: dict[str, str]) -> str:
        new = hashlib.sha256 if self.algorithm.upper() == "SHA-256" else hashlib.md5

        def digest(text: str) -> str:
            return new(text.encode()).hexdigest()

        secret = digest(f'{given["username"]}:op, "1":{self.password}')
        request = digest(f"{message.method}:{message.start.split()[1]}")
        return digest(f"{secret}:{self.nonce}:{given['nc']}:{given['cnonce']}:auth:{request}")

    def _reply(self, message: Message, addr: Any, status: int, *headers: tuple[str, str]) -> None:
        keep = [(name, value) for name, value in message.headers if name in ("Via", "From", "Call-ID", "CSeq")]
        reply = Message(f"SIP/2.0 {status} Test", [*keep, ("To", f"{message.get('To')};tag=op"), *headers])
        self._transport.sendto(reply.encode(), addr)

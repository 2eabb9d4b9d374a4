"""What hostile tests send, and how they see that the server bears it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from support.served import Served
from support.sipua import Message, SipUa, sdp, until

TORTURE = sorted((Path(__file__).parents[1] / "hostile" / "rfc4475").glob("*.dat"))

HOLD = """
format: 1
name: hold
did: ["32"]
start: hello
nodes:
  hello: {type: answer, next: pause}
  pause: {type: wait, duration: 60s, next: end}
"""
"""A scenario that answers and does nothing."""

BATCH = 40
"""Datagrams between two answered requests: what a socket's buffer holds for sure."""


class Deaf(SipUa):
    """Sends, and looks at no answer: what it would get for nonsense is nonsense too."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Nothing."""


def request(
    ua: SipUa, to: tuple[str, int], method: str, *, did: str = "32", number: int = 1, agent: str = ""
) -> Message:
    """A request outside any call."""
    headers = [("Via", ua.via()), ("From", f"<sip:x{number}@{ua.host}>;tag=x{number}")]
    headers += [("To", f"<sip:{did}@{to[0]}>")]
    headers += [("Call-ID", f"{method}-{number}@{ua.host}"), ("CSeq", f"{number} {method}"), ("Max-Forwards", "70")]
    headers += [("Contact", f"<sip:x@{ua.host}:{ua.port}>")]
    headers += [("User-Agent", agent)] if agent else []
    body = sdp(ua.host, 40000) if method == "INVITE" else ""
    headers += [("Content-Type", "application/sdp")] if body else []
    return Message(f"{method} sip:{did}@{to[0]}:{to[1]} SIP/2.0", headers, body)


async def still_answers(ua: SipUa, to: tuple[str, int], number: int) -> None:
    """OPTIONS is answered with 200; TimeoutError."""
    ua.send(request(ua, to, "OPTIONS", number=number), to)
    wanted = f"OPTIONS-{number}@{ua.host}"
    await until(lambda: any(m.get("Call-ID") == wanted and m.status == 200 for m in ua.log[-2 * BATCH :]), timeout=5)


async def a_call_works(ua: SipUa, to: tuple[str, int]) -> None:
    """A call is answered, sends sound, and is hung up."""
    call = await ua.invite("32", to)
    await call.answered()
    heard = len(call.rtp.received)
    await until(lambda: len(call.rtp.received) > heard + 5)
    assert (await call.bye()).status == 200
    call.rtp.close()


def mutations(ua: SipUa, to: tuple[str, int], count: int, seed: int, did: str) -> Iterator[bytes]:
    """Datagrams made of good ones: octets changed, cut, repeated, mixed."""
    dice = random.Random(seed)
    methods = ("INVITE", "INVITE", "OPTIONS", "ACK", "BYE", "CANCEL", "REGISTER", "INFO", "UPDATE", "REFER", "NOTIFY")
    others = [file.read_bytes() for file in TORTURE]
    for number in range(count):
        if dice.random() < 0.2:
            data = bytearray(dice.choice(others))
        else:
            data = bytearray(request(ua, to, dice.choice(methods), did=did, number=number + 1).encode())
        if dice.random() < 0.1:
            data = bytearray(b"SIP/2.0 %d Maybe\r\n" % dice.randrange(700)) + data.partition(b"\r\n")[2]
        for _ in range(dice.choice((1, 1, 2, 4, 16))):
            at = dice.randrange(len(data)) if data else 0
            match dice.randrange(6):
                case 0:
                    data[at : at + 1] = bytes([dice.randrange(256)])
                case 1:
                    del data[at : at + dice.randrange(1, 30)]
                case 2:
                    data[at:at] = data[at : at + dice.randrange(1, 60)]
                case 3:
                    data[at:at] = dice.choice(
                        (b"\r\n", b"\r\n\r\n", b":", b";", b'"', b"<", b"\0", b",", b"\xff\xfe")
                    )
                case 4:
                    line = data.find(b"\r\n", at)
                    data[line:line] = b"9" * dice.randrange(1, 40) if line > 0 else b""
                case _:
                    data = data[: max(1, at)] if dice.random() < 0.3 else data
        yield bytes(data)


def memory(server: Served) -> list[float]:
    """Resident megabytes of the server and its media workers."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server.processes()]
    return [count * 4096 / 1e6 for count in pages]

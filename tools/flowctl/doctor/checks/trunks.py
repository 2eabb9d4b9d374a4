"""The trunks: does the exchange or operator at the other end answer."""

from __future__ import annotations

import asyncio
import secrets
import socket

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong

SECONDS = 4.0
"""For an answer."""
REPEAT = 0.5
"""T1 of RFC 3261 section 17.1.2.2: seconds before the request is sent again, then twice as long each time."""


async def run(patient: Patient) -> list[Finding]:
    """What a server that runs knows of its trunks, and an OPTIONS to each (RFC 3261 section 11)."""
    trunks = patient.settings.sip.trunks
    if not trunks:
        return [skipped(_("none: calls come from the addresses in sip.allow"))]
    known = {trunk.name.rpartition("/")[2]: trunk for trunk in patient.status.trunks} if patient.status else {}
    local = patient.settings.sip.listen.rpartition(":")[0]
    asked = await asyncio.gather(*(_options(local, trunk.host, trunk.port) for trunk in trunks.values()))
    found = []
    for (name, trunk), (answer, status) in zip(trunks.items(), asked, strict=True):
        state = known.get(name)
        where = f"{name} ({trunk.host}:{trunk.port})"
        if state is not None and state.up:
            found.append(ok(_("{trunk} is up since {since}").format(trunk=where, since=state.since)))
        elif state is not None:
            message = _("{trunk} is down since {since}: {reason}; OPTIONS: {answer}")
            found.append(
                wrong(
                    message.format(trunk=where, since=state.since, reason=state.detail, answer=answer),
                    _advice(status),
                )
            )
        elif status:
            found.append(ok(_("{trunk} answers OPTIONS: {answer}").format(trunk=where, answer=answer)))
        else:
            message = _("{trunk} does not answer OPTIONS: {answer}").format(trunk=where, answer=answer)
            found.append((wrong if trunk.register_ else warning)(message, _advice(status)))
    return found


def _advice(status: int) -> str:
    if status in (401, 403, 404, 407):
        return _("it is there, and refuses us: look at user, password and the address that it knows us by")
    if status:
        return _("it is there: the log of the server says what failed")
    return _("look at host and port, the route, the firewall (UDP), and whether the other side knows our address")


async def _options(local: str, host: str, port: int) -> tuple[str, int]:
    """What the far end answers, and the status; 0 for no answer."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            ((*_rest, far), *_others) = await loop.getaddrinfo(
                host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM
            )
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
                ours.setblocking(False)
                ours.bind((local, 0))
                ours.connect(far)
                return await _exchange(ours, f"{host}:{port}")
    except TimeoutError:
        return _("no answer within {seconds} s").format(seconds=f"{SECONDS:g}"), 0
    except OSError as error:
        return error.strerror or str(error), 0


async def _exchange(ours: socket.socket, target: str) -> tuple[str, int]:
    loop = asyncio.get_running_loop()
    here = "{}:{}".format(*ours.getsockname())
    key = secrets.token_hex(8)
    request = (
        f"OPTIONS sip:{target} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {here};rport;branch=z9hG4bK{key}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:doctor@{here}>;tag={key}\r\nTo: <sip:{target}>\r\n"
        f"Call-ID: {key}@{here}\r\nCSeq: 1 OPTIONS\r\nContact: <sip:doctor@{here}>\r\n"
        "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    wait = REPEAT
    while True:
        await loop.sock_sendall(ours, request)
        try:
            async with asyncio.timeout(wait):
                while True:
                    line = (await loop.sock_recv(ours, 65_535)).split(b"\r\n", 1)[0].decode("utf-8", "replace")
                    words = line.split(" ", 2)
                    if words[0] == "SIP/2.0" and len(words) > 1 and words[1].isdecimal() and words[1] >= "2":
                        return " ".join(words[1:])[:60], int(words[1])
        except TimeoutError:
            wait *= 2


CHECK = Check("trunks", N_("Trunks"), 70, run, seconds=6.0)

"""The ports that the server listens to: free, or its own."""

from __future__ import annotations

import errno
import socket

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, wrong
from tools.flowctl.doctor.examine import in_thread

SAMPLES = 8
"""RTP ports that are tried, spread over the range."""


async def run(patient: Patient) -> list[Finding]:
    """Each is opened for a moment, unless a server has them."""
    return await in_thread(lambda: _look(patient))


def _look(patient: Patient) -> list[Finding]:
    settings = patient.settings
    found = [_listener("SIP", "sip.listen", settings.sip.listen, socket.SOCK_DGRAM, patient)]
    if settings.agent_link is not None:
        link = settings.agent_link.listen
        found.append(_listener(_("agent link"), "agent_link.listen", link, socket.SOCK_STREAM, patient))
    if settings.web is not None:
        found.append(_listener(_("web server"), "web.listen", settings.web.listen, socket.SOCK_STREAM, patient))
    return [*found, _rtp(patient)]


def _listener(what: str, key: str, listen: str, kind: socket.SocketKind, patient: Patient) -> Finding:
    protocol = "udp" if kind is socket.SOCK_DGRAM else "tcp"
    where = f"{what} {listen}/{protocol}"
    host, _colon, port = listen.rpartition(":")
    reason = _try(host.strip("[]"), int(port), kind)
    if reason == errno.EADDRINUSE and patient.status is not None:
        return ok(_("{where} is the server's").format(where=where))
    if not reason and patient.status is not None and int(port):
        message = _("{where} is not open, though the server runs").format(where=where)
        return wrong(message, _("the settings have changed since it was started: restart it"))
    if not reason:
        return ok(_("{where} is free").format(where=where))
    return wrong(f"{where}: {_said(reason)}", _advice(reason, key, port, protocol))


def _said(reason: int) -> str:
    if reason == errno.EADDRINUSE:
        return _("in use by another program")
    if reason == errno.EADDRNOTAVAIL:
        return _("this machine does not have that address")
    return _("not allowed") if reason == errno.EACCES else errno.errorcode.get(reason, str(reason))


def _advice(reason: int, key: str, port: str, protocol: str) -> str:
    if reason == errno.EADDRINUSE:
        command = f"ss -ln{protocol[0]}p 'sport = :{port}'"
        return _("`{command}` says which; stop it, or change {key}").format(command=command, key=key)
    if reason == errno.EADDRNOTAVAIL:
        return _("`ip address` lists those that it has; change {key}").format(key=key)
    return _("choose a port above 1023 for {key}, or let systemd start the server").format(key=key)


def _rtp(patient: Patient) -> Finding:
    settings = patient.settings
    ports = settings.rtp.range
    even = [port for port in ports if port % 2 == 0]
    host = settings.sip.listen.rpartition(":")[0]
    what = _("RTP: {count} ports for calls in {range}").format(count=len(even), range=settings.rtp.ports)
    if patient.status is not None:
        return ok(what)
    sample = even[:: max(1, len(even) // SAMPLES)]
    taken = [port for port in sample if _try(host, port, socket.SOCK_DGRAM)]
    if len(taken) == len(sample):
        return wrong(_("none of the RTP ports {range} can be had").format(range=settings.rtp.ports), "rtp.ports")
    return ok(what)


def _try(host: str, port: int, kind: socket.SocketKind) -> int:
    """0, or the number of the error with which it cannot be opened."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # As the server does: connections that are closed since a moment do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            if kind is socket.SOCK_STREAM:
                probe.listen(1)
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


CHECK = Check("ports", N_("Ports"), 20, run)

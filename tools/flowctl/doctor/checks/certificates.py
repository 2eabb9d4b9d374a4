"""The certificates of the agent link and of the web server."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import ConfigurationError
from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.examine import in_thread

if TYPE_CHECKING:
    from engine.server.agent_link import Tls

SOON = 21
"""Days before its end at which a certificate is to be renewed; those of Let's Encrypt are after 60 of 90."""


async def run(patient: Patient) -> list[Finding]:
    """Files only: nobody is connected to."""
    settings = patient.settings
    sections = {"agent_link.tls": settings.agent_link, "web.tls": settings.web}
    used = {
        name: section.tls for name, section in sections.items() if section is not None and section.tls is not None
    }
    if not used:
        return [skipped(_("no TLS is set"))]
    return await in_thread(lambda: [_look(name, tls, settings.folder) for name, tls in used.items()])


def _look(name: str, tls: Tls, folder: Path) -> Finding:
    path = folder / tls.certificate
    try:
        tls.context(folder, name)
        begins, ends = validity(path.read_text(encoding="ascii", errors="replace"))
    except (ConfigurationError, OSError, ValueError) as error:
        return wrong(str(error), _("both are PEM files that the user of the server may read"))
    now = datetime.now(UTC)
    days = (ends - now).days
    said = _("{name}: {file} is valid until {date}").format(name=name, file=path, date=ends.date().isoformat())
    renew = _("renew it; new connections have it without a restart")
    if now < begins:
        return wrong(_("{name}: {file} is not valid yet").format(name=name, file=path), _("look at the clock"))
    if now >= ends:
        return wrong(_("{name}: {file} has expired").format(name=name, file=path), renew)
    return warning(said, renew) if days < SOON else ok(said)


def validity(pem: str) -> tuple[datetime, datetime]:
    """From when until when the first certificate of a PEM file is valid (RFC 5280 section 4.1.2.5). Raises
    ValueError."""
    match = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", pem, re.DOTALL)
    if match is None:
        raise ValueError(_("there is no certificate in it"))
    try:
        ((_outer, whole),) = _parts(base64.b64decode(match[1]))
        inner = _parts(_parts(whole)[0][1])
        # version (explicitly tagged 0), serial number, signature, issuer, validity: the version may be left out.
        _tag, dates = inner[4 if inner[0][0] == 0xA0 else 3]
        begins, ends = (_time(*part) for part in _parts(dates)[:2])
    except IndexError:
        raise ValueError(_("the certificate is cut off")) from None
    return begins, ends


def _parts(der: bytes) -> list[tuple[int, bytes]]:
    """The elements (tag, content) that follow one another in DER (X.690). Raises IndexError."""
    found, at = [], 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        found.append((tag, der[at : at + length]))
        at += length
    return found


def _time(tag: int, content: bytes) -> datetime:
    """UTCTime (tag 23, two digits of the year: 1950 to 2049) or GeneralizedTime (tag 24)."""
    text = content.decode("ascii")
    if tag == 23:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


CHECK = Check("certificates", N_("Certificates"), 90, run)

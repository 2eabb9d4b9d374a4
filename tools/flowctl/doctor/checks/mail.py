"""The mail server."""

from __future__ import annotations

import dataclasses

from engine.errors import EngineError
from engine.messages import N_, _, _n
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.examine import in_thread

SECONDS = 5.0
"""For each answer, however patient the settings are."""


async def run(patient: Patient) -> list[Finding]:
    """Up to the log-in: nothing is sent."""
    from engine.outside.mail.probe import ADVICE, probe
    from engine.outside.mail.queue import given_up
    from engine.outside.mail.spool import FOLDER
    from engine.server.post import smtp_server

    settings = patient.settings
    if settings.mail is None:
        return [skipped(_("no mail server is named: voicemail and alerts stay here"))]
    found = []
    aside = await in_thread(lambda: given_up(settings.data / FOLDER))
    if aside:
        text = _n("{count} mail was given up: see {folder}", "{count} mails were given up: see {folder}", len(aside))
        found.append(warning(text.format(count=len(aside), folder=aside[0].parent), _("each says why")))
    try:
        server = await in_thread(lambda: smtp_server(settings))
    except EngineError as error:
        return [*found, wrong(str(error))]
    server = dataclasses.replace(server, timeout=min(server.timeout, SECONDS))
    where = f"{server.host}:{server.port}"
    async for step in probe(server):
        if not step.good and step.kind != "goodbye":
            return [*found, wrong(f"{where}: {step.said}", _(ADVICE[step.kind]))]
    return [*found, ok(_("{server} takes mail from here; `flowctl mail test` sends one").format(server=where))]


CHECK = Check("mail", N_("Mail"), 80, run, seconds=20.0)

"""The settings file."""

from __future__ import annotations

from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, wrong


async def run(patient: Patient) -> list[Finding]:
    """What is read without a mistake may still not go together."""
    from engine.errors import ConfigurationError
    from engine.server.channels import rules_of

    settings = patient.settings
    if settings.file is None:
        return [ok(_("no file: everything is as by default"))]
    try:
        rules_of(settings)
    except ConfigurationError as error:
        return [wrong(str(error), _("mend it in {file}").format(file=settings.file))]
    return [ok(_("{file} is right").format(file=settings.file))]


CHECK = Check("settings", N_("Settings"), 5, run)

"""The voice that speaks texts."""

from __future__ import annotations

import shutil

from engine.errors import AudioError
from engine.messages import N_, _
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, wrong


async def run(patient: Patient) -> list[Finding]:
    """It says a word in each language."""
    from engine.audio.voices import EspeakVoice

    if patient.settings.voice == "none":
        return [skipped(_("none: every prompt is a recording"))]
    if shutil.which("espeak-ng") is None:
        return [
            wrong(
                _("espeak-ng is not installed"), _("`apt install espeak-ng`, or `voice: none` and recordings alone")
            )
        ]
    voice = EspeakVoice()
    try:
        for language in ("en", "fr"):
            await voice.speak("1", language, None)
    except AudioError as error:
        return [wrong(str(error), _("install espeak-ng again, with its data (espeak-ng-data)"))]
    return [ok(_("espeak-ng speaks English and French"))]


CHECK = Check("voice", N_("Voice"), 40, run, seconds=10.0)

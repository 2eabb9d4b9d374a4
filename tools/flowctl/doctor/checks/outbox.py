"""What waits to be taken to the database, the mail server and the others."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from engine.messages import N_, _, _n
from engine.records.outbox import FILE
from tools.flowctl.doctor.check import Check, Finding, Patient, ok, skipped, warning, wrong
from tools.flowctl.doctor.examine import in_thread

REFUSED = "refused"
"""The kind of what the database does not take (engine.records.drainer)."""

MANY = 1_000
"""So many that wait are too many for a moment's delay."""


async def run(patient: Patient) -> list[Finding]:
    """The file is only read."""
    return await in_thread(lambda: _look(patient.settings.data / FILE))


def _look(path: Path) -> list[Finding]:
    if not path.exists():
        return [skipped(_("{file} is made at the first start").format(file=path))]
    query = "SELECT kind, count(*), max(attempts), max(error) FROM entries GROUP BY kind"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=2)) as connection:
            rows = connection.execute(query).fetchall()
            (open_,) = connection.execute("SELECT count(*) FROM begun WHERE kind = 'call'").fetchone()
    except sqlite3.Error as error:
        advice = _("stop the server and move the file away: what it holds is lost to the database, so keep it")
        return [wrong(_("{file} cannot be read: {reason}").format(file=path, reason=error), advice)]
    found = [_kind(*row) for row in rows]
    if open_:
        found.append(ok(_n("{count} call is not over", "{count} calls are not over", open_).format(count=open_)))
    return found or [ok(_("nothing waits"))]


def _kind(kind: str, count: int, attempts: int, error: str) -> Finding:
    if kind == REFUSED:
        said = _n("{count} record was refused by the database", "{count} records were refused by the database", count)
        advice = _("`flowctl database status` says why; `flowctl database retry` has them tried again")
        return wrong(said.format(count=count), advice)
    said = _n("{count} of the kind {kind} waits", "{count} of the kind {kind} wait", count)
    message = said.format(count=count, kind=kind)
    if attempts:
        last = _("{message}; tried {attempts} times, the last error: {error}")
        advice = _("the other side refuses, or is away: it is tried again by itself")
        return warning(last.format(message=message, attempts=attempts, error=error), advice)
    return warning(message, _("is the server running?")) if count >= MANY else ok(message)


CHECK = Check("outbox", N_("Outbox"), 55, run)

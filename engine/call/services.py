"""What a server offers to every one of its calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engine.audio.library import PromptLibrary
from engine.audio.recordings import Recordings
from engine.centres.centres import Centres
from engine.clock import Clock
from engine.lines.lines import Lines
from engine.outside.absent import NoAlerts, NoContacts, NoDatabases, NoExchange, NoHttp, NoMail, NoMailboxes
from engine.outside.ports import Alerts, Contacts, Databases, Exchange, HttpClient, Mailboxes, Mailer
from engine.records.switches import FixedSwitches, Switches


@dataclass(frozen=True, slots=True)
class Transfers:
    """How callers are handed over where the scenario leaves it open (`telephony.transfer`)."""

    method: Literal["auto", "driver", "exchange", "bridge"] = "auto"
    second: bool = False
    """A line that transfers does so with the help of a second one."""


@dataclass(slots=True)
class Services:
    """One per server (or simulator), shared by its calls."""

    clock: Clock
    prompts: PromptLibrary
    centres: Centres
    lines: Lines
    recordings: Recordings
    switches: Switches = field(default_factory=FixedSwitches)
    """Manual overrides of opening hours."""
    switchboard: str | None = None
    """What to dial for the switchboard."""
    transfers: Transfers = field(default_factory=Transfers)
    ring_time: float = 30.0
    """Seconds that the phone of an agent who has accepted a call may ring."""
    databases: Databases = field(default_factory=NoDatabases)
    http: HttpClient = field(default_factory=NoHttp)
    mailer: Mailer = field(default_factory=NoMail)
    alerts: Alerts = field(default_factory=NoAlerts)
    mailboxes: Mailboxes = field(default_factory=NoMailboxes)
    contacts: Contacts = field(default_factory=NoContacts)
    exchange: Exchange = field(default_factory=NoExchange)

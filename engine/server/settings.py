"""The settings of a server: `server.yaml`, every key optional, overridden by `FLOWCTL_…` variables."""

from __future__ import annotations

import re
from functools import cached_property
from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from engine.centres.directory import defects
from engine.errors import ConfigurationError
from engine.lines.channel_rules import Rules, check_rules
from engine.lines.numbering import is_country
from engine.nodes.fields import Duration
from engine.server.agent_link import AgentLinkSettings
from engine.server.alerts import AlertSettings
from engine.server.contacts import ContactsSettings
from engine.server.database import DatabaseSettings, without_password
from engine.server.journal_settings import JournalSettings
from engine.server.log_settings import LogSettings
from engine.server.mail import MailSettings
from engine.server.mailboxes import MailboxName, MailboxSettings
from engine.server.passwords import require_private_passwords
from engine.server.pyvoip import PyVoip
from engine.server.retention import RetentionSettings
from engine.server.section import NAME, PortRange, Section, SourceName, range_of, shaped
from engine.server.sip import Sip
from engine.server.statistics import StatisticsSettings
from engine.server.telephony import Telephony
from engine.server.web.settings import WebSettings
from engine.server.zone import machine_zone, zone_name


def _host(value: str) -> str:
    host, colon, port = value.partition(":")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", host) or (
        colon and not (port.isdecimal() and 1 <= int(port) <= 65535)
    ):
        raise ValueError(f"{value!r} is not a host: write api.example.com or api.example.com:8443, without https://")
    return value


def _country(value: str) -> str:
    if not is_country(value):
        raise ValueError(f"{value!r} is not a country: write two capitals such as FR (ISO 3166-1)")
    return value


def _drivers(value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if own := value.keys() & {"sip", "pyvoip"}:
        raise ValueError(f"{', '.join(sorted(own))}: written as a section of its own, not below `drivers`")
    return value


def _channels(rules: dict[str, Rules]) -> dict[str, Rules]:
    check_rules(rules)
    return rules


LineName = Annotated[
    str, shaped("[a-z][a-z0-9_]*(/[A-Za-z0-9_.-]+){0,2}", "a line or a channel, such as sip/operator or sip/3"), NAME
]
HostName = Annotated[str, AfterValidator(_host)]


class Rtp(Section):
    """Sound."""

    ports: PortRange = Field(
        default="20000-23999",
        description="UDP ports for RTP; each leg takes an even one, and the one above it for RTCP.",
    )
    workers: int | None = Field(
        default=None, ge=1, le=64, description="Media worker processes; by default one per processor."
    )
    external: IPv4Address | None = Field(
        default=None,
        description="Address by which the far ends reach this machine, if an address translator stands before it: "
        "written into session descriptions instead of the one of `sip.listen`.",
    )
    dscp: int = Field(
        default=46, ge=0, le=63, description="DSCP of the packets sent (RFC 2474); 46 is expedited forwarding."
    )
    timeout: Duration = Field(
        default=60.0,
        description="A call whose far end sends no packet for so long, and is not on hold, is ended; 0s: never.",
    )

    @property
    def range(self) -> range:
        """The ports, the last included."""
        return range_of(self.ports)


class Http(Section):
    """Web services that scenarios ask."""

    allow: list[HostName] = Field(
        default_factory=list,
        description="Hosts that `http` nodes may ask: api.example.com on its usual ports, or api.example.com:8443. "
        "Others are refused, redirections too.",
    )
    limit: int = Field(
        default=1_000_000, ge=1000, le=10_000_000, description="Most bytes of an answer; a longer one is an error."
    )


class Database(Section):
    """A database that scenarios look rows up in."""

    url: Annotated[str, AfterValidator(without_password)] = Field(
        description="sqlite:///FILE, or mysql://USER@HOST:PORT/NAME (MariaDB too); without the password."
    )
    password: SecretStr | None = Field(
        default=None, description="Password; in this file only when nobody else may read it (chmod 600)."
    )
    password_file: Path | None = Field(
        default=None, description="File with the password alone, which nobody else may read (chmod 600)."
    )


class Settings(BaseSettings):
    """One server. Paths are relative to the settings file."""

    model_config = SettingsConfigDict(
        extra="forbid", env_prefix="FLOWCTL_", env_nested_delimiter="__", validate_default=False
    )

    scenarios: Path = Field(
        default=Path("flows"), description="Folder of the scenarios: every *.yaml below it except *.test.yaml."
    )
    directory: Path | None = Field(
        default=Path("directory.yaml"),
        description="File of the agents and centres with which the first start begins; afterwards they are in the "
        "database, see `flowctl apply`. One that is named must exist; the default may be missing.",
    )
    data: Path = Field(default=Path("var"), description="Folder for the database, records and recordings.")
    database: DatabaseSettings = Field(
        default_factory=DatabaseSettings, description="Where agents, centres, tokens and records are kept."
    )
    name: Annotated[str, shaped("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "letters, digits, _ . -, at most 64")] = Field(
        default="main", description="Name of this server: each record says which one wrote it."
    )
    time_zone: Annotated[str, AfterValidator(zone_name)] | None = Field(
        default=None,
        description="Time zone in which days begin and times are shown, such as Europe/Paris; by default the "
        "machine's.",
    )
    country: Annotated[str, AfterValidator(_country)] = Field(
        default="FR", description="Country in which national numbers are read."
    )
    drain: Duration = Field(default=30.0, description="How long calls may go on after the server was asked to stop.")
    sip: Sip = Field(default_factory=Sip, description="SIP lines.")
    rtp: Rtp = Field(default_factory=Rtp, description="Sound.")
    pyvoip: PyVoip | None = Field(default=None, description="SIP lines by pyVoIP, beside those of `sip`.")
    drivers: Annotated[dict[SourceName, dict[str, Any]], AfterValidator(_drivers)] = Field(
        default_factory=dict,
        description="Drivers of other packages, by their name in the entry-point group `flowctl.drivers`, each with "
        "its own settings.",
    )
    voice: Literal["espeak-ng", "none"] = Field(
        default="espeak-ng", description="What speaks the texts of scenarios; none: every prompt is a recording."
    )
    channels: Annotated[dict[LineName, Rules], AfterValidator(_channels)] = Field(
        default_factory=dict,
        description="Channels by line (`sip`, or one trunk: `sip/NAME`), and single ones (`sip/3`). Changes hold "
        "while the server runs.",
    )
    http: Http = Field(default_factory=Http, description="Web services that scenarios ask.")
    databases: dict[SourceName, Database] = Field(
        default_factory=dict, description="Databases that scenarios look rows up in, by the name in `source`."
    )
    contacts: ContactsSettings = Field(default_factory=ContactsSettings, description="The table of contacts.")
    mailboxes: dict[MailboxName, MailboxSettings] = Field(
        default_factory=dict,
        description="Mailboxes of `voicemail` nodes that may be listened to by telephone, by their name.",
    )
    telephony: Telephony = Field(default_factory=Telephony, description="The telephone system around the server.")
    agent_link: AgentLinkSettings | None = Field(
        default_factory=AgentLinkSettings, description="Where agents' computers connect; null: nowhere."
    )
    language: Literal["en", "fr"] = Field(
        default="en",
        description="Language of the pages that the server shows, of its alerts, and of what commands say. Where it "
        "is not set, alerts and commands follow the environment (LC_ALL, LANG).",
    )
    web: WebSettings | None = Field(
        default=None, description="The web server; null: none. `web: {}` is one for this machine alone."
    )

    mail: MailSettings | None = Field(default=None, description="The mail server; null: no mail is sent.")
    alerts: AlertSettings = Field(default_factory=AlertSettings, description="Who is told of trouble.")

    journals: JournalSettings = Field(
        default_factory=JournalSettings, description="CSV files with a row for each call."
    )
    retention: RetentionSettings = Field(default_factory=RetentionSettings, description="How long things are kept.")
    logs: LogSettings = Field(default_factory=LogSettings, description="The daily log.")

    statistics: StatisticsSettings = Field(
        default_factory=StatisticsSettings, description="Limits of waiting in statistics."
    )

    _folder: Path = PrivateAttr(default_factory=Path)
    _file: Path | None = PrivateAttr(default=None)

    @property
    def folder(self) -> Path:
        """Folder of the settings file."""
        return self._folder

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where days begin. Blocking when it is first asked for."""
        return machine_zone() if self.time_zone is None else ZoneInfo(self.time_zone)

    @property
    def file(self) -> Path | None:
        """The settings file; None when there is none."""
        return self._file

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        return env_settings, init_settings

    @classmethod
    def load(cls, path: Path | None) -> Settings:
        """Read a settings file (None: all defaults, relative to the current folder).

        Raises ConfigurationError with one line for each defect.
        """
        document: dict[str, Any] = {}
        if path is not None:
            from engine.scenario.load import read_mapping

            document = read_mapping(path)
        try:
            settings = cls(**document)
        except ValidationError as error:
            raise ConfigurationError("\n".join(defects(path or Path("settings"), error))) from error
        base = (path.parent if path is not None else Path()).absolute()
        if path is not None:
            require_private_passwords(path, document)
        paths: dict[str, Path | None] = {"scenarios": base / settings.scenarios, "data": base / settings.data}
        if settings.directory is not None:
            directory = base / settings.directory
            named = "directory" in settings.model_fields_set
            paths["directory"] = directory if named or directory.exists() else None
        settings = settings.model_copy(update=paths)
        settings._folder = base
        settings._file = None if path is None else path.absolute()
        return settings

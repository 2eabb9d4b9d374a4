"""The `sip` section of the settings: where SIP is answered, and the trunks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from engine.errors import ConfigurationError
from engine.nodes.fields import Duration
from engine.server.passwords import read_passwords
from engine.server.section import NAME, Listen, Network, Section, SourceName, shaped

_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = rf"{_LABEL}(\.{_LABEL})*"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"

Host = Annotated[
    str, shaped(_NAME, "a name or an IPv4 address, such as sip.example.com; a port is a key of its own, `port`")
]
HostPort = Annotated[
    str, shaped(f"{_NAME}(:{_PORT})?", "a name or an IPv4 address, and perhaps a port: sip.example.com:5060")
]
User = Annotated[
    str, shaped("[A-Za-z0-9_.!~*'()&=+$,-]+", "what stands before the @ of a SIP address, such as 0033143670900")
]
Extension = Annotated[
    str, shaped("[A-Za-z0-9_.-]{1,32}", "at most 32 letters, digits, dots, - and _, such as 201"), NAME
]
DidFrom = Literal["request-uri", "to", "p-called-party-id", "diversion"]
CliFrom = Literal["p-asserted-identity", "remote-party-id", "from"]


class Trunk(Section):
    """Lines of an operator or of an exchange."""

    host: Host = Field(description="Name or IPv4 address of the far end; calls from there are answered.")
    port: int = Field(default=5060, ge=1, le=65535, description="Its UDP port.")
    proxy: HostPort | None = Field(
        default=None, description="Where everything for the trunk is sent instead: proxy.example.com:5060."
    )
    peers: list[Network] = Field(
        default_factory=list, description="Other addresses and networks from which the trunk's calls come."
    )
    user: User | None = Field(default=None, description="Our account there.")
    auth_user: User | None = Field(default=None, description="Name that goes with the password, if it is not `user`.")
    password: SecretStr | None = Field(
        default=None, description="Password; in this file only when nobody else may read it (chmod 600)."
    )
    password_file: Path | None = Field(
        default=None, description="File with the password alone, which nobody else may read (chmod 600)."
    )
    realm: str | None = Field(
        default=None, min_length=1, description="Realm that the password is for; by default any that the trunk names."
    )
    register_: bool = Field(
        default=False, alias="register", description="Whether to register `user` there, and to keep it registered."
    )
    expires: Duration = Field(
        default=300.0,
        description="How long a registration is asked for, at least 60s; it is refreshed at half of what is granted.",
    )
    options: Duration | None = Field(
        default=None,
        description="How often to ask by OPTIONS whether the far end is there, at least 1s; by default never.",
    )
    channels: int | None = Field(
        default=None,
        ge=1,
        description="Most calls at once, both ways; more are refused with 503. By default no limit.",
    )
    did_from: DidFrom = Field(
        default="request-uri",
        description="Where an incoming call's called number (DID) is read; a call without that header has the one of "
        "its request line.",
    )
    cli_from: list[CliFrom] = Field(
        default=["p-asserted-identity", "remote-party-id", "from"],
        min_length=1,
        description="Where an incoming call's calling number (CLI) is read: the first of these that the call has.",
    )
    from_user: User | None = Field(
        default=None,
        description="Number in the From of our calls, as some operators require; by default the one presented.",
    )
    assert_caller: bool = Field(
        default=True, description="Whether the number presented is in P-Asserted-Identity too."
    )

    @field_validator("expires", "options")
    @classmethod
    def _not_too_often(cls, value: float | None, info: ValidationInfo) -> float | None:
        least = 60 if info.field_name == "expires" else 1
        if value is not None and value < least:
            raise ValueError(f"expected at least {least}s: the far end would be asked too often")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.register_ and self.user is None:
            raise ValueError("`user` is needed to register")
        return self


class Phone(Section):
    """A phone, or several that ring together."""

    password: SecretStr | None = Field(
        default=None, description="Password; in this file only when nobody else may read it (chmod 600)."
    )
    password_file: Path | None = Field(
        default=None, description="File with the password alone, which nobody else may read (chmod 600)."
    )


class Phones(Section):
    """Phones that register with the server itself, without an exchange."""

    users: dict[Extension, Phone] = Field(description="The phones, by extension; it is their user name too.")
    realm: Annotated[str, Field(pattern=r"^[A-Za-z0-9._ -]+$")] = Field(
        default="flowctl", description="Realm that the passwords are for, as phones show it."
    )
    allow: list[Network] = Field(
        default=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"],
        description="Addresses and networks from which phones may register and call, with their password.",
    )
    digest: list[Literal["md5", "sha-256"]] = Field(
        default=["md5"],
        min_length=1,
        description="How a password may be proved, the preferred way first. Some phones give up at sha-256.",
    )
    contacts: int = Field(
        default=5, ge=1, le=50, description="Most phones of one extension; one more takes the place of the oldest."
    )
    min_expires: Duration = Field(
        default=60.0, description="Shortest registration; a shorter one is refused with 423."
    )
    max_expires: Duration = Field(
        default=600.0, description="Longest registration; a phone that asks for more, or for nothing, gets this."
    )

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if not 1 <= self.min_expires <= self.max_expires:
            raise ValueError("expected min_expires from 1s to max_expires")
        return self


class Sip(Section):
    """SIP lines."""

    listen: Listen = Field(default="127.0.0.1:5060", description="Address and UDP port on which SIP is answered.")
    allow: list[Network] = Field(
        default=["127.0.0.1/32"], description="Addresses and networks whose calls are answered; others get silence."
    )
    external: HostPort | None = Field(
        default=None,
        description="Address, and port if it is another, by which far ends reach this machine, if an address "
        "translator stands before it: 203.0.113.5. Written into Contact and Via instead of `listen`; see "
        "`rtp.external` too.",
    )
    overload: Duration = Field(
        default=0.25,
        description="New calls are refused with 503 while the machine is so far behind that they would wait longer "
        "than this for their answer; 0s: never.",
    )
    session_timer: Duration = Field(
        default=1800.0,
        description="How long a call may go on without a sign that its far end still knows it (RFC 4028); asked for "
        "at half of that. At least 90s; 0s: not asked.",
    )
    hook_flash: Literal["event", "info"] = Field(
        default="event",
        description="How a hook-flash is sent, for `telephony.transfer.exchange`: event 16 of RFC 4733, or SIP INFO "
        "with application/hook-flash.",
    )
    trunks: dict[SourceName, Trunk] = Field(
        default_factory=dict, description="Lines of operators and exchanges, by a name of your own."
    )
    phones: Phones | None = Field(default=None, description="Phones that register with the server itself.")

    @field_validator("session_timer")
    @classmethod
    def _long_enough(cls, value: float) -> float:
        if 0 < value < 90:
            raise ValueError("expected at least 90s, or 0s for no session timer")
        return value


def trunks_of(sip: Sip, folder: Path) -> dict[str, dict[str, Any]]:
    """The trunks as the driver takes them, with their passwords; files are relative to `folder`.

    Raises ConfigurationError for a password that cannot be read. Blocking.
    """
    passwords = read_passwords("sip.trunks", sip.trunks, folder)
    secrets = {"password", "password_file"}
    return {
        name: {**trunk.model_dump(by_alias=True, exclude=secrets), "password": passwords.get(name)}
        for name, trunk in sip.trunks.items()
    }


def phones_of(sip: Sip, folder: Path) -> dict[str, Any] | None:
    """The phones as the driver takes them, None when there are none; as `trunks_of`."""
    phones = sip.phones
    if phones is None:
        return None
    passwords = read_passwords("sip.phones.users", phones.users, folder)
    for extension in phones.users:
        if not passwords.get(extension):
            raise ConfigurationError(f"sip.phones.users.{extension}: a password or a password_file is needed")
    options = phones.model_dump(exclude={"users", "digest"})
    return {**options, "users": passwords, "algorithms": [name.upper() for name in phones.digest]}

"""The `telephony` section of the settings: numbers, what may be dialled, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from engine.call.services import Transfers
from engine.clock import Clock
from engine.lines.dialling import DialPlan, destination
from engine.lines.feature_code import FeatureCode
from engine.lines.limits import FILE, Bounds, Limits
from engine.nodes.fields import Duration
from engine.outside.absent import NoExchange
from engine.outside.ports import Exchange
from engine.server.section import Section, shaped

Destination = Annotated[str, AfterValidator(destination)]
Keys = Annotated[str, shaped("[0-9]{0,4}", "at most four digits")]
Code = Annotated[str, shaped("[0-9*#A-D!,]{0,16}", "at most 16 of 0-9, *, #, A-D, ! (hook-flash) and , (pause)")]
OwnNumber = Annotated[str, shaped(r"\+?[0-9]{0,15}", "digits alone, perhaps with + before them")]
Count = Annotated[int, Field(ge=0)]


class CallLimits(Section):
    """The most calls to telephone numbers; the day is that of the server's time zone, and survives a restart."""

    per_day: Count | None = Field(
        default=None, description="Calls to telephone numbers that the server may try in a day, extensions left out."
    )
    per_agent_per_day: Count | None = Field(
        default=None, description="The same for calls that come from one agent's extension."
    )
    per_call: Count | None = Field(
        default=None,
        description="The same for one call that comes in; the phones of agents that are telephone numbers count too.",
    )


class ExchangeTransfer(Section):
    """A transfer by keys, as somebody at a telephone would press them on the line of the caller."""

    code: Code = Field(
        min_length=1,
        description="Keys before the number. `!` is a hook-flash (see `sip.hook_flash`), `,` a pause of 1 s: `!,` or "
        "`*2`.",
    )
    end: Code = Field(default="", description="Keys after the number, written as `code`: `#`.")
    wait: Duration = Field(
        default=5.0,
        gt=0,
        description="How long the exchange has to hang up on us, which says that it has transferred.",
    )
    then: Literal["hang_up", "fail"] = Field(
        default="hang_up",
        description="What happens when it has not. hang_up: we do, which is how it transfers. fail: it has not "
        "transferred.",
    )
    back: Code = Field(default="", description="Keys that bring the caller back after that failure, such as `!`.")


class Transfer(Section):
    """How callers are handed over where a scenario does not say it."""

    method: Literal["auto", "driver", "exchange", "bridge"] = Field(
        default="auto",
        description="What `method: auto` of `transfer` and `switchboard`, and `connect: transfer` of `agent_search`, "
        "mean. driver: the line transfers (REFER), and ours is free. exchange: as `exchange` says. bridge: both "
        "lines stay busy. auto: driver where the line can, else bridge.",
    )
    channel: Literal["same", "second"] = Field(
        default="same",
        description="How a line transfers. same: the caller's far end is told the number (REFER). second: the number "
        "is called first, and when it answers the two are connected by their far end (REFER with Replaces), which "
        "frees both lines; for that time a second channel is needed.",
    )
    exchange: ExchangeTransfer | None = Field(default=None, description="The feature code of the exchange.")

    @model_validator(mode="after")
    def _exchange_has_a_code(self) -> Transfer:
        if self.method == "exchange" and self.exchange is None:
            raise ValueError("method exchange needs `exchange: {code: …}`, the keys that the exchange wants")
        return self

    def rules(self) -> Transfers:
        """What calls need to know."""
        return Transfers(self.method, self.channel == "second")

    def by_exchange(self) -> Exchange:
        """What transfers by `exchange`."""
        how = self.exchange
        if how is None:
            return NoExchange()
        return FeatureCode(how.code, how.end, how.wait, how.then == "hang_up", how.back)


class Telephony(Section):
    """The telephone system around the server."""

    switchboard: str | None = Field(
        default=None,
        min_length=1,
        description="What `switchboard` nodes call: a telephone number, an extension, a SIP URI or an agent's code.",
    )
    internal_digits: int | None = Field(
        default=None, ge=2, le=6, description="How many digits an extension has; without it there are none."
    )
    outside_prefix: Keys = Field(
        default="", description="What the exchange wants before a number that is no extension, such as 0."
    )
    send: Literal["national", "e164"] = Field(
        default="national",
        description="How a number is sent: as a telephone in the `country` dials it, or in E.164 with +.",
    )
    strip_from_cli: Keys = Field(
        default="", description="Digits that the exchange puts before the number of a caller from outside."
    )
    present_caller: bool = Field(
        default=True, description="Whom a call is bridged to sees the caller's number; false: our own `number`."
    )
    number: OwnNumber = Field(
        default="",
        description="Our own number, presented with `present_caller: false`; empty: the line's.",
    )
    allow: list[Destination] = Field(
        default_factory=list,
        description="What may be dialled beside extensions and national numbers: international, premium, "
        "shared_cost, short, emergency; a country (BE); the beginning of a number (+33892); a short number (3631).",
    )
    deny: list[Destination] = Field(
        default_factory=list,
        description="What may not be dialled, written as in `allow`, also national and internal.",
    )
    transfer: Transfer = Field(default_factory=Transfer, description="How callers are handed over.")
    limits: CallLimits = Field(default_factory=CallLimits, description="How many calls may go out.")

    @model_validator(mode="after")
    def _prefix_goes_with_national(self) -> Telephony:
        if self.outside_prefix and self.send == "e164":
            raise ValueError(
                "outside_prefix stands before numbers as they are dialled: leave out send, or the prefix"
            )
        return self

    def dial_plan(self, country: str, gateways: Iterable[str] = ()) -> DialPlan:
        """The rules for a server in `country` whose trunks lead to the hosts `gateways`."""
        return DialPlan(
            country,
            internal_digits=self.internal_digits,
            outside_prefix=self.outside_prefix,
            send=self.send,
            strip_from_cli=self.strip_from_cli,
            presents_caller=self.present_caller,
            number=self.number,
            allow=self.allow,
            deny=self.deny,
            gateways=gateways,
        )

    def call_limits(self, clock: Clock, data: Path, zone: tzinfo) -> Limits:
        """The limits, with the counts of the day in `zone` as they are kept below `data`. Blocking."""
        return Limits(Bounds(**self.limits.model_dump()), clock, data / FILE, zone=zone)

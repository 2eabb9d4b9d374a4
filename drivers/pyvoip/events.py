"""What a call tells its leg; said in pyVoIP's thread, heard in the event loop."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.pyvoip.media import Media
from engine.lines import Hangup


@dataclass(frozen=True, slots=True)
class Invited:
    """A call has come in."""

    did: str
    cli: str
    name: str


@dataclass(frozen=True, slots=True)
class Sound:
    """The call is answered, or its sound goes elsewhere from now on."""

    media: Media


@dataclass(frozen=True, slots=True)
class Ended:
    """The far end has hung up, or the call has failed."""

    hangup: Hangup


Event = Sound | Ended

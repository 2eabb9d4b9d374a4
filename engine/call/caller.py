"""Who calls: looked up in the contacts while the call goes its way already."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any

from engine.errors import CallError
from engine.outside.values import incoming

if TYPE_CHECKING:
    from engine.call.call import Call

SECONDS = 2.0
"""How long anybody waits to know who calls, whatever the table of contacts promises."""

STRANGER: Mapping[str, Any] = {
    "nUniqueId": 0,
    **dict.fromkeys(("strIdent", "strLastName", "strFirstName", "strCompany", "strWho", "dLastDateUpdate"), ""),
    **dict.fromkeys(("strPhoneNumber1", "strPhoneNumber2", "strGsmNumber1", "strGsmNumber2"), ""),
}
"""What `contact` is for a caller who is in no table of contacts."""


class Caller:
    """`contact` is the caller's row, once it is known, and a stranger's until then."""

    def __init__(self) -> None:
        self.contact = STRANGER
        self._looking: asyncio.Task[None] | None = None

    def look_up(self, call: Call) -> None:
        """Begin. A caller without a number is a stranger at once."""
        if call.record.caller:
            self._looking = asyncio.create_task(self._find(call), name=f"caller of {call.record.id}")

    async def known(self) -> None:
        """Wait until the answer is there, or none is to be had. For whoever shows the contact, or decides by it."""
        if self._looking is not None:
            await asyncio.wait({self._looking})

    def stop(self) -> None:
        """The call is over."""
        if self._looking is not None:
            self._looking.cancel()

    async def _find(self, call: Call) -> None:
        """One who cannot be looked up is a stranger."""
        try:
            async with asyncio.timeout(SECONDS):
                found = await call.services.contacts.find(call.record.caller)
            # What is null in the table is empty, as it is for a stranger.
            given = {name: value for name, value in (found or {}).items() if value is not None}
            self.contact = {**STRANGER, **incoming(given, UTC)}
        except TimeoutError:
            call.warn(f"the caller was not looked up in the contacts: no answer within {SECONDS:g} s")
        except CallError as error:
            call.warn(f"the caller was not looked up in the contacts: {error}")

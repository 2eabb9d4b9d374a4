"""What stands in the place of an outside part that the settings do not name: it fails, and says what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from engine.audio.clip import Clip
from engine.errors import CallError, Unsupported
from engine.lines import Leg
from engine.outside.ports import HttpRequest, HttpResponse, Mail, Message, Query


class NoDatabases:
    """No database is named in the settings."""

    async def row(self, source: str, query: Query, timeout: float) -> Mapping[str, Any] | None:
        raise CallError(f"no database is called {source!r}: name it in the setting databases")


class NoHttp:
    """No host may be asked."""

    async def request(self, request: HttpRequest) -> HttpResponse:
        raise CallError("no web service may be asked: name its host in the setting http.allow")


class NoMail:
    """Nothing sends mail."""

    async def send(self, mail: Mail) -> None:
        raise CallError("no mail is configured: name the mail server in the setting mail")


class NoAlerts:
    """Nobody is told; the log has the alert already."""

    async def raise_alert(self, mail: Mail) -> None:
        return None


class NoMailboxes:
    """No mailbox can be listened to."""

    def require(self) -> None:
        self._refuse()

    async def admits(self, mailbox: str, pin: str) -> bool:
        self._refuse()

    async def messages(self, mailbox: str) -> Sequence[Message]:
        self._refuse()

    async def sound(self, mailbox: str, message: str) -> Clip:
        self._refuse()

    async def heard(self, mailbox: str, message: str) -> None:
        self._refuse()

    async def delete(self, mailbox: str, message: str) -> None:
        self._refuse()

    @staticmethod
    def _refuse() -> NoReturn:
        raise CallError("no mailboxes are configured: name them in the setting mailboxes")


class NoContacts:
    """Every caller is a stranger."""

    async def find(self, caller: str) -> Mapping[str, Any] | None:
        return None


class NoExchange:
    """No feature code of an exchange is configured."""

    async def transfer(self, leg: Leg, to: str) -> None:
        raise Unsupported("no feature code of the exchange is configured: use method bridge, or auto")

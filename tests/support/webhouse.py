"""A server on virtual lines, in real time, with a web server on a real port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx
from support.house import House

from drivers.virtual import Party
from engine.centres.directory import Directory
from engine.lines.dialling import DialPlan
from engine.lines.lines import Lines
from engine.records.database import Database
from engine.records.tokens import Holder, Tokens
from engine.server.link.service import LinkService
from engine.server.web.service import WebService
from engine.server.web.settings import WebSettings

PARIS = "0143670903"

PEOPLE = Directory.model_validate(
    {
        "agents": [
            {"code": "201", "first_name": "Anne", "password": "secret", "phone": "27"},
            {"code": "202", "first_name": "Hugo", "password": "secret", "phone": "28"},
        ],
        "centres": [{"name": "support", "agents": ["201", "202"]}],
    }
)


class WebHouse(House):
    """Its phones answer at once; `parties` are those that have rung."""

    def __init__(self, root: Path, settings: WebSettings, language: Literal["en", "fr"]) -> None:
        super().__init__(root, PEOPLE)
        self.services.lines = Lines([self.driver], self.services.lines.channels, DialPlan(internal_digits=2))
        self.parties: list[Party] = []
        self.driver.elsewhere = self._answer
        self.agents = LinkService(None, self.services.centres, root)
        self.database = Database(root / "flowctl.db")
        self.tokens = Tokens(self.database)
        self.web = WebService(
            settings,
            root,
            calling=self.calling,
            centres=self.services.centres,
            link=self.agents.link,
            tokens=self.tokens,
            language=language,
        )

    def _answer(self, party: Party) -> None:
        self.parties.append(party)
        party.leg.accept()

    @property
    def url(self) -> str:
        return f"http://{self.web.address}"

    @property
    def port(self) -> int:
        return int(self.web.address.rpartition(":")[2])

    async def token(self, name: str, role: Literal["agent", "application"] = "agent") -> str:
        return await self.tokens.issue(Holder(role, name), datetime.now(UTC))

    async def bearer(self, name: str, role: Literal["agent", "application"] = "agent") -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.token(name, role)}"}


@asynccontextmanager
async def web_house(
    root: Path, *, language: Literal["en", "fr"] = "en", **settings: Any
) -> AsyncIterator[tuple[WebHouse, httpx.AsyncClient]]:
    """The house, and a client of its web server."""
    (root / "flows").mkdir()
    house = WebHouse(root, WebSettings(**{"listen": "127.0.0.1:0", **settings}), language)
    await house.server.start()
    await house.web.start()
    try:
        async with httpx.AsyncClient(base_url=house.url, trust_env=False) as client:
            yield house, client
    finally:
        await house.server.stop(0)
        await house.agents.stop()
        await house.web.stop()
        await house.database.close()
        house.services.centres.close()

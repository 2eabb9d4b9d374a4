"""Posts the alerts that wait in the outbox to the webhooks of the settings.

At least once, each with an `id` by which the other side knows it. With a secret, the header `X-Flowctl-Signature` is
`t=SECONDS,v1=HEX`: HEX is the HMAC-SHA256 of `SECONDS.BODY`, SECONDS the time of sending since 1970.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from engine.clock import Clock
from engine.outside.alerts import WEBHOOK
from engine.outside.drain import Drainer
from engine.records.outbox import Outbox, Waiting

log = logging.getLogger("flowctl.alert")

TIMEOUT = 10.0
"""Seconds that a webhook has to answer."""
SIGNATURE = "X-Flowctl-Signature"


class WebhookDrainer(Drainer):
    """One that fails, or is slow, holds up no other."""

    def __init__(
        self, outbox: Outbox, hooks: Mapping[str, str | None], keep: float, clock: Clock, context: ssl.SSLContext
    ) -> None:
        """hooks: URL → secret; keep: seconds that one is tried."""
        super().__init__(outbox, WEBHOOK)
        self._hooks, self._keep, self._clock = hooks, keep, clock
        self._client = httpx.AsyncClient(
            verify=context,
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT,
            headers={"user-agent": "flowctl"},
        )

    async def close(self) -> None:
        """See `Drainer.close`."""
        await super().close()
        await self._client.aclose()

    async def _deliver(self, entries: Sequence[Waiting]) -> None:
        by_url: dict[str, list[Waiting]] = {}
        for entry in entries:
            by_url.setdefault(str(entry.body.get("url")), []).append(entry)
        await asyncio.gather(*(self._to_one(url, group) for url, group in by_url.items()))

    async def _to_one(self, url: str, entries: Sequence[Waiting]) -> None:
        failure = ""
        for entry in entries:
            if url not in self._hooks:
                log.warning("webhook %s: %s is not in the settings any more; it is given up", entry.id, _host(url))
                await self._done(entry)
                continue
            failure = failure or await self._post(url, entry)
            if not failure:
                await self._done(entry)
                continue
            written = datetime.fromisoformat(entry.body["date"])
            if (self._clock.now() - written).total_seconds() > self._keep:
                log.error("webhook %s to %s is given up: %s", entry.id, _host(url), failure)
                await self._done(entry)
            else:
                log.warning("webhook %s to %s: %s", entry.id, _host(url), failure)
                await self._later(entry, failure)

    async def _post(self, url: str, entry: Waiting) -> str:
        """Why it was not taken; empty when it was."""
        body = json.dumps(entry.body["facts"], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {"content-type": "application/json"}
        if secret := self._hooks[url]:
            headers[SIGNATURE] = signature(secret, int(self._clock.now().timestamp()), body)
        try:
            async with (
                asyncio.timeout(TIMEOUT),
                self._client.stream("POST", url, content=body, headers=headers) as got,
            ):
                return "" if got.is_success else f"it answered {got.status_code}"
        except TimeoutError:
            return f"no answer within {TIMEOUT:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            return type(error).__name__ if not str(error) else str(error)[:200]


def signature(secret: str, at: int, body: bytes) -> str:
    """What proves that the body comes from whoever knows the secret, and when. at: seconds since 1970."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def _host(url: str) -> str:
    """For messages: the path may be as good as a password."""
    return httpx.URL(url).host

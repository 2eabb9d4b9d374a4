# ruff: noqa: N802 - overridden methods keep sippy's names
"""A user agent whose INVITE answers a challenge: also one that is stale, and whatever the case of the algorithm's
name, which sippy's does not (RFC 3261 section 22.2, RFC 7616). Signalling thread only."""

from __future__ import annotations

import secrets
from typing import Any

from sippy.SipAddress import SipAddress
from sippy.SipHeader import SipHeader
from sippy.SipRoute import SipRoute
from sippy.SipURL import SipURL
from sippy.UA import UA
from sippy.UacStateCancelling import UacStateCancelling

from drivers.sip import digest
from drivers.sip.account import Account

TRIES = 3
"""INVITEs of one call: unasked, challenged, and once more because the nonce had run out."""


class Authenticating(UA):
    """`username` and `password` answer challenges of `realm`, or of any when it is empty."""

    realm = ""
    _tries = 1

    def processChallenge(
        self, resp: Any, cseq: Any, challenge_name: str, answer_name: str, extra_headers: Any
    ) -> bool:
        """Repeat the INVITE with an answer, once the ACK of this response has gone out; False when there is none."""
        challenge = digest.choose((str(header.body) for header in resp.getHFs(challenge_name)), self.realm)
        refused = self.reqs[cseq].countHFs(answer_name) > 0
        if challenge is None or not self.username or (refused and not challenge.stale) or self._tries >= TRIES:
            return False
        self._tries += 1
        value = digest.answer(
            challenge, self.username, self.password or "", "INVITE", str(self.rTarget), cnonce=secrets.token_hex(8)
        )
        answer = SipHeader(name=answer_name, bodys=value)
        self.global_config["_reactor"].post(self._repeat, resp, answer, extra_headers)
        del self.reqs[cseq]
        return True

    def _repeat(self, refusal: Any, answer: Any, extra_headers: Any) -> None:
        if isinstance(self.state, UacStateCancelling):
            self.changeState(self.state.recvResponse(refusal, self.tr))  # withdrawn meanwhile: let it be refused
            return
        request = self.genRequest("INVITE", self.lSDP, extra_headers=(*(extra_headers or ()), answer))
        self.newUacTransaction(request, req_extra_headers=extra_headers)

    def call_by(self, account: Account) -> None:
        """Before the INVITE is sent: who calls, by which way, and whose password answers."""
        self.realm = account.realm
        sender = self.lUri.getUri().url
        sender.username = account.from_user or None
        sender.host = account.from_host or sender.host
        if account.uri:
            self.rTarget = SipURL(account.uri)
        self.routes = [SipRoute(address=SipAddress(text)) for text in account.routes]

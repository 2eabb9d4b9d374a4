# ruff: noqa: N802 - overridden methods keep sippy's names
"""A user agent that answers challenges: also to a BYE, also a stale one, and whatever the case of the algorithm's
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
from drivers.sip.ask import CHALLENGES

TRIES = 3
"""INVITEs of one call: unasked, challenged, and once more because the nonce had run out."""


class Authenticating(UA):
    """`username` and `password` answer challenges of `realm`, or of any when it is empty."""

    realm = ""
    _tries = 1

    def credentials(self, response: Any, method: str) -> Any:
        """The header that answers the challenge in a 401 or 407 to a request for the far end; None without one."""
        names = CHALLENGES.get(response.getSCode()[0])
        challenge = None if names is None else self._challenge(response, names[0])
        if names is None or challenge is None or not self.username:
            return None
        uri, cnonce = str(self.rTarget), secrets.token_hex(8)
        value = digest.answer(challenge, self.username, self.password or "", method, uri, cnonce=cnonce)
        return SipHeader(name=names[1].lower(), bodys=value)

    def processChallenge(
        self, resp: Any, cseq: Any, challenge_name: str, answer_name: str, extra_headers: Any
    ) -> bool:
        """Repeat the INVITE with an answer, once the ACK of this response has gone out; False when there is none."""
        answer, challenge = self.credentials(resp, "INVITE"), self._challenge(resp, challenge_name)
        refused = self.reqs[cseq].countHFs(answer_name) > 0
        if answer is None or challenge is None or (refused and not challenge.stale) or self._tries >= TRIES:
            return False
        self._tries += 1
        self.global_config["_reactor"].post(self.repeat, resp, tuple(extra_headers or ()), answer)
        del self.reqs[cseq]
        return True

    def newTransaction(self, req: Any, req_extra_headers: Any = None, **options: Any) -> Any:
        """Nobody waits for the response to a BYE, but for a challenge in it."""
        if req.getMethod() == "BYE" and self.username and not options:
            options["resp_cb"] = self._on_bye_answered
        return super().newTransaction(req, req_extra_headers, **options)

    def _on_bye_answered(self, response: Any) -> None:
        answer = self.credentials(response, "BYE")
        if answer is not None:
            super().newTransaction(self.genRequest("BYE", extra_headers=(answer,)))

    def _challenge(self, response: Any, name: str) -> digest.Challenge | None:
        return digest.choose((str(header.body) for header in response.getHFs(name)), self.realm)

    def repeat(self, refusal: Any, headers: Any, *answers: Any) -> None:
        """Send the INVITE again with other headers, the answer to a challenge among them, once `refusal` has been
        acknowledged (RFC 3261 section 17.1.1.3)."""
        if isinstance(self.state, UacStateCancelling):
            self.changeState(self.state.recvResponse(refusal, self.tr))  # withdrawn meanwhile: let it be refused
            return
        request = self.genRequest("INVITE", self.lSDP, extra_headers=(*headers, *answers))
        self.newUacTransaction(request, req_extra_headers=headers)

    def call_by(self, account: Account) -> None:
        """Before the INVITE is sent: who calls, by which way, and whose password answers."""
        self.realm = account.realm
        sender = self.lUri.getUri().url
        sender.username = account.from_user or None
        sender.host = account.from_host or sender.host
        if account.uri:
            self.rTarget = SipURL(account.uri)
        self.routes = [SipRoute(address=SipAddress(text)) for text in account.routes]

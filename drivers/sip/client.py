"""Requests that we send outside any call (RFC 3261 section 8.1); signalling thread only."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from sippy.SipRequest import SipRequest

from drivers.sip.ask import Ask, Reply
from drivers.sip.transactions import Transactions


def send(transactions: Transactions, ask: Ask, on_reply: Callable[[Reply], object]) -> None:
    """Send it; `on_reply` gets the final response, in this thread."""

    def received(response: Any) -> None:
        status, reason = response.getSCode()
        if status >= 200:
            headers = tuple((header.name, str(header.body)) for header in response.headers)
            on_reply(Reply(status, reason, headers))

    host, port = transactions.l4r.socket.public
    lines = [
        f"{ask.method} {ask.uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(12)}",
        "Max-Forwards: 70",
        f"From: {ask.caller}",
        f"To: {ask.called}",
        f"Call-ID: {ask.call_id}",
        f"CSeq: {ask.cseq} {ask.method}",
        *(f"{name}: {value}" for name, value in ask.headers),
    ]
    request = SipRequest("\r\n".join([*lines, "", ""]))
    request.setTarget((ask.next_hop, "udp"))
    transactions.newTransaction(request, resp_cb=received)

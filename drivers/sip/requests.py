"""Requests that we send inside a dialog (RFC 3261 section 12.2.1); signalling thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sippy.SipHeader import SipHeader

from drivers.sip import adapt

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog

Headers = Sequence[SipHeader]
OnFinal = Callable[[int, str, Any], None]
"""Gets the status, the reason phrase and the response, which is made up (408) when none has come in 32 s."""


def send(dialog: Dialog, method: str, on_final: OnFinal, *, headers: Headers = (), body: Any = None) -> None:
    """Send a request; a challenge to it is answered once, if the dialog has a password (RFC 3261 section 22)."""
    request = dialog.genRequest(method, body, extra_headers=headers)
    dialog.newTransaction(request, resp_cb=_Answer(dialog, method, on_final, headers, body))


def header(name: str, value: str) -> SipHeader:
    """A header field whose value is written as it is."""
    return SipHeader(name=name, bodys=value)


class _Answer:
    """Takes the responses to one request."""

    def __init__(self, dialog: Dialog, method: str, on_final: OnFinal, headers: Headers, body: Any) -> None:
        self._dialog, self._method, self._on_final = dialog, method, on_final
        self._headers, self._body = headers, body
        self._may_retry = True

    def __call__(self, response: Any) -> None:
        try:
            self._take(response)
        except Exception as error:  # noqa: BLE001 - whatever the far end has put into its headers
            adapt.malformed.warning(f"response to {self._method}: {type(error).__name__}: {error}")

    def _take(self, response: Any) -> None:
        status, reason = response.getSCode()
        if status < 200 or self._authenticate(response):
            return
        if self._method == "INVITE" and status < 300:
            _follow_route(self._dialog, response)
        self._on_final(status, reason, response)

    def _authenticate(self, response: Any) -> bool:
        """Send the request again with our credentials; False when there are none that would do."""
        dialog = self._dialog
        answer = dialog.credentials(response, self._method) if self._may_retry else None
        if answer is None:
            return False
        self._may_retry = False
        request = dialog.genRequest(self._method, self._body, extra_headers=(*self._headers, answer))
        dialog.newTransaction(request, resp_cb=self)
        return True


def _follow_route(dialog: Dialog, response: Any) -> None:
    """The ACK of a re-INVITE goes the dialog's way, which its response need not repeat and cannot change (RFC 3261
    section 12.2)."""
    if all(route.getUrl().lr for route in dialog.routes):
        response.delHFs("record-route")
        response.appendHeaders(
            [SipHeader(name="record-route", body=route.getCopy()) for route in reversed(dialog.routes)]
        )

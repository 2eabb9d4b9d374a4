"""An INVITE that takes the place of a call that we have (RFC 3891), as phones send it at the end of an attended
transfer, or to pick a call up: the leg goes on, its far end is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drivers.sip.headers import values

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog
    from drivers.sip.transactions import Transactions


class Refused(Exception):
    """The INVITE is to be answered with `status` and `reason`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


def replaced_by(req: Any, transactions: Transactions) -> Dialog | None:
    """The call that the INVITE takes the place of; None when it is a call of its own. Raises Refused (section 3)."""
    wanted = values(req, "replaces")
    if not wanted:
        return None
    if len(wanted) > 1:
        raise Refused(400, "Two Replaces")
    call_id, _, rest = wanted[0].partition(";")
    named = dict(part.strip().partition("=")[::2] for part in rest.split(";"))
    for consumer in transactions.req_consumers.get(call_id.strip(), ()):
        dialog: Dialog = consumer.cobj
        if (dialog.lTag, dialog.rUri.getTag()) == (named.get("to-tag"), named.get("from-tag")):
            return _usable(dialog, early_only="early-only" in named)
    raise Refused(481, "Call Leg/Transaction Does Not Exist")


def _usable(dialog: Dialog, *, early_only: bool) -> Dialog:
    if dialog.over:
        raise Refused(603, "Decline")
    if not dialog.isConnected():
        raise Refused(481, "Call Leg/Transaction Does Not Exist")
    if early_only:
        raise Refused(486, "Busy Here")
    return dialog

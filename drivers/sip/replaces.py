"""Calls of ours that somebody names to have them replaced (RFC 3891): by an INVITE, as phones send it at the end of
an attended transfer, or to pick a call up; or by a REFER, which asks us to do it."""

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
    return named_call(wanted[0], transactions)


def named_call(replaces: str, transactions: Transactions) -> Dialog:
    """The call that the value of a Replaces header names. Raises Refused."""
    call_id, _, rest = replaces.partition(";")
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

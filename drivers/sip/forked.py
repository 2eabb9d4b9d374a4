"""A second answer to our INVITE: a proxy has rung several phones, and two of them were picked up in the same moment.
The first has the call; any other is acknowledged and hung up on (RFC 3261 section 13.2.2.4). In the signalling
thread only."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from sippy.SipRequest import SipRequest
from sippy.SipResponse import SipResponse

from drivers.sip import adapt
from drivers.sip.connected import Connected, Disconnected
from drivers.sip.transactions import learn_names, reach_back

if TYPE_CHECKING:
    from drivers.sip.dialog import Dialog
    from drivers.sip.transactions import Transactions

_HEADER = re.compile(r"\n(?:(call-id|i)|(to|t)|cseq)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_TAG = re.compile(r";[ \t]*tag[ \t]*=[ \t]*([^;, \t]+)", re.IGNORECASE)


def let_go(transactions: Transactions, text: str, source: Any) -> bool:
    """Whether a 2xx, as it was received, is such an answer, which is dealt with then."""
    dialog = _answered_by_another(transactions, text)
    if dialog is None:
        return False
    try:
        _acknowledge_and_end(transactions, dialog, SipResponse(text), source)
    except Exception as error:  # noqa: BLE001 - whatever the far end has put there
        adapt.malformed.warning(f"a second answer: {type(error).__name__}: {error}")
    return True


def _answered_by_another(transactions: Transactions, text: str) -> Dialog | None:
    call_id = tag = ""
    invite = False
    for by_call_id, by_to, value in _HEADER.findall(text.partition("\r\n\r\n")[0]):
        if by_call_id:
            call_id = value.strip()
        elif by_to:
            found = _TAG.search(value.rpartition(">")[2])
            tag = found[1] if found else ""
        else:
            invite = value.split()[-1:] == ["INVITE"]
    for consumer in transactions.req_consumers.get(call_id, ()) if invite and tag else ():
        dialog: Dialog = consumer.cobj
        ours = dialog.origin != "caller" and isinstance(dialog.state, Connected | Disconnected)
        if ours and dialog.rUri.getTag() not in (None, tag):
            return dialog
    return None


def _acknowledge_and_end(transactions: Transactions, dialog: Dialog, answer: Any, source: Any) -> None:
    answer.setSource(source)
    if transactions.is_phone(source.address[0]):
        reach_back(answer, source.address)
    learn_names(transactions.l4r.socket, answer)
    routes = [body.getCopy() for body in reversed(answer.getHFBodys("record-route"))]
    target = answer.getHFBody("contact").getUrl()
    next_hop = routes[0].getAddr() if routes else target.getAddr()
    number, tag = answer.getHFBody("cseq").getCSeqNum(), answer.getHFBody("to").getTag()
    host, port = transactions.l4r.socket.public

    def request(method: str, cseq: int) -> str:
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(12)}",
            "Max-Forwards: 70",
            *(f"Route: {route}" for route in routes),
            f"From: {dialog.lUri}",
            f"To: {answer.getHFBody('to')}",
            f"Call-ID: {dialog.cId}",
            f"CSeq: {cseq} {method}",
        ]
        return "\r\n".join([*lines, "Content-Length: 0", "", ""])

    transactions.l4r.socket.send_to(request("ACK", number), next_hop)
    if tag not in dialog.let_go:
        dialog.let_go.add(tag)
        bye = SipRequest(request("BYE", number + 1))
        bye.setTarget((next_hop, "udp"))
        transactions.newTransaction(bye)

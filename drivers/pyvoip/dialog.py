"""Who speaks with whom in a call, and the words between them (RFC 3261 section 12); pyVoIP's where they are right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyVoIP.RTP import PayloadType
from pyVoIP.SIP import SIPMessage

from drivers.pyvoip import media
from drivers.pyvoip.media import DTMF, Media
from drivers.pyvoip.text import ALLOW, Message, reply, request, tagged, uri_in, with_body

if TYPE_CHECKING:
    from drivers.pyvoip.client import Address, Client


class Dialog:
    """`ours` and `theirs` begin one; both are Call-ID, tags, target and route."""

    def __init__(self, client: Client, address: Address) -> None:
        """address: where everything is sent."""
        self.call_id = ""
        self.branch = client.gen_branch()
        """Of our INVITE."""
        self.invite_cseq = 0
        """Of our INVITE."""
        self._client = client
        self._address = address
        self._tag = client.gen_tag()
        self._cseq = 0
        self._local = self._remote = self._target = ""
        self._routes: list[str] = []
        self._port: tuple[str, int] = ("", 0)
        self._version = 0

    def ours(self, number: str, cli: str, host: str, port: int) -> bytes:
        """Our INVITE to a number at the peer. cli: to be presented. host, port: of our sound."""
        client, self._port = self._client, (host, port)
        self.call_id = client.gen_call_id()
        streams = {port: {0: PayloadType.PCMU, DTMF: PayloadType.EVENT}}
        text = client.gen_invite(number, "0", streams, "sendrecv", self.branch, self.call_id)
        if cli := re.sub(r"[^A-Za-z0-9+*#._-]", "", cli):
            text = re.sub(r"(?m)^From: <sip:[^@>]*@", f"From: <sip:{cli}@", text)
        data = with_body(text, self._signed(text))
        sent = Message(data)
        self._local, self._remote, self._target = sent.get("From"), sent.get("To"), sent.uri
        self._cseq = self.invite_cseq = sent.cseq
        return data

    def theirs(self, invite: Message) -> None:
        """An INVITE has come in."""
        self.call_id = invite.get("Call-ID")
        self._local, self._remote = tagged(invite.get("To"), self._tag), invite.get("From")
        self._target, self._routes = invite.uri, invite.routes()
        self.retarget(invite)
        self._client.tagLibrary[self.call_id] = self._tag

    def confirm(self, accepted: Message) -> None:
        """Our INVITE is accepted."""
        self._remote, self._routes = accepted.get("To"), accepted.routes()[::-1]
        self.retarget(accepted)

    def retarget(self, message: Message) -> None:
        """Its Contact is where our requests are addressed to from now on (section 12.2)."""
        self._target = uri_in(message.get("Contact")) or self._target

    def hear_at(self, host: str, port: int) -> None:
        """Where our sound is, before we answer."""
        self._port = (host, port)

    def send(self, data: bytes) -> None:
        """To the far end."""
        self._client.send(data, self._address)

    def reply(self, message: Message, status: int, phrase: str) -> bytes:
        """A response without a body."""
        contact = f"Contact: <sip:{self._client.username}@{self._client.myIP}:{self._client.myPort}>"
        extra = [contact, f"Allow: {ALLOW}"] if message.method == "INVITE" and status > 100 else []
        return reply(message, status, phrase, tag=self._tag, extra=extra)

    def accept(self, invite: Message, theirs: Media | None) -> bytes:
        """200 to an INVITE. theirs: the far end's sound; None: the offer is ours."""
        events = DTMF if theirs is None else theirs.dtmf
        stream = {0: PayloadType.PCMU} | ({} if events is None else {events: PayloadType.EVENT})
        direction = "sendrecv" if theirs is None else theirs.answer
        text = self._client.gen_answer(_read(invite), "0", {self._port[1]: stream}, direction)
        ours = self._signed(text)
        return with_body(text, media.answer(ours, invite.body, theirs) if theirs and invite.body.strip() else ours)

    def acknowledge(self, final: Message) -> bytes:
        """ACK of a final response to our INVITE (sections 13.2.2.4 and 17.1.1.3)."""
        if final.status < 300:
            return self._request("ACK", self._client.gen_branch(), final.get("To"), self.invite_cseq, self._routes)
        return self._request("ACK", self.branch, final.get("To"), self.invite_cseq, [])

    def cancel(self) -> bytes:
        """CANCEL of our INVITE (section 9.1)."""
        return self._request("CANCEL", self.branch, self._remote, self.invite_cseq, [])

    def bye(self) -> bytes:
        """BYE."""
        self._cseq += 1
        return self._request("BYE", self._client.gen_branch(), self._remote, self._cseq, self._routes)

    def _request(self, method: str, branch: str, remote: str, cseq: int, routes: list[str]) -> bytes:
        via = f"SIP/2.0/UDP {self._client.myIP}:{self._client.myPort};branch={branch}"
        names = {"local": self._local, "remote": remote, "call_id": self.call_id}
        return request(method, self._target, via=via, cseq=cseq, routes=routes, **names)

    def _signed(self, text: str) -> str:
        """The session description of a message of pyVoIP's, with the address of our sound, and a version of its own
        (RFC 3264 section 8)."""
        self._version += 1
        body, (host, port) = text.partition("\r\n\r\n")[2], self._port
        body = re.sub(r"(?m)^o=.*\r$", f"o=flowctl {port} {self._version} IN IP4 {host}\r", body)
        return re.sub(r"(?m)^c=IN IP4 .*\r$", f"c=IN IP4 {host}\r", body)


def _read(invite: Message) -> Any:
    """An INVITE as pyVoIP reads it. Raises what its parser raises."""
    parsed = SIPMessage(invite.encode())
    parsed.original = invite
    return parsed

"""One call by pyVoIP: its dialog (RFC 3261 sections 12 to 15). Used in the client's thread, but for its commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pyVoIP.RTP import PayloadType
from pyVoIP.VoIP.VoIP import CallState

from drivers.pyvoip import media
from drivers.pyvoip.events import Ended, Event, Invited, Sound
from drivers.pyvoip.media import DTMF, Media
from drivers.pyvoip.text import ALLOW, Message, caller, reply, request, tagged, uri_in, user_in, with_body
from drivers.pyvoip.timers import GIVE_UP, Repeated
from drivers.sip.causes import cause_of, refusal
from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.pyvoip.client import Address, Client

NO_ANSWER = Hangup("remote", Cause.NO_ANSWER, "no response to the INVITE")


class Call:
    """`request` and `state` are pyVoIP's: a call begins RINGING when it comes in, DIALING when it is ours."""

    def __init__(self, client: Client, address: Address, parsed: Any = None) -> None:
        """address: where everything is sent. parsed: the INVITE that has come in, None for a call of ours."""
        self.tell: Callable[[Event], None] = _nobody
        """Told in this thread what happens."""
        self.state = CallState.DIALING if parsed is None else CallState.RINGING
        self.call_id = ""
        self.media: Media | None = None
        """Of the far end; None until it has said."""
        self._client = client
        self._address = address
        self._parsed = parsed
        self._sent: Repeated | None = None
        """The INVITE, or the final response to one, until the far end has acknowledged it."""
        self._cancelling: Repeated | None = None
        self._bye: Repeated | None = None
        self._last = b""
        """Our newest response to an INVITE, for one that is repeated."""
        self._port: tuple[str, int] = ("", 0)
        self._leaving = False
        """Hung up by us, which the far end can be told only when it has said something itself."""
        self._heard = False
        """A response to our INVITE has come."""
        self._cseq = 0
        self._their_cseq: int | None = None
        """Of the newest INVITE from the far end."""
        self._branch = ""
        self._target = self._local = self._remote = ""
        self._routes: list[str] = []
        self._tag = client.gen_tag()
        if parsed is not None:
            self._read_invite(parsed.original)

    @property
    def acceptable(self) -> bool:
        """True when its sound can be had: PCMU, or whatever we will offer."""
        return self.media is not None or not self._invite.body.strip()

    @property
    def invited(self) -> Invited:
        """Who calls whom."""
        cli, name = caller(self._invite.get("From"))
        return Invited(user_in(self._invite.uri), cli, name)

    # Commands

    def dial(self, number: str, cli: str, host: str, port: int) -> None:
        """Call a number at the peer. cli: to be presented. host, port: of our sound."""
        client, self._port = self._client, (host, port)
        self.call_id, self._branch = client.gen_call_id(), client.gen_branch()
        streams = {port: {0: PayloadType.PCMU, DTMF: PayloadType.EVENT}}
        text = client.gen_invite(number, client.sessID.next(), streams, "sendrecv", self._branch, self.call_id)
        if cli := re.sub(r"[^A-Za-z0-9+*#._-]", "", cli):
            text = re.sub(r"(?m)^From: <sip:[^@>]*@", f"From: <sip:{cli}@", text)
        text = re.sub(r"(?m)^c=IN IP4 .*\r$", f"c=IN IP4 {host}\r", text)
        data = with_body(text, text.partition("\r\n\r\n")[2])
        sent = Message(data)
        self._local, self._remote, self._target = sent.get("From"), sent.get("To"), sent.uri
        self._cseq = sent.cseq
        client.dialled(self.call_id, self)
        self._sent = Repeated(client.timers, partial(client.send, data, self._address), self._unanswered)

    def take(self) -> None:
        """Tell the caller that his INVITE has arrived: 100."""
        self._client.send(self._last, self._address)

    def ring(self) -> None:
        """180."""
        if self.state == CallState.RINGING:
            self._reply(180, "Ringing")

    def answer(self, host: str, port: int) -> None:
        """200, with our sound at that address."""
        if self.state == CallState.RINGING:
            self._port = (host, port)
            self.state = CallState.ANSWERED
            self._accept()
            if self.media is not None:
                self.tell(Sound(self.media))

    def hang_up(self, cause: Cause) -> None:
        """End the call from our side, whatever its state. Idempotent."""
        if self.state == CallState.RINGING:
            self._end()
            self._refuse(*refusal(cause))
        elif self.state == CallState.ANSWERED:
            self._end()
            if self._sent is not None and self._sent in self._client.timers.repeating:
                self._leaving = True  # not before the ACK (section 15)
            else:
                self._say_bye()
        elif self.state == CallState.DIALING and not self._leaving:
            self._leaving = True
            if self._heard:
                self._cancel()

    def fail(self, why: str) -> None:
        """Something here has gone wrong."""
        self.hang_up(Cause.FAILED)
        self.tell(Ended(Hangup("local", Cause.FAILED, why)))

    # What the far end does

    def on_invite(self, message: Message) -> None:
        """An INVITE of the call: the one that began it, repeated, or another."""
        if message.cseq == self._their_cseq:
            self._client.send(self._last, self._address)
        elif self.state != CallState.ANSWERED:
            self._client.send(reply(message, 481, "Call/Transaction Does Not Exist", tag=self._tag), self._address)
        elif self._sent is not None and self._sent in self._client.timers.repeating:
            self._client.send(reply(message, 491, "Request Pending", tag=self._tag), self._address)
        else:
            self._on_reinvite(message)

    def on_ack(self, message: Message) -> None:
        """Our final response has arrived. With the answer, if the offer was ours (section 13.2.1)."""
        if self._sent is None or message.cseq != self._their_cseq:
            return
        self._sent.settle()
        if self._leaving:
            self._leaving = False
            self._say_bye()
        elif self.state == CallState.ANSWERED and self.media is None:
            self.media = media.read(message.body)
            if self.media is None:
                self._say_bye()
                self._over(Hangup("local", Cause.FAILED, "the far end accepts no PCMU"))
            else:
                self.tell(Sound(self.media))

    def on_bye(self, message: Message) -> None:
        """The far end hangs up."""
        self._client.send(reply(message, 200, "OK", tag=self._tag), self._address)
        if self.state == CallState.RINGING:
            self._refuse(487, "Request Terminated")
        elif self._sent is not None:
            self._sent.settle()
        self._over(Hangup("remote"))

    def on_cancel(self, message: Message) -> None:
        """The caller gives up (section 9.2); pyVoIP plays on."""
        self._client.send(reply(message, 200, "OK", tag=self._tag), self._address)
        if self.state == CallState.RINGING:
            self._refuse(487, "Request Terminated")
            self._over(Hangup("remote", Cause.CANCELLED))

    def on_response(self, message: Message) -> None:
        """The far end has answered something of ours."""
        if message.method == "INVITE" and message.cseq == self._cseq:
            self._on_answer(message)
        elif message.status >= 200:
            waiting = self._bye if message.method == "BYE" else self._cancelling
            if waiting is not None:
                waiting.settle()

    # Inside

    def _read_invite(self, message: Message) -> None:
        self._invite, self._their_cseq = message, message.cseq
        self.call_id = message.get("Call-ID")
        self._local, self._remote = tagged(message.get("To"), self._tag), message.get("From")
        self._target, self._routes = uri_in(message.get("Contact")) or message.uri, message.routes()
        self.media = media.read(message.body)
        self._client.tagLibrary[self.call_id] = self._tag
        self._last = reply(message, 100, "Trying", tag="")

    def _accept(self) -> None:
        """200 to the newest INVITE."""
        theirs = self.media
        events = theirs.dtmf if theirs is not None else DTMF
        stream = {0: PayloadType.PCMU} | ({} if events is None else {events: PayloadType.EVENT})
        direction = theirs.answer if theirs is not None else "sendrecv"
        client, host = self._client, self._port[0]
        text = client.gen_answer(self._parsed, str(client.sessID.current()), {self._port[1]: stream}, direction)
        ours = re.sub(r"(?m)^c=IN IP4 .*\r$", f"c=IN IP4 {host}\r", text.partition("\r\n\r\n")[2])
        if theirs is not None and self._invite.body.strip():
            ours = media.answer(ours, self._invite.body, theirs)
        self._final(with_body(text, ours), self._unacknowledged)

    def _on_reinvite(self, message: Message) -> None:
        """Hold, or another address: answered as it is asked."""
        after = media.changed(self.media, message.body) if self.media is not None else None
        if after is None:
            self._client.send(reply(message, 488, "Not Acceptable Here", tag=self._tag), self._address)
            return
        self._invite, self._their_cseq, self.media = message, message.cseq, after
        self._target = uri_in(message.get("Contact")) or self._target
        self._parsed = _like_pyvoip(message)
        self._accept()
        self.tell(Sound(after))

    def _on_answer(self, message: Message) -> None:
        self._heard = True
        if self._sent is not None:
            self._sent.settle()
        if message.status < 200:
            if self._leaving and self._cancelling is None:
                self._cancel()
        elif message.status < 300:
            self._on_accepted(message)
        else:
            self._acknowledge(message, branch=self._branch, uri=self._target)
            if self.state == CallState.DIALING:
                self._over(Hangup("remote", cause_of(message.status), message.start.partition(" ")[2]))

    def _on_accepted(self, message: Message) -> None:
        if self.state == CallState.DIALING:
            self._remote, self._routes = message.get("To"), message.routes()[::-1]
            self._target = uri_in(message.get("Contact")) or self._target
            self._acknowledge(message)
            self.media = media.read(message.body)
            if self._leaving or self.media is None:
                self._say_bye()
                self._over(Hangup("local", Cause.FAILED, "the far end accepts no PCMU"))
            else:
                self.state = CallState.ANSWERED
                self.tell(Sound(self.media))
        else:
            self._acknowledge(message)  # the 200 is repeated: our ACK was lost

    def _acknowledge(self, message: Message, *, branch: str = "", uri: str = "") -> None:
        routes = [] if branch else self._routes
        self._send_request("ACK", uri or self._target, branch, message.get("To"), self._cseq, routes)

    def _cancel(self) -> None:
        data = self._worded("CANCEL", self._target, self._branch, self._remote, self._cseq, [])
        self._cancelling = Repeated(
            self._client.timers, partial(self._client.send, data, self._address), lambda: self._over(NO_ANSWER)
        )
        self._client.timers.after(GIVE_UP, lambda: self._over(NO_ANSWER))

    def _say_bye(self) -> None:
        self._cseq += 1
        branch = self._client.gen_branch()
        data = self._worded("BYE", self._target, branch, self._remote, self._cseq, self._routes)
        self._bye = Repeated(self._client.timers, partial(self._client.send, data, self._address), _nothing)

    def _send_request(self, *what: Any) -> None:
        self._client.send(self._worded(*what), self._address)

    def _worded(self, method: str, uri: str, branch: str, remote: str, cseq: int, routes: list[str]) -> bytes:
        client = self._client
        via = f"SIP/2.0/UDP {client.myIP}:{client.myPort};branch={branch or client.gen_branch()}"
        names = {"local": self._local, "remote": remote, "call_id": self.call_id}
        return request(method, uri, via=via, cseq=cseq, routes=routes, **names)

    def _reply(self, status: int, phrase: str) -> None:
        contact = f"Contact: <sip:{self._client.username}@{self._client.myIP}:{self._client.myPort}>"
        extra = [contact, f"Allow: {ALLOW}"]
        self._last = reply(self._invite, status, phrase, tag=self._tag, extra=extra)
        self._client.send(self._last, self._address)

    def _refuse(self, status: int, phrase: str) -> None:
        self._final(reply(self._invite, status, phrase, tag=self._tag), _nothing)

    def _final(self, data: bytes, on_timeout: Callable[[], None]) -> None:
        """Send a final response until it is acknowledged (sections 13.3.1.4 and 17.2.1)."""
        self._last = data
        self._sent = Repeated(self._client.timers, partial(self._client.send, data, self._address), on_timeout)

    def _unanswered(self) -> None:
        self._over(NO_ANSWER)

    def _unacknowledged(self) -> None:
        self._say_bye()
        self._over(Hangup("remote", Cause.FAILED, "the far end has not acknowledged the answer"))

    def _over(self, hangup: Hangup) -> None:
        if self.state != CallState.ENDED:
            self._end()
            self.tell(Ended(hangup))

    def _end(self) -> None:
        self.state = CallState.ENDED
        self._client.timers.after(GIVE_UP, partial(self._client.forget, self.call_id))


def _like_pyvoip(message: Message) -> Any:
    """An INVITE as pyVoIP reads it."""
    from pyVoIP.SIP import SIPMessage

    parsed = SIPMessage(message.encode())
    parsed.original = message
    return parsed


def _nobody(_: Event) -> None: ...


def _nothing() -> None: ...

"""One call by pyVoIP: what it is told, and what it does (RFC 3261 sections 13 to 15). Used in the client's thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pyVoIP.VoIP.VoIP import CallState

from drivers.pyvoip import media
from drivers.pyvoip.dialog import Dialog
from drivers.pyvoip.events import Ended, Event, Invited, Sound
from drivers.pyvoip.text import Message, caller, user_in
from drivers.pyvoip.timers import GIVE_UP, Repeated
from drivers.sip.causes import cause_of, refusal
from engine.lines import Cause, Hangup

if TYPE_CHECKING:
    from drivers.pyvoip.client import Address, Client

NO_ANSWER = Hangup("remote", Cause.NO_ANSWER, "no response to the INVITE")
NO_PCMU = Hangup("local", Cause.FAILED, "the far end accepts no PCMU")
NO_ACK = Hangup("remote", Cause.FAILED, "the far end has not acknowledged the answer")


class Call:
    """RINGING when it has come in, DIALING when it is ours, ANSWERED, ENDED: pyVoIP's names."""

    def __init__(self, client: Client, address: Address, invite: Message | None = None) -> None:
        """address: where everything is sent. invite: what has come in, None for a call of ours."""
        self.tell: Callable[[Event], None] = _nobody
        """Told in this thread what happens."""
        self.state = CallState.DIALING if invite is None else CallState.RINGING
        self.media = media.read(invite.body) if invite is not None else None
        """Of the far end; None until it has said."""
        self._client = client
        self._dialog = Dialog(client, address)
        self._invite = invite
        """The newest from the far end."""
        self._sent: Repeated | None = None
        """The INVITE, or the final response to one, until the far end has acknowledged it."""
        self._cancelling: Repeated | None = None
        self._bye: Repeated | None = None
        self._last = b""
        """Our newest response to an INVITE, for one that is repeated."""
        self._leaving = False
        """Hung up by us, which the far end can be told only when it has said something itself."""
        self._heard = False
        """A response to our INVITE has come."""
        if invite is not None:
            self._dialog.theirs(invite)
            self._last = self._dialog.reply(invite, 100, "Trying")

    @property
    def call_id(self) -> str:
        """Its name to both sides."""
        return self._dialog.call_id

    @property
    def acceptable(self) -> bool:
        """True when its sound can be had: PCMU, or whatever we will offer."""
        return self.media is not None or (self._invite is not None and not self._invite.body.strip())

    @property
    def invited(self) -> Invited:
        """Who calls whom, of a call that has come in."""
        assert self._invite is not None
        cli, name = caller(self._invite.get("From"))
        return Invited(user_in(self._invite.uri), cli, name)

    # Commands

    def dial(self, number: str, cli: str, host: str, port: int) -> None:
        """Call a number at the peer. cli: to be presented. host, port: of our sound."""
        data = self._dialog.ours(number, cli, host, port)
        self._client.calls[self.call_id] = self
        self._sent = self._repeat(data, lambda: self._over(NO_ANSWER))

    def take(self) -> None:
        """Tell the caller that his INVITE has arrived: 100."""
        self._dialog.send(self._last)

    def ring(self) -> None:
        """180."""
        if self.state == CallState.RINGING and self._invite is not None:
            self._last = self._dialog.reply(self._invite, 180, "Ringing")
            self._dialog.send(self._last)

    def answer(self, host: str, port: int) -> None:
        """200, with our sound at that address."""
        if self.state == CallState.RINGING:
            self._dialog.hear_at(host, port)
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
            if self._unsettled:
                self._leaving = True  # not before the ACK (section 15)
            else:
                self._hang_up()
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
        if self._invite is not None and message.cseq == self._invite.cseq:
            self._dialog.send(self._last)
        elif self.state != CallState.ANSWERED:
            self._dialog.send(self._dialog.reply(message, 481, "Call/Transaction Does Not Exist"))
        elif self._unsettled:
            self._dialog.send(self._dialog.reply(message, 491, "Request Pending"))
        else:
            self._on_reinvite(message)

    def on_ack(self, message: Message) -> None:
        """Our final response has arrived. With the answer, if the offer was ours (section 13.2.1)."""
        if self._sent is None or self._invite is None or message.cseq != self._invite.cseq:
            return
        self._sent.settle()
        if self._leaving:
            self._leaving = False
            self._hang_up()
        elif self.state == CallState.ANSWERED and self.media is None:
            self._connect(message)

    def on_bye(self, message: Message) -> None:
        """The far end hangs up."""
        self._dialog.send(self._dialog.reply(message, 200, "OK"))
        if self.state == CallState.RINGING:
            self._refuse(487, "Request Terminated")
        elif self._sent is not None:
            self._sent.settle()
        self._over(Hangup("remote"))

    def on_cancel(self, message: Message) -> None:
        """The caller gives up (section 9.2); pyVoIP plays on."""
        self._dialog.send(self._dialog.reply(message, 200, "OK"))
        if self.state == CallState.RINGING:
            self._refuse(487, "Request Terminated")
            self._over(Hangup("remote", Cause.CANCELLED))

    def on_response(self, message: Message) -> None:
        """The far end has answered something of ours."""
        if message.method == "INVITE" and message.cseq == self._dialog.invite_cseq:
            self._on_answer(message)
        elif message.status >= 200:
            waiting = self._bye if message.method == "BYE" else self._cancelling
            if waiting is not None:
                waiting.settle()

    # Inside

    @property
    def _unsettled(self) -> bool:
        """True while the far end has not acknowledged what we sent."""
        return self._sent is not None and self._sent in self._client.timers.repeating

    def _accept(self) -> None:
        """200 to the newest INVITE, until it is acknowledged."""
        assert self._invite is not None
        self._final(self._dialog.accept(self._invite, self.media), self._unacknowledged)

    def _on_reinvite(self, message: Message) -> None:
        """Hold, or another address: answered as it is asked."""
        after = media.changed(self.media, message.body) if self.media is not None else None
        if after is None:
            self._dialog.send(self._dialog.reply(message, 488, "Not Acceptable Here"))
            return
        self._invite, self.media = message, after
        self._dialog.retarget(message)
        self._accept()
        self.tell(Sound(after))

    def _on_answer(self, message: Message) -> None:
        self._heard = True
        if self._sent is not None and self.state == CallState.DIALING:
            self._sent.settle()
        if message.status < 200:
            if self._leaving and self._cancelling is None:
                self._cancel()
            return
        first = self.state == CallState.DIALING
        if first and message.status < 300:
            self._dialog.confirm(message)
        self._dialog.send(self._dialog.acknowledge(message))  # also when it is repeated: our ACK was lost
        if first and message.status < 300:
            self.state = CallState.ANSWERED
            self._connect(message)
        elif first:
            self._over(Hangup("remote", cause_of(message.status), message.start.partition(" ")[2]))

    def _connect(self, message: Message) -> None:
        """The far end has said where its sound is."""
        self.media = media.read(message.body)
        if self._leaving or self.media is None:
            self._hang_up()
            self._over(NO_PCMU)
        else:
            self.tell(Sound(self.media))

    def _cancel(self) -> None:
        self._cancelling = self._repeat(self._dialog.cancel(), _nothing)
        self._client.timers.after(GIVE_UP, lambda: self._over(NO_ANSWER))

    def _hang_up(self) -> None:
        self._bye = self._repeat(self._dialog.bye(), _nothing)

    def _refuse(self, status: int, phrase: str) -> None:
        assert self._invite is not None
        self._final(self._dialog.reply(self._invite, status, phrase), _nothing)

    def _final(self, data: bytes, on_timeout: Callable[[], None]) -> None:
        """Send a final response until it is acknowledged (sections 13.3.1.4 and 17.2.1)."""
        self._last = data
        self._sent = self._repeat(data, on_timeout)

    def _repeat(self, data: bytes, on_timeout: Callable[[], None]) -> Repeated:
        return Repeated(self._client.timers, partial(self._dialog.send, data), on_timeout)

    def _unacknowledged(self) -> None:
        self._hang_up()
        self._over(NO_ACK)

    def _over(self, hangup: Hangup) -> None:
        if self.state != CallState.ENDED:
            self._end()
            self.tell(Ended(hangup))

    def _end(self) -> None:
        self.state = CallState.ENDED
        self._client.timers.after(GIVE_UP, partial(self._client.forget, self.call_id))


def _nobody(_: Event) -> None: ...


def _nothing() -> None: ...

"""A small SIP user agent for tests, independent of the product: raw sockets, no sippy (RFC 3261).

    async with SipUa.open() as phone:
        call = await phone.invite("32", driver.address)     # INVITE; auto-ACK of the final response
        await call.answered()                               # 200 received, media known
        await call.rtp.press("1")
        await call.bye()

    async with SipUa.open() as agent:                       # to be called at agent.uri("201")
        call = await agent.next_call()
        call.ring()
        await call.answer()
        await call.over.wait()                              # the far end's BYE or CANCEL

Whatever it receives is kept: `SipUa.log` (all messages in order), `Call.responses`, `Call.requests`.
In-dialog requests are answered 200 automatically (`Call.mute = True` stops that).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.siprtp import RtpPort

_unique = itertools.count(1)


async def until(condition: Callable[[], object], timeout: float = 3.0) -> None:
    """Wait until `condition` is true; TimeoutError."""
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.005)


PAYLOADS = {"PCMA": 8, "PCMU": 0}


@dataclass
class Message:
    """A SIP request or response. Header names are kept as received; look-ups ignore case."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Message:
        """Read a datagram."""
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(start, [(name.strip(), value.strip()) for name, _, value in pairs], body)

    def encode(self) -> bytes:
        """The datagram, with its Content-Length."""
        body = self.body.encode()
        lines = [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join([self.start, *lines, f"Content-Length: {len(body)}"])
        return head.encode() + b"\r\n\r\n" + body

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for other, value in self.headers if other.lower() == name.lower()]

    def get(self, name: str) -> str:
        """The first value of a header, "" if there is none."""
        return next(iter(self.all(name)), "")

    def routes(self) -> list[str]:
        """The values of Record-Route, wherever they are put."""
        return [route.strip() for value in self.all("Record-Route") for route in value.split(",")]

    @property
    def status(self) -> int:
        """The status code; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method of a request, or of the request that a response belongs to."""
        return self.get("CSeq").split()[1]

    @property
    def cseq(self) -> int:
        """The sequence number."""
        return int(self.get("CSeq").split()[0])


def sdp(
    host: str,
    port: int,
    *,
    codecs: Sequence[str] = ("PCMA", "PCMU"),
    dtmf: int | None = 101,
    direction: str = "sendrecv",
    media_level: bool = False,
) -> str:
    """A session description; `media_level` puts the connection line under the m= line."""
    formats = [str(PAYLOADS[codec]) for codec in codecs] + ([] if dtmf is None else [str(dtmf)])
    connection = [f"c=IN IP4 {host}"]
    lines = ["v=0", f"o=test 1 {next(_unique)} IN IP4 {host}", "s=test"]
    lines += ([] if media_level else connection) + ["t=0 0"]
    lines += [f"m=audio {port} RTP/AVP {' '.join(formats)}"] + (connection if media_level else [])
    lines += [f"a=rtpmap:{PAYLOADS[codec]} {codec}/8000" for codec in codecs]
    lines += [] if dtmf is None else [f"a=rtpmap:{dtmf} telephone-event/8000"]
    return "\r\n".join([*lines, f"a={direction}", ""])


def media_of(text: str) -> tuple[tuple[str, int], list[int], int | None]:
    """(address, payload types, telephone-event type) of a session description with one audio stream."""
    lines = text.split("\r\n")
    host = next(line.split()[2] for line in lines if line.startswith("c="))
    words = next(line.split() for line in lines if line.startswith("m=audio"))
    events = [line for line in lines if line.startswith("a=rtpmap:") and "telephone-event/8000" in line.lower()]
    dtmf = int(events[0].split(":")[1].split()[0]) if events else None
    return (host, int(words[1])), [int(word) for word in words[3:]], dtmf


class Call:
    """One call of the user agent, either direction."""

    def __init__(self, ua: SipUa, call_id: str, *, incoming: bool) -> None:
        self.ua = ua
        self.call_id = call_id
        self.contact = ua.contact()
        """The Contact of our INVITEs and answers."""
        self.incoming = incoming
        self.rtp: RtpPort
        self.responses: list[Message] = []
        """Responses to our requests, in order; repeated ones included."""
        self.requests: list[Message] = []
        """The far end's requests, in order; repeated ones included."""
        self.over = asyncio.Event()
        """Set by the far end's BYE or CANCEL."""
        self.auto_ack = True
        self.mute = False
        """Answer nothing by ourselves."""
        self.on_refer: Callable[[Message], None] | None = None
        """Called with each REFER, instead of answering it."""
        self.peer: tuple[str, int] = ("", 0)
        self.target = ""
        self.routes: list[str] = []
        """Proxies that have put themselves into the way, the next one first (RFC 3261 section 12.1)."""
        self.local = self.remote = ""
        self.cseq = 0
        self.last_invite: Message | None = None
        self.last_reply: Message | None = None
        self._changed = asyncio.Event()

    # Calling

    def send_invite(self, body: str, headers: Sequence[tuple[str, str]] = ()) -> Message:
        """Send an INVITE or, in an established call, a re-INVITE."""
        self.last_invite = self._request("INVITE", body, [("Contact", self.contact), *headers])
        return self.last_invite

    def repeat_invite(self) -> None:
        """Send the same INVITE again, as after a lost response."""
        assert self.last_invite is not None
        self.ua.send(self.last_invite, self.peer)

    async def response(self, *statuses: int, method: str = "INVITE", timeout: float = 3.0) -> Message:
        """The first response to `method`, with one of the statuses if given; TimeoutError."""
        cseq = self.cseq if method != "CANCEL" else 0
        async with asyncio.timeout(timeout):
            while True:
                for message in self.responses:
                    wanted = not statuses or message.status in statuses
                    if message.method == method and message.cseq >= cseq and wanted:
                        return message
                self._changed.clear()
                await self._changed.wait()

    async def answered(self, timeout: float = 3.0) -> Message:
        """Wait for the 200 of the INVITE and point our RTP at it. Fails on any other final response."""
        message = await self.response(*range(200, 700), timeout=timeout)
        assert message.status == 200, message.start
        self._use(message.body)
        return message

    def ack(self, final: Message, body: str = "") -> None:
        """Acknowledge a final response of an INVITE (RFC 3261 sections 13.2.2.4 and 17.1.1.3)."""
        assert self.last_invite is not None
        if final.status < 300:
            via, uri = self.ua.via(), self.target
        else:
            via, uri = self.last_invite.get("Via"), self.last_invite.start.split()[1]
        headers = [("Via", via), ("From", self.local), ("To", final.get("To")), ("Call-ID", self.call_id)]
        headers += [("CSeq", f"{final.cseq} ACK"), ("Max-Forwards", "70")]
        headers += [("Route", route) for route in self.routes] if final.status < 300 else []
        headers += [("Content-Type", "application/sdp")] if body else []
        self.ua.send(Message(f"ACK {uri} SIP/2.0", headers, body), self.peer)

    def cancel(self) -> None:
        """Withdraw the INVITE."""
        invite = self.last_invite
        assert invite is not None
        keep = [(name, invite.get(name)) for name in ("Via", "From", "To", "Call-ID")]
        headers = [*keep, ("CSeq", f"{invite.cseq} CANCEL"), ("Max-Forwards", "70")]
        self.ua.send(Message(f"CANCEL {invite.start.split()[1]} SIP/2.0", headers), self.peer)

    # Being called

    def reply(self, request: Message, status: int, body: str = "", headers: Sequence[tuple[str, str]] = ()) -> None:
        """Answer a request of the far end."""
        keep = [(name, value) for name, value in request.headers if name.lower() in ("via", "record-route")]
        keep += [("From", request.get("From")), ("To", self.local if status > 100 else request.get("To"))]
        keep += [("Call-ID", self.call_id), ("CSeq", request.get("CSeq"))]
        keep += [("Contact", self.contact), *headers]
        keep += [("Content-Type", "application/sdp")] if body else []
        self.last_reply = Message(f"SIP/2.0 {status} Test", keep, body)
        self.ua.send(self.last_reply, self.peer)

    def repeat_reply(self) -> None:
        """Send our last response again, as after a lost ACK."""
        assert self.last_reply is not None
        self.ua.send(self.last_reply, self.peer)

    def ring(self) -> None:
        """180."""
        self.reply(self.requests[0], 180)

    def reject(self, status: int) -> None:
        """Refuse the call."""
        self.reply(self.requests[0], status)

    async def answer(self, *, wait_ack: bool = True, **options: Any) -> None:
        """200 with SDP (`options` as of `sdp`); waits for the ACK."""
        self._use(self.requests[0].body)
        self.reply(self.requests[0], 200, sdp(*self.rtp.address, **{"dtmf": self.rtp.dtmf, **options}))
        if wait_ack:
            await self.request("ACK")

    async def request(self, method: str, timeout: float = 3.0) -> Message:
        """The first request of that method from the far end; TimeoutError."""
        async with asyncio.timeout(timeout):
            while True:
                for message in self.requests:
                    if message.method == method:
                        return message
                self._changed.clear()
                await self._changed.wait()

    # Both

    async def bye(self, timeout: float = 3.0) -> Message:
        """Hang up; the response."""
        self.send_bye()
        return await self.response(method="BYE", timeout=timeout)

    def send_bye(self) -> None:
        """Hang up without waiting."""
        self._request("BYE")

    async def info(self, body: str, content_type: str = "application/dtmf-relay") -> Message:
        """Send a SIP INFO; the response."""
        self._request("INFO", body, [("Content-Type", content_type)])
        return await self.response(method="INFO")

    async def ask(self, method: str) -> Message:
        """Send any request inside the dialog; the response."""
        self._request(method)
        return await self.response(method=method)

    def notify(self, status: str, *, state: str = "active;expires=60", about: Message | None = None) -> None:
        """Report on a REFER of the far end: `status` such as "180 Ringing" (RFC 3515). about: which, by its CSeq."""
        event = "refer" if about is None else f"refer;id={about.cseq}"
        extra = [("Event", event), ("Subscription-State", state), ("Contact", self.contact)]
        self._request("NOTIFY", f"SIP/2.0 {status}\r\n", [*extra, ("Content-Type", "message/sipfrag;version=2.0")])

    async def reinvite(self, body: str) -> Message:
        """Send a re-INVITE; its final response, acknowledged."""
        self.send_invite(body)
        return await self.response(*range(200, 700))

    async def update(self, body: str = "", headers: Sequence[tuple[str, str]] = ()) -> Message:
        """Send an UPDATE; its response (RFC 3311)."""
        self._request("UPDATE", body, [("Contact", self.contact), *headers])
        return await self.response(method="UPDATE")

    # Inside

    def _request(self, method: str, body: str = "", extra: Sequence[tuple[str, str]] = ()) -> Message:
        self.cseq += 1
        headers = [("Via", self.ua.via()), ("From", self.local), ("To", self.remote)]
        headers += [("Call-ID", self.call_id), ("CSeq", f"{self.cseq} {method}"), ("Max-Forwards", "70")]
        headers += [*(("Route", route) for route in self.routes), *extra]
        if body and not any(name == "Content-Type" for name, _ in extra):
            headers += [("Content-Type", "application/sdp")]
        message = Message(f"{method} {self.target} SIP/2.0", headers, body)
        self.ua.send(message, self.peer)
        return message

    def _use(self, body: str) -> None:
        if body:
            self.rtp.remote, formats, self.rtp.dtmf = media_of(body)
            self.rtp.payload_type = next(number for number in formats if number != self.rtp.dtmf)

    def _on_response(self, message: Message) -> None:
        self.responses.append(message)
        if message.status > 100 and message.method == "INVITE":
            self.remote = message.get("To") if message.status < 300 else self.remote
            if message.get("Contact"):
                self.target = message.get("Contact").partition("<")[2].partition(">")[0]
            if message.status < 300:
                self.routes = self.routes or message.routes()[::-1]
            if message.status >= 200 and self.auto_ack:
                self.ack(message)
        self._changed.set()

    def _on_request(self, message: Message) -> None:
        self.requests.append(message)
        if message.method in ("BYE", "CANCEL"):
            self.over.set()
        if message.method == "REFER" and self.on_refer is not None:
            self.on_refer(message)
        elif not self.mute and message.method not in ("ACK", "INVITE"):
            self.reply(message, 200)
            if message.method == "CANCEL":
                self.reply(self.requests[0], 487)
        elif not self.mute and message.method == "INVITE" and len(self.requests) > 1 and self.answered_200:
            self.reply(message, 200, sdp(*self.rtp.address))
        self._changed.set()

    @property
    def answered_200(self) -> bool:
        """True once the far end has acknowledged our answer."""
        return any(message.method == "ACK" for message in self.requests)


class SipUa(asyncio.DatagramProtocol):
    """One SIP socket and its calls."""

    def __init__(self) -> None:
        self.log: list[Message] = []
        self.calls: dict[str, Call] = {}
        self.host, self.port = "", 0
        self.lose = 0
        """Outgoing messages to lose from now on."""
        self._incoming: asyncio.Queue[Call] = asyncio.Queue()
        self._transport: Any = None

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[SipUa]:
        """Bind `port`, any free one by default; closed at the end of the block with all its RTP ports."""
        loop = asyncio.get_running_loop()
        _, ua = await loop.create_datagram_endpoint(cls, local_addr=(host, port))
        try:
            yield ua
        finally:
            ua.close()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.host, self.port = transport.get_extra_info("sockname")

    def close(self) -> None:
        """Close the socket and the RTP ports."""
        for call in self.calls.values():
            call.rtp.close()
        self._transport.close()

    def uri(self, user: str) -> str:
        """Our address, for somebody who calls us."""
        return f"sip:{user}@{self.host}:{self.port}"

    def contact(self) -> str:
        """The Contact of our calls."""
        return f"<sip:test@{self.host}:{self.port}>"

    def via(self) -> str:
        """A Via header value with a new branch."""
        return f"SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bKtest{next(_unique)}"

    def send(self, message: Message | bytes, to: tuple[str, int]) -> None:
        """Send a message, or any octets."""
        if self.lose:
            self.lose -= 1
            return
        self._transport.sendto(message if isinstance(message, bytes) else message.encode(), to)

    async def invite(
        self,
        did: str,
        to: tuple[str, int],
        *,
        cli: str = "0143670903",
        name: str = "",
        body: str | None = None,
        auto_ack: bool = True,
        headers: Sequence[tuple[str, str]] = (),
        **options: Any,
    ) -> Call:
        """Call `did` at `to`; returns at once. `body`: SDP to send instead of ours, "" for none;
        `options` as of `sdp`."""
        call = await self.prepare(did, to, cli=cli, name=name)
        call.auto_ack = auto_ack
        call.send_invite(sdp(*call.rtp.address, **options) if body is None else body, headers)
        return call

    async def prepare(self, did: str, to: tuple[str, int], *, cli: str = "100", name: str = "") -> Call:
        """An outgoing call that has not sent anything yet."""
        call = Call(self, f"call{next(_unique)}@test", incoming=False)
        call.rtp = await RtpPort.open(self.host)
        call.peer, call.target = to, f"sip:{did}@{to[0]}:{to[1]}"
        call.local = f"{name and name + ' '}<sip:{cli}@{self.host}>;tag=t{next(_unique)}"
        call.remote = f"<{call.target}>"
        self.calls[call.call_id] = call
        return call

    async def next_call(self, timeout: float = 3.0) -> Call:
        """The next incoming call, 100 sent; TimeoutError."""
        call = await asyncio.wait_for(self._incoming.get(), timeout)
        call.rtp = await RtpPort.open(self.host)
        return call

    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = Message.parse(data)
        self.log.append(message)
        if not message.get("CSeq"):
            return  # nothing that can be handled; the test finds it in the log
        call = self.calls.get(message.get("Call-ID"))
        if message.status:
            if call is not None:
                call._on_response(message)
            return
        if call is None and message.method == "INVITE":
            call = self.calls[message.get("Call-ID")] = Call(self, message.get("Call-ID"), incoming=True)
            call.rtp = RtpPort()
            call.peer = addr
            call.local = f"{message.get('To')};tag=t{next(_unique)}"
            call.remote = message.get("From")
            call.target = message.get("Contact").partition("<")[2].partition(">")[0]
            call.routes = message.routes()
            call.reply(message, 100)
            self._incoming.put_nowait(call)
        if call is not None:
            call._on_request(message)

# ruff: noqa: N802 - overridden methods keep sippy's names
"""sippy's transaction layer over our own socket (RFC 3261 sections 17 and 18); signalling thread only."""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from collections.abc import Callable
from hashlib import md5
from typing import Any

import sippy.SipTransactionManager
from sippy.Network_server import Network_server, Network_server_opts, Remote_address
from sippy.Time.MonoTime import MonoTime

from drivers.sip import adapt
from drivers.sip.reactor import Reactor
from drivers.sip.reading import Request, tightened
from drivers.sip.refusal import TAG, refusal
from drivers.sip.uri import is_literal

BATCH = 64
"""Datagrams read from one socket before the timers are looked at again."""

T2 = 4.0
"""Seconds between two repetitions at most, but for our own INVITE (RFC 3261 sections 13.3.1.4 and 17.1.2.2)."""

NAMES_KEPT = 256
"""Host names of peers whose address we remember."""


_BRANCH = re.compile(rb"branch=([^;,\s]+)", re.IGNORECASE)
"""The first is that of the topmost Via."""


class SipSocket(Network_server):
    """One bound UDP socket, read by the reactor and written directly: sending a datagram does not wait."""

    transport = "udp"

    def __init__(self, config: dict[str, Any], options: Network_server_opts) -> None:
        super().__init__(options)
        self._reactor: Reactor = config["_reactor"]
        self._accept: Callable[[bytes, str], bool] = config["_accept"]
        self._full_since: float | None = None
        self.unsent = 0
        """Datagrams that the machine would not send: no route, or nothing that the address means."""
        self._named: dict[str, tuple[str, int]] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind(self.uopts.laddress)
        except OSError:
            self._socket.close()
            raise
        self.uopts.laddress = self._socket.getsockname()
        host, port = config["_external"] or self.uopts.laddress
        self.public = (host, port or self.uopts.laddress[1])
        """Host and port by which far ends reach us."""
        self._reactor.watch(self._socket, self._readable)

    def learn(self, host: str, address: tuple[str, int]) -> None:
        """`host`, a name in a Contact or Record-Route of a message from `address`, is reached there: nothing
        can wait for a name server in this thread."""
        if not is_literal(host):
            if len(self._named) >= NAMES_KEPT:
                self._named.clear()
            self._named[host] = address

    def getSIPaddr(self) -> tuple[tuple[str, int], str]:
        """What sippy writes into Via and From."""
        return self.public, self.transport

    def send_to(self, data: str | bytes, address: tuple[str, int], delayed: bool = False) -> None:
        """Send one datagram; what cannot be sent is lost as on the wire, and sent again by the transaction."""
        octets = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
        host, port = address
        if not is_literal(host):
            address = self._named.get(host, ("", 0))
        try:
            self._socket.sendto(octets, (address[0], port if is_literal(host) else address[1]))
        except (OSError, OverflowError) as error:  # the latter for a port that is none
            self.unsent += not isinstance(error, BlockingIOError)
            adapt.malformed.warning(f"not sent to {host}:{port}: {error}")

    def _readable(self) -> None:
        if self.uopts.data_callback is None:
            return
        for _ in range(BATCH):
            try:
                data, source = self._socket.recvfrom(65535)
            except BlockingIOError:
                self._full_since = None
                return
            except OSError:
                continue  # an ICMP error for something sent earlier
            if len(data) and self._accept(data, source[0]):
                self.handle_read(data, Remote_address(source, self.transport), MonoTime())
        if self._full_since is None:
            self._full_since = time.monotonic()
        self._reactor.post(self._readable)  # to see whether that was the last, which the selector would not tell

    @property
    def behind(self) -> float:
        """Seconds since there was last nothing left to read: more comes than can be dealt with."""
        return 0.0 if self._full_since is None else time.monotonic() - self._full_since

    def shutdown(self) -> None:
        """Close the socket."""
        self._reactor.unwatch(self._socket)
        self._socket.close()
        self.uopts.data_callback = None

    def join(self) -> None:
        """There is no thread to wait for."""


class OneSocket:
    """Stands in for sippy's table of sockets by local address (`local4remote`): an endpoint has one."""

    def __init__(self, config: dict[str, Any], receive: Callable[..., None], *_: Any) -> None:
        address = (config["_sip_address"], config["_sip_port"])
        self.socket = SipSocket(config, Network_server_opts(address, receive))

    def getServer(self, address: Any, is_local: bool = False) -> SipSocket:
        return self.socket

    def rotateCache(self) -> None:
        """Nothing is cached."""

    def shutdown(self) -> None:
        """Close the socket."""
        self.socket.shutdown()


vars(sippy.SipTransactionManager)["local4remote"] = OneSocket
vars(sippy.SipTransactionManager)["SipRequest"] = Request


class Transactions(sippy.SipTransactionManager.SipTransactionManager):
    """sippy's manager, without its banner, tolerant of any octets, and able to stop without leaving timers."""

    def handleIncoming(self, data_in: bytes, ra: Any, server: Any, rtime: Any) -> None:
        """Decode so that a Latin-1 octet does not lose the message and the body counts octets, as
        Content-Length does."""
        head, separator, body = data_in.partition(b"\r\n\r\n")
        try:
            text = head.decode()
        except UnicodeDecodeError:
            text = head.decode("latin-1").replace("\x85", "?")  # which splitlines() takes for a line end
        text = tightened(text) + separator.decode() + body.decode("latin-1")
        second = data_in.startswith(b"SIP/2.0 2") and self.on_answer(text, ra)
        if not second and not self._refused(data_in, head, text, ra.address):
            super().handleIncoming(text, ra, server, rtime)

    on_answer: Callable[[str, Any], bool] = staticmethod(lambda *_: False)
    """Shown each 2xx and where it has come from; True when it is none for us to handle."""

    refuses: Callable[[], bool] = staticmethod(lambda: False)
    """True while new calls are to be refused."""

    on_refused: Callable[[], None] = staticmethod(lambda: None)
    """Told of each."""

    def _refused(self, data: bytes, head: bytes, text: str, source: tuple[str, int]) -> bool:
        """Answer 503 to a new call that cannot be dealt with; True too for the ACK of one."""
        if data.startswith(b"ACK ") and TAG in head:
            return True
        if not data.startswith(b"INVITE ") or not self.refuses():
            return False
        checksum = md5(text.encode(), usedforsecurity=False).digest()
        if checksum in self.l1rcache or checksum in self.l2rcache:
            return False  # repeated: it has been dealt with
        answer = refusal(head, source)
        if answer is None:
            return False
        self.on_refused()
        self.l4r.socket.send_to(*answer)
        return True

    is_phone: Callable[[str], bool] = staticmethod(lambda _: False)
    """Tells the address of a registered phone, which may be behind a router."""

    def incomingRequest(self, msg: Any, *args: Any) -> None:
        source = msg.getSource()
        if self.is_phone(source[0]) and msg.getMethod() != "REGISTER":
            reach_back(msg, source)
        try:
            super().incomingRequest(msg, *args)
        except Exception:
            self._drop_unanswered(msg)
            raise

    def _drop_unanswered(self, msg: Any) -> None:
        """Forget the transaction of a request whose headers allow no response: no timer would ever end it."""
        transaction = self.tserver.get(msg.getTId(wBRN=True))
        if transaction is not None and transaction.data is None:
            if transaction.teE is not None:
                transaction.teE.cancel()
            del self.tserver[transaction.tid]
            transaction.cleanup()

    def newTransaction(self, msg: Any, *args: Any, **kwargs: Any) -> Any:
        msg.delHFs("user-agent")
        return super().newTransaction(msg, *args, **kwargs)

    def transmitMsg(self, userv: Any, msg: Any, address: Any, cachesum: Any, compact: bool = False) -> None:
        msg.delHFs("user-agent")
        super().transmitMsg(userv, msg, address, cachesum, compact)

    def incomingResponse(self, msg: Any, t: Any, checksum: Any) -> None:
        try:
            msg.getHFBody("to").getTag()
        except Exception as error:  # noqa: BLE001 - as below
            adapt.malformed.warning(f"To of a response: {error}")
            return  # without it there is no dialog; the transaction's timers go on
        try:
            if self.is_phone(t.address[0]):
                reach_back(msg, t.address)
            learn_names(t.userv, msg)
        except Exception as error:  # noqa: BLE001 - whatever the far end has put there
            # Without them the dialog goes on with the address that was called, and the transaction can end.
            adapt.malformed.warning(f"Contact or Record-Route of a response: {error}")
            msg.delHFs("contact")
            msg.delHFs("record-route")
        super().incomingResponse(msg, t, checksum)

    def timerA(self, t: Any) -> None:
        """Repeat what has not been answered or acknowledged; the base class doubles the interval."""
        if t.method != "INVITE" or t.tid in self.tserver:
            t.tout = min(t.tout, T2 / 2)
        super().timerA(t)

    def unregConsumer(self, consumer: Any, call_id: str) -> None:
        # A call may reach the end of its life after we have stopped.
        if self.req_consumers is not None:
            super().unregConsumer(consumer, call_id)

    def awaits(self, response: bytes) -> bool:
        """True for a datagram that begins as a response to a request of ours would (RFC 3261 section 17.1.3)."""
        branch = _BRANCH.search(response)
        return branch is not None and any(tid[-1] == branch[1].decode("latin-1") for tid in self.tclient)

    @property
    def pending(self) -> bool:
        """True while a request of ours has no response, or a final response to an INVITE no ACK."""
        return bool(self.tclient) or any(t.method == "INVITE" for t in self.tserver.values())

    def shutdown(self) -> None:
        """Close the socket and drop every transaction and its timers."""
        for table in (self.tclient, self.tserver):
            for transaction in list(table.values()):
                for name in ("teA", "teB", "teC", "teD", "teE", "teF", "teG"):
                    timer = getattr(transaction, name, None)
                    if timer is not None:
                        timer.cancel()
                transaction.cleanup()
        super().shutdown()


def reach_back(message: Any, source: tuple[str, int]) -> None:
    """Let a Contact with a private address lead to `source`, where the message has come from: there is a router
    between, unless it is the same, or a proxy that the dialog goes through."""
    if not message.countHFs("record-route"):
        for body in message.getHFBodys("contact"):
            url = None if getattr(body, "asterisk", False) else body.getUrl()
            if url is not None and is_literal(url.host) and ipaddress.IPv4Address(url.host).is_private:
                url.host, url.port = source


def learn_names(server: SipSocket, message: Any) -> None:
    """Remember where the hosts named in the Contact and Record-Route of `message` were heard from."""
    source = message.getSource()
    for header in ("contact", "record-route"):
        for body in message.getHFBodys(header):
            if not getattr(body, "asterisk", False):
                server.learn(body.getUrl().host, source)

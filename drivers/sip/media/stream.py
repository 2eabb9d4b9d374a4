"""One RTP socket in a worker: what is sent each tick, what is done with what arrives."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

from drivers.sip.media.address import Remote
from drivers.sip.media.by_hand import HANDS, REST, SEND
from drivers.sip.media.clock import Clock
from drivers.sip.media.events import FLASH, PRESS, KeyDetector, KeySender
from drivers.sip.media.kernel import Path
from drivers.sip.media.outgoing import Outgoing
from drivers.sip.media.playback import Playback
from drivers.sip.media.presence import Presence
from drivers.sip.media.recorder import Recorder
from drivers.sip.media.recorders import Recorders
from drivers.sip.media.relay import Relay
from drivers.sip.media.rtcp import Control
from drivers.sip.media.rtp import FRAME, LAWS, PAYLOAD_TYPES, Packet, parse
from drivers.sip.media.sieve import Sieve
from drivers.sip.media.tones import ToneDetector, key_frames
from drivers.sip.media.wire import Message
from engine.audio.g711 import SILENCE, Law

LARGEST = 2048
"""Octets of the longest packet that is taken: more than 200 ms of G.711."""

RELAYED = 0
"""The series of keys that come from the other end of a bridge."""

NOWHERE = "0.0.0.0"  # noqa: S104 - not an address to bind


class Stream:
    """Created unconnected: it sends and takes nothing until `connect`. A prompt goes by in real time regardless."""

    def __init__(
        self,
        number: int,
        host: str,
        port: int,
        clock: Clock,
        report: Callable[[Message], None],
        *,
        dscp: int,
        timeout: float | None,
        rtcp: bool,
    ) -> None:
        """number: its name to the control side. report: sends an event there. dscp: of the packets sent (RFC 2474).
        timeout: seconds without a packet after which the far end is reported as silent; None: never. rtcp: send and
        take RTCP on the port above, if that can be had. Raises OSError when the address cannot be bound."""
        self.number = number
        self.codec: Law = "PCMA"
        self.dtmf: int | None = None
        self.recorders = Recorders(number, report)
        self.relay: Relay | None = None
        """Where received packets go while the stream is bridged."""
        self.keys = 0
        """Key presses reported."""
        self._clock = clock
        self._report = report
        self._remote: Remote | None = None
        self._sending = False
        self._awaited = False
        """True when the next packet of the far end is to be told of."""
        self._laws = LAWS
        """Payload types of the audio that is taken."""
        self._playback: Playback | None = None
        self._key_sender = KeySender()
        self._detector = KeyDetector()
        self._tones: ToneDetector | None = None
        """Only for a far end that has no telephone events: what it plays is no key otherwise."""
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
            self.socket.bind((host, port))
        except OSError:
            self.socket.close()
            raise
        self.outgoing = Outgoing(self.socket, clock)
        self.outgoing.payload_type = PAYLOAD_TYPES[self.codec]
        self.path = Path()
        self.path.fd = self.socket.fileno()
        self._refresh()
        self._sieve = Sieve(self.socket)
        control = None
        if rtcp:
            with suppress(OSError):
                control = Control(host, self.socket.getsockname()[1], dscp=dscp, now=clock.now)
        self.presence = Presence(timeout, lambda: report({"ev": "silent", "port": number}), control)

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock.now

    # Commands

    def connect(
        self,
        host: str,
        port: int,
        codec: Law,
        payload: int,
        dtmf: int | None,
        *,
        send: bool,
        hear: bool,
        tell: bool = False,
    ) -> None:
        """Begin, or change the address, the codec, the payload types, or whether anything is sent.

        To 0.0.0.0 or port 0, and without `send`, nothing is, but the far end is heard as before (RFC 3264 §8.4).
        Without `hear` it may be silent for ever. tell: report the next packet. Raises ValueError unless host is an
        IPv4 address.
        """
        nowhere = host == NOWHERE or port == 0
        if self._remote is None or (self._remote.signalled != (host, port) and not nowhere):
            self._remote = Remote(host, port)
            self.outgoing.aim(host, port)
        self._sending = send and not nowhere
        self._awaited = tell
        self.presence.expect(self._clock.now if hear else None)
        self.dtmf = dtmf
        if dtmf is not None:
            self._tones = None
        elif self._tones is None:
            self._tones = ToneDetector()
        self.outgoing.payload_type = payload
        self._laws = {**LAWS, payload: codec}
        self._sieve.open()
        if codec != self.codec:
            self.codec = codec
            if self._playback is not None:
                self._playback.use(codec)
        self._refresh()

    def play(self, playback: Playback, keys: int) -> None:
        """Replace what is playing.

        keys: presses that the control side knew of when it asked; if there have been more, the prompt is interrupted
        before it begins.
        """
        self._playback = self.outgoing.playback = playback
        if playback.done:
            self._end_play(interrupted=False)
        elif playback.barge_in and self.keys > keys:
            self._end_play(interrupted=True)

    def stop(self, play: int) -> None:
        """Be silent if that playback is still the current one."""
        if self._playback is not None and self._playback.play == play:
            self._playback = self.outgoing.playback = None

    def press(self, keys: str, series: int, request: int | None) -> None:
        """Press keys, and answer the command `request` then; they are tones when no events were negotiated. Raises
        ValueError for what is no tone then, and while there is no far end."""
        if self._remote is None:
            raise ValueError("there is no far end yet")
        if self.dtmf is None:
            for key in keys:
                key_frames(key, self.codec, PRESS)
            if self.relay is not None and self.relay.out.relay is not None:
                self.relay.out.relay.path.ready = False  # nobody else is heard meanwhile
        self._key_sender.press(keys, series, request)

    def release(self, series: int) -> None:
        """Press no more keys of the series."""
        self._key_sender.withdraw(series)

    def bridge(self, other: Stream) -> None:
        """Relay between the two streams, both ways; both leave the bridges that they were in."""
        for stream in (self, other):
            stream.unbridge()
            stream._playback = stream.outgoing.playback = None
            stream._sieve.open()
        self.relay, other.relay = Relay(other, self.path), Relay(self, other.path)

    def unbridge(self) -> None:
        """Both ends hear silence again."""
        if self.relay is not None:
            for stream in (self.relay.out, self):
                stream.attend()
                if stream.relay is not None:
                    stream.relay.close()
                stream.relay = None

    def attend(self) -> None:
        """Something changes: the next tick and the next packets are not the kernel's, but looked at by us."""
        self.outgoing.mode = HANDS
        self._catch_up()
        if self.relay is not None:
            self.path.ready = self.relay.out.path.ready = False

    def record(self, recorder: Recorder) -> None:
        """A recording begins."""
        self._sieve.open()
        self.recorders.add(recorder)

    def sockets(self) -> dict[socket.socket, Callable[[], None]]:
        """Its sockets, and what to call when one has something to read."""
        found = {self.socket: self.receive}
        if self.presence.control is not None:
            found[self.presence.control.socket] = self.receive_control
        return found

    def close(self) -> None:
        """Give everything back."""
        self.unbridge()
        self.recorders.finish_all("hangup")
        for request in self._key_sender.waiting():
            self._report({"re": request, "error": "the port is closed"})
        self.presence.leave(self._remote, self._clock.now, self.outgoing.so_far())
        self.socket.close()

    def look(self) -> None:
        """Is the far end there? Called twice a second."""
        if self._remote is not None:
            self._catch_up()
            self.presence.look(self._remote, self._clock.now, self.outgoing.so_far())

    # Sending

    def tick(self, number: int) -> None:
        """Send what is due at a tick: keys, prompt or silence; see what the kernel may do at the next."""
        self._tick(number)
        if self._key_sender.busy or self.recorders.running:
            self.outgoing.mode = HANDS
        elif self.relay is not None:
            self.outgoing.mode = REST
        else:
            self.outgoing.mode = SEND if self._sending and self._remote is not None else HANDS

    def _tick(self, number: int) -> None:
        if self._key_sender.busy:
            if self.dtmf is None:
                self._send_frame(number, self._tone())
                return
            if self._send_keys():
                return
        if self.relay is not None:
            return
        playback = self._playback
        self._send_frame(number, self.outgoing.silence if playback is None else playback.frame())
        if playback is not None and playback.done:
            self._end_play(interrupted=False)

    def _send_frame(self, number: int, frame: bytes) -> None:
        if self._sending and self._remote is not None:
            timestamp = self.outgoing.frame(number, frame)
        else:
            timestamp = self.outgoing.due(number)
        if self.recorders.running:
            self.recorders.sent(timestamp, frame, self.codec, self._clock.now)

    @property
    def sounding(self) -> bool:
        """True while keys are sent as tones, and nothing else."""
        return self.dtmf is None and self._key_sender.busy

    def _tone(self) -> bytes:
        """The frame of this tick while keys are sent as tones: a tone, or the silence after it."""
        packets, request = self._key_sender.tick(self.outgoing.resume())
        if request is not None:
            self._report({"re": request})
        if not packets or packets[0].key == FLASH:  # it was pressed when the far end took events
            return self.outgoing.silence
        return key_frames(packets[0].key, self.codec, PRESS)[packets[0].tick]

    def emit(self, payload_type: int, marker: bool, sequence: int, timestamp: int, payload: bytes) -> None:
        """Send a packet that is not the clock's."""
        if self._remote is not None and self._sending:
            self.outgoing.packet(payload_type, marker, sequence, timestamp, payload)

    def _send_keys(self) -> bool:
        """True when a key was sent instead of audio."""
        packets, request = self._key_sender.tick(self.outgoing.resume())
        for packet in packets:
            if self.dtmf is not None:
                self.emit(
                    self.dtmf, packet.marker, self.outgoing.sequence + 1 & 0xFFFF, packet.timestamp, packet.payload
                )
        if packets and self.relay is not None and self.relay.out.relay is not None:
            self.relay.out.relay.made_room(len(packets))
        if request is not None:
            self._report({"re": request})
        return bool(packets)

    def _end_play(self, *, interrupted: bool) -> None:
        playback, self._playback = self._playback, None
        self.outgoing.playback = None
        if playback is not None:
            self._report({"ev": "played", "port": self.number, "play": playback.play, "interrupted": interrupted})

    def _refresh(self) -> None:
        self.outgoing.silence = bytes([SILENCE[self.codec]]) * FRAME

    # Receiving

    def receive(self) -> None:
        """Take one packet. Anything that is not RTP of an expected type from the far end is ignored."""
        left, self.path.left = self.path.left, None
        try:
            data, source = left or self.socket.recvfrom(LARGEST)
        except OSError:
            return
        self._catch_up()
        remote = self._remote
        if remote is None or len(data) < 12 or data[0] >> 6 != 2:
            return
        payload_type = data[1] & 0x7F
        is_event = payload_type == self.dtmf
        law = None if is_event else self._laws.get(payload_type)
        now = self._clock.now
        if not (is_event or law):
            remote.notice(source, now)
            return
        before = remote.address
        if not remote.admit(source, now, data[8:12]):
            return
        if self._awaited:
            self._awaited = False
            self._report({"ev": "heard", "port": self.number})
        if remote.address != before:
            self.outgoing.aim(*remote.address)
        if not is_event and not self.recorders.running and self.relay is None and self._tones is None:
            self._sieve.shut(source, payload_type)
            self.presence.ignored()
            return
        packet = parse(data)
        if packet is None:
            return
        if law is None:
            self._on_event(packet)
        else:
            self._on_audio(packet, law, now)
        if self.relay is not None:
            self.relay.forward(packet, law)
            if law is not None and self._is_plain(self.relay):
                self.relay.pave(packet, law, source, self.presence.reception)

    def _is_plain(self, relay: Relay) -> bool:
        """True when audio has only to be forwarded."""
        out = relay.out
        listened_to = self._tones is not None or self.recorders.running or out.recorders.running
        return not listened_to and out._sending and out._remote is not None and not out.sounding

    def _catch_up(self) -> None:
        """What the kernel has forwarded has been heard."""
        if self._remote is not None:
            self._remote.heard = max(self._remote.heard, self.path.heard)

    def receive_control(self) -> None:
        """Take one packet of RTCP."""
        self.presence.receive(self._remote, self._clock.now)

    def _on_audio(self, packet: Packet, law: Law, now: float) -> None:
        self.presence.heard(packet, now)
        if self._tones is not None:
            for key in self._tones.keys(packet.payload, law):
                self._on_key(key)
        if self.recorders.running:
            self.recorders.heard(packet, law, now)

    def _on_event(self, packet: Packet) -> None:
        key = self._detector.key(packet)
        if key is None:
            return
        self._on_key(key)
        if self.relay is not None and self.relay.out.dtmf is None:
            self.relay.out.attend()
            with suppress(ValueError):  # nobody is there yet
                self.relay.out.press(key, RELAYED, None)

    def _on_key(self, key: str) -> None:
        self.keys += 1
        self._report({"ev": "digit", "port": self.number, "key": key})
        if self._playback is not None and self._playback.barge_in:
            self._end_play(interrupted=True)

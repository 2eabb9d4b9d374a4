"""A media worker: a process with one thread that owns RTP sockets and sends on a 20 ms clock.

Started by `link` as `python -m drivers.sip.media.worker FD SPOOL`; ends when the socket FD to the control process is
closed, which the kernel also does when that process is killed.
"""

from __future__ import annotations

import gc
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from drivers.sip.media.clock import Clock
from drivers.sip.media.kernel import Path as Way
from drivers.sip.media.kernel import Source, serve, tick
from drivers.sip.media.playback import ClipCache, Playback
from drivers.sip.media.presence import LOOK
from drivers.sip.media.recorder import Recorder
from drivers.sip.media.stream import Stream
from drivers.sip.media.wire import Message, Wire

GATHER = 0.003
"""Seconds for which packets may gather in the sockets while no stream is relayed: one waking up for many."""
CROWD = 100
"""Streams from which that is cheaper: with fewer, packets that pass the sieve come more than `GATHER` apart."""
RELAYED_GATHER, RELAYED_CROWD = 0.0006, 50
"""The same where streams are relayed, and how many of these: whoever speaks is heard that much later."""


class Worker:
    """Streams by number, and what the control process may ask of them."""

    def __init__(self, wire: Wire, spool: Path) -> None:
        self._wire = wire
        self._clock = Clock()
        self._clips = ClipCache(spool)
        self._streams: dict[int, Stream] = {}
        self._in_order: list[Stream] = []
        self._sources: list[Source] = []
        """What each of `_in_order` sends."""
        self._looks: list[dict[int, Stream]] = [{} for _ in range(LOOK)]
        """Streams by the tick, modulo `LOOK`, at which they are looked at: not all in one."""
        self._paths: dict[int, Way] = {}
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {wire.sock.fileno(): self._read_commands}
        self._epoll.register(wire.sock, select.EPOLLIN)
        self._running = True
        self.orphaned = False
        """True when the control process has gone without having said that this one shall end."""
        self._relayed = 0
        """Streams that are bridged, as of the last look."""
        self._commands: dict[str, Callable[[Message], Message | None]] = {
            "open": self._open,
            "connect": self._connect,
            "play": self._play,
            "stop": self._stop,
            "digits": self._digits,
            "release": self._release,
            "record": self._record,
            "pause": self._pause,
            "finish": self._finish,
            "bridge": self._bridge,
            "unbridge": self._unbridge,
            "close": self._close,
            "ping": self._ping,
            "stats": self._stats,
            "end": self._end,
        }

    def run(self) -> None:
        """Work until the control process closes its end."""
        self._send({"ev": "ready"})
        while self._running:
            if self._streams:
                ready = serve(self._epoll, self._paths, self._clock.due, self._gather())
            else:
                ready = [descriptor for descriptor, _ in self._epoll.poll()]
            if self._clock.read() and self._streams:
                self._tick()
            for descriptor in ready:
                # Gone if an earlier one of this batch was the command to close it.
                if reader := self._readers.get(descriptor):
                    reader()
        for stream in list(self._streams.values()):
            self._remove(stream)

    def _gather(self) -> float:
        """Seconds for which packets may wait for others."""
        if self._relayed:
            return RELAYED_GATHER if self._relayed >= RELAYED_CROWD else 0.0
        return GATHER if len(self._streams) >= CROWD else 0.0

    def _tick(self) -> None:
        number = self._clock.advance()
        in_order = self._in_order
        for index in tick(self._sources, number):
            self._guarded(in_order[index], partial(self._tick_one, in_order[index], number))
        for stream in list(self._looks[number % LOOK].values()):
            self._guarded(stream, stream.look)
        if number % LOOK == 0:
            self._relayed = sum(stream.relay is not None for stream in self._streams.values())

    def _tick_one(self, stream: Stream, number: int) -> None:
        stream.tick(number)
        if stream.recorders.running:
            stream.recorders.tick(self._clock.now)

    def _guarded(self, stream: Stream, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a defect met by one call must not end the others
            self._lose(stream, error)

    def _arrange(self) -> None:
        """Streams have come or gone. New lists, as the old ones may be in use."""
        self._in_order = list(self._streams.values())
        self._sources = [stream.outgoing for stream in self._in_order]

    def _receive(self, stream: Stream, take: Callable[[], None]) -> None:
        try:
            take()
        except Exception as error:  # noqa: BLE001 - as above
            self._lose(stream, error)

    def _lose(self, stream: Stream, error: Exception) -> None:
        traceback.print_exception(error)
        self._remove(stream)
        self._send({"ev": "lost", "port": stream.number, "error": repr(error)})

    def _remove(self, stream: Stream) -> None:
        for sock in stream.sockets():
            self._epoll.unregister(sock)
            del self._readers[sock.fileno()]
        del self._streams[stream.number], self._looks[stream.number % LOOK][stream.number]
        del self._paths[stream.path.fd]
        self._arrange()
        stream.close()

    # The control process

    def _send(self, message: Message) -> None:
        drained = self._wire.send(message)
        if not drained:
            self._epoll.modify(self._wire.sock, select.EPOLLIN | select.EPOLLOUT)

    def _read_commands(self) -> None:
        if self._wire.flush():
            self._epoll.modify(self._wire.sock, select.EPOLLIN)
        try:
            message = self._wire.receive()
        except BlockingIOError:
            return
        except EOFError:
            self._running = False
            self.orphaned = True
            return
        except ValueError:
            traceback.print_exc()
            return
        request = message.get("id")
        try:
            reply = self._commands[message["op"]](message)
        except (OSError, ValueError) as error:
            reply = {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - a defect in one command must not end the calls
            traceback.print_exc()
            reply = {"error": repr(error)}
        if request is not None and reply is not None:
            self._send({"re": request, **reply})

    def _stream(self, message: Message, name: str = "port") -> Stream:
        stream = self._streams.get(message[name])
        if stream is None:
            raise ValueError(f"there is no port {message[name]}")
        stream.attend()
        return stream

    def _open(self, message: Message) -> Message:
        if not self._streams:
            self._clock.resume()
        stream = Stream(
            message["port"],
            message["host"],
            message["number"],
            self._clock,
            self._send,
            dscp=message["dscp"],
            timeout=message["timeout"],
            rtcp=message["rtcp"],
        )
        self._streams[stream.number] = self._looks[stream.number % LOOK][stream.number] = stream
        self._paths[stream.path.fd] = stream.path
        self._arrange()
        for sock, take in stream.sockets().items():
            self._readers[sock.fileno()] = partial(self._receive, stream, take)
            self._epoll.register(sock, select.EPOLLIN)
        return {"number": stream.socket.getsockname()[1]}

    def _connect(self, message: Message) -> Message:
        self._stream(message).connect(
            message["host"],
            message["number"],
            message["codec"],
            message["payload"],
            message["dtmf"],
            send=message["send"],
            hear=message["hear"],
            tell=message["tell"],
        )
        return {}

    def _play(self, message: Message) -> Message:
        stream = self._stream(message)
        try:
            playback = Playback(
                message["play"],
                message["keys"],
                stream.codec,
                self._clips,
                barge_in=message["barge_in"],
                loop=message["loop"],
            )
        except OSError as error:
            self._send({"ev": "played", "port": stream.number, "play": message["play"], "error": str(error)})
        else:
            stream.play(playback, message["digits"])
        return {}

    def _stop(self, message: Message) -> Message:
        self._stream(message).stop(message["play"])
        return {}

    def _digits(self, message: Message) -> None:
        self._stream(message).press(message["keys"], message["series"], message.get("id"))

    def _release(self, message: Message) -> Message:
        self._stream(message).release(message["series"])
        return {}

    def _record(self, message: Message) -> Message:
        self._stream(message).record(
            Recorder(
                message["recording"],
                Path(message["path"]),
                self._clock.now,
                max_duration=message["max"],
                silence=message["silence"],
                both=message["both"],
            )
        )
        return {}

    def _pause(self, message: Message) -> Message:
        recorder = self._stream(message).recorders.find(message["recording"])
        if recorder is not None:
            recorder.pause(self._clock.now, message["on"])
        return {}

    def _finish(self, message: Message) -> Message:
        recorders = self._stream(message).recorders
        recorder = recorders.find(message["recording"])
        if recorder is not None:
            recorders.finish(recorder, "stopped")
        return {}

    def _bridge(self, message: Message) -> Message:
        self._stream(message).bridge(self._stream(message, "other"))
        self._relayed += 2
        return {}

    def _unbridge(self, message: Message) -> Message:
        self._stream(message).unbridge()
        return {}

    def _close(self, message: Message) -> Message:
        self._remove(self._stream(message))
        return {}

    def _end(self, _: Message) -> None:
        self._running = False

    def _ping(self, _: Message) -> Message:
        return {}

    def _stats(self, _: Message) -> Message:
        return {
            "ports": len(self._streams),
            "descriptors": len(list(Path("/proc/self/fd").iterdir())),
            "clip_octets": self._clips.size,
            "cpu_seconds": time.process_time(),
            "skipped_ticks": self._clock.skipped,
            "lateness_ms": self._clock.lateness(),
        }


def main() -> None:
    """The process."""
    # These go to the whole group or service. The control process decides when the calls are over, and a worker
    # outlives it by no more than the closing of a socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Two for each call, and the usual limit is 1,024.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    descriptor, spool = int(sys.argv[1]), Path(sys.argv[2])
    worker = Worker(Wire(socket.socket(fileno=descriptor)), spool)
    # What lives now lives for ever, and calls make few cycles: a collection must not cost a tick.
    gc.freeze()
    gc.set_threshold(50_000, 50, 1000)
    worker.run()
    if worker.orphaned:
        import shutil

        # The control process was killed, and nobody else is left to do it. Otherwise other workers may need it.
        shutil.rmtree(spool, ignore_errors=True)


if __name__ == "__main__":
    main()

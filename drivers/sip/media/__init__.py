"""Media of the SIP driver: worker processes that own the RTP sockets, and their control side.

Control process: `pool` → `link` (one process) → `port` (one RTP socket), `recording`, `spool`.
Worker process: `worker` (loop and commands) → `stream` (one RTP socket) → `playback`, `outgoing`, `events`, `tones`,
`relay`, `recorder`, `sieve`, `presence` → `rtcp`.
Both: `wire` (messages), `rtp`. This package imports nothing, so that a worker stays small.
"""

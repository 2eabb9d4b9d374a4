"""Test signals, and finding them in what was heard."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.audio.clip import RATE, Clip

MIN_SNR_DB = 35.0


def speech(seconds: float, *, seed: int, label: str = "") -> Clip:
    """A loud, speech-like test signal: three wandering tones, no two stretches alike, no silence in it."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    signal = np.zeros(count)
    for _ in range(3):
        frequency = rng.uniform(300, 1200) + rng.uniform(200, 900) * time / max(seconds, 0.1)
        signal += np.sin(2 * np.pi * np.cumsum(frequency) / RATE + rng.uniform(0, 6))
    return Clip((signal * 9000 / np.abs(signal).max()).astype("<i2").tobytes(), label=label)


def snr_db(heard: bytes, wanted: bytes) -> float:
    """Best signal-to-noise ratio, in dB, of `wanted` at any offset inside `heard`; -inf when it does not fit."""
    return locate(heard, wanted)[1]


def locate(heard: bytes, wanted: bytes) -> tuple[int, float]:
    """Where `wanted` stands inside `heard` (samples from its start), and its signal-to-noise ratio there, in dB."""
    received = np.frombuffer(heard, "<i2").astype(np.float64)
    signal = np.frombuffer(wanted, "<i2").astype(np.float64)
    if len(received) < len(signal):
        return -1, float("-inf")
    size = 1 << (len(received) + len(signal)).bit_length()
    spectrum = np.fft.rfft(received, size) * np.conj(np.fft.rfft(signal, size))
    correlation = np.fft.irfft(spectrum, size)[: len(received) - len(signal) + 1]
    offset = int(np.argmax(correlation))
    noise = received[offset : offset + len(signal)] - signal
    power = float(np.mean(noise**2))
    return offset, float("inf") if power == 0 else 10 * float(np.log10(np.mean(signal**2) / power))


def contains(heard: bytes, wanted: bytes, *, lossy: bool) -> bool:
    """True when `wanted` stands whole inside `heard`: exactly, or with at least 35 dB through G.711."""
    if not lossy:
        return wanted in heard
    return snr_db(heard, wanted) >= MIN_SNR_DB


def alaw_decode(octets: bytes) -> bytes:
    """G.711 A-law → s16le, written from the definition in ITU-T G.711 and not with the product's tables."""
    code = np.frombuffer(octets, np.uint8).astype(np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype("<i2").tobytes()


def ulaw_decode(octets: bytes) -> bytes:
    """G.711 µ-law → s16le, written from the definition."""
    code = ~np.frombuffer(octets, np.uint8).astype(np.int32) & 0xFF
    magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2").tobytes()


def alaw_encode(samples: bytes) -> bytes:
    """s16le → A-law: the code whose value is nearest."""
    return _encode(samples, alaw_decode)


def ulaw_encode(samples: bytes) -> bytes:
    """s16le → µ-law: the code whose value is nearest."""
    return _encode(samples, ulaw_decode)


def _encode(samples: bytes, decode: Callable[[bytes], bytes]) -> bytes:
    values = np.frombuffer(decode(bytes(range(256))), "<i2").astype(np.int32)
    order = np.argsort(values, kind="stable")
    steps = (values[order][:-1] + values[order][1:]) / 2
    return order[np.searchsorted(steps, np.frombuffer(samples, "<i2"))].astype(np.uint8).tobytes()

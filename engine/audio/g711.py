"""G.711: telephone audio, one octet a sample (ITU-T Recommendation G.711, 11/1988).

Linear samples are signed 16-bit little-endian; A-law uses their upper 13 bits, µ-law their upper 14. The laws are
named as in SDP (RFC 3551 §4.5.14). Encoding looks every sample up in a table of all 65,536 inputs with numpy, which
is imported then; decoding needs no more than `bytes.translate`, so that a media worker can do without numpy.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Law = Literal["PCMA", "PCMU"]

SILENCE: dict[Law, int] = {"PCMA": 0xD5, "PCMU": 0xFF}
"""The octet that a sample of 0 is encoded to."""

_BIAS = 0x84


def _alaw_to_linear(code: int) -> int:
    code ^= 0x55
    segment = (code & 0x70) >> 4
    magnitude = ((code & 0x0F) << 4) + (0x08 if segment == 0 else 0x108)
    if segment > 1:
        magnitude <<= segment - 1
    return magnitude if code & 0x80 else -magnitude


def _ulaw_to_linear(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + _BIAS << ((code & 0x70) >> 4)) - _BIAS
    return -magnitude if code & 0x80 else magnitude


def _linear_to_alaw(sample: int) -> int:
    sample >>= 3
    mask = 0xD5 if sample >= 0 else 0x55
    magnitude = sample if sample >= 0 else -sample - 1
    segment = max(0, magnitude.bit_length() - 5)
    return (segment << 4 | magnitude >> max(1, segment) & 0x0F) ^ mask


def _linear_to_ulaw(sample: int) -> int:
    sample >>= 2
    mask = 0xFF if sample >= 0 else 0x7F
    magnitude = min(abs(sample), 8159) + (_BIAS >> 2)
    segment = max(0, magnitude.bit_length() - 6)
    if segment > 7:
        return 0x7F ^ mask
    return (segment << 4 | magnitude >> (segment + 1) & 0x0F) ^ mask


LINEAR: dict[Law, tuple[int, ...]] = {
    "PCMA": tuple(_alaw_to_linear(code) for code in range(256)),
    "PCMU": tuple(_ulaw_to_linear(code) for code in range(256)),
}
"""The 16-bit value of each of the 256 codes."""

ALAW_TO_ULAW = bytes(_linear_to_ulaw(value) for value in LINEAR["PCMA"])
"""For `bytes.translate`: A-law → µ-law."""

ULAW_TO_ALAW = bytes(_linear_to_alaw(value) for value in LINEAR["PCMU"])
"""For `bytes.translate`: µ-law → A-law."""

_LOW = {law: bytes(value & 0xFF for value in values) for law, values in LINEAR.items()}
_HIGH = {law: bytes(value >> 8 & 0xFF for value in values) for law, values in LINEAR.items()}


@cache
def _codes(law: Law) -> NDArray[np.uint8]:
    """The code of every 16-bit sample, indexed by the sample read as unsigned."""
    import numpy as np

    encode_one = _linear_to_alaw if law == "PCMA" else _linear_to_ulaw
    return np.array([encode_one(index - 65536 if index > 32767 else index) for index in range(65536)], np.uint8)


def encode(samples: bytes, law: Law) -> bytes:
    """Linear samples → one octet each. The first call of a process builds a table (some 30 ms a law)."""
    import numpy as np

    codes: bytes = _codes(law)[np.frombuffer(samples, "<u2")].tobytes()
    return codes


def encode_by_hand(samples: Iterable[int], law: Law) -> bytes:
    """The same of 16-bit values, one by one (about 1 µs each) and without numpy."""
    return bytes(map(_linear_to_alaw if law == "PCMA" else _linear_to_ulaw, samples))


def decode(codes: bytes, law: Law) -> bytes:
    """Octets → linear samples, two octets each."""
    samples = bytearray(2 * len(codes))
    samples[0::2] = codes.translate(_LOW[law])
    samples[1::2] = codes.translate(_HIGH[law])
    return bytes(samples)

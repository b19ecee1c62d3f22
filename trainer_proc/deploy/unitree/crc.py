"""The checksum of Unitree's messages: CRC-32/MPEG-2 over 32-bit words, the highest byte of each first.

zlib computes the same polynomial with mirrored bits, much faster than Python could.
Source: unitree_sdk2_python, `unitree_sdk2py/utils/crc.py`.
"""

from __future__ import annotations

import zlib

import numpy as np

_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ALL = 0xFFFFFFFF


def crc32_of_words(data: bytes) -> int:
    """Return the checksum of little-endian words; the length of `data` is a multiple of 4."""
    big_endian = np.frombuffer(data, dtype="<u4").astype(">u4").tobytes()
    mirrored = zlib.crc32(big_endian.translate(_MIRRORED)) ^ _ALL
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRRORED), "big")

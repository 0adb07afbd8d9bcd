"""How is speech written on the wire: G.711 A-law (RTP payload type 8), and WAV files at 8 kHz?

Own tables, because `audioop` left the standard library with Python 3.13.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
"""Samples at 8 kHz, one channel."""

RATE = 8000
FRAME = 160
"""Samples in 20 ms, the packet time everywhere here."""


def _levels() -> Pcm:
    """The 256 sample values that A-law can express, by code (ITU-T G.711, table 1a, scaled to 16 bits)."""
    code = np.arange(256) ^ 0x55
    segment, step = (code & 0x70) >> 4, (code & 0x0F) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _codes(levels: Pcm) -> NDArray[np.uint8]:
    """For every 16-bit sample (index: sample + 32768), the code of the nearest level."""
    order = np.argsort(levels)
    ascending = levels[order].astype(np.int32)
    borders = (ascending[:-1] + ascending[1:]) / 2
    return order[np.searchsorted(borders, np.arange(-32768, 32768), side="right")].astype(np.uint8)


_LEVELS = _levels()
_CODES = _codes(_LEVELS)


def encode(pcm: Pcm) -> bytes:
    """One A-law byte per sample."""
    return _CODES[pcm.astype(np.int32) + 32768].tobytes()


def decode(payload: bytes) -> Pcm:
    """One sample per A-law byte."""
    return _LEVELS[np.frombuffer(payload, dtype=np.uint8)]


def transcoded(pcm: Pcm) -> Pcm:
    """What is left of speech that went through A-law once."""
    return decode(encode(pcm))


def read_wav(path: Path | str) -> Pcm:
    """A 16-bit WAV at 8 kHz; its channels as columns when there are several. ValueError for any other format."""
    with wave.open(str(path), "rb") as file:
        if (file.getsampwidth(), file.getframerate()) != (2, RATE):
            raise ValueError(f"{path}: not 16-bit PCM at {RATE} Hz")
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(np.int16)
        return samples if file.getnchannels() == 1 else samples.reshape(-1, file.getnchannels())


def write_wav(path: Path | str, pcm: Pcm) -> None:
    """16-bit PCM at 8 kHz; a column per channel."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if pcm.ndim == 1 else pcm.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm.astype("<i2").tobytes())

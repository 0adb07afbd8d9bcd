"""Which sound is this? Makes the sounds that synthetic people make, and recognises those they hear.

Every function takes 8 kHz samples and no clock; a `Sound` is what a listener can wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from synthetic.alaw import RATE, Pcm, read_wav, transcoded

SPEECH_LEVEL = 8000
"""Peak of a made tone: -12 dBFS, loud enough for A-law and far from clipping."""
SILENCE_DBFS = -55.0
"""Quieter than this is silence: A-law's own smallest step lies at about -72 dBFS, line music far above -40."""


def tone(hz: float, seconds: float, peak: int = SPEECH_LEVEL) -> Pcm:
    """A sine; a whole number of hertz over a whole number of seconds joins its own beginning without a click."""
    turn = 2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE
    sine: Pcm = np.rint(peak * np.sin(turn)).astype(np.int16)
    return sine


def silence(seconds: float) -> Pcm:
    """Nothing, for so long."""
    return np.zeros(round(seconds * RATE), dtype=np.int16)


def level(pcm: Pcm) -> float:
    """Root mean square in dB below full scale; -inf for no sound at all."""
    if not len(pcm):
        return float("-inf")
    power = float(np.mean(np.square(pcm, dtype=np.float64)))
    return 10 * np.log10(power / 32768.0**2) if power else float("-inf")


def is_silent(pcm: Pcm) -> bool:
    """Whether nobody would call this a sound."""
    return level(pcm) < SILENCE_DBFS


def strength(pcm: Pcm, hz: float) -> float:
    """Share (0..1) of the energy that one frequency carries, by Goertzel's single Fourier term.

    A pure tone gives about 1 and white noise about 2/len(pcm); silence gives 0.
    """
    samples = pcm.astype(np.float64)
    energy = float(samples @ samples)
    if is_silent(pcm):
        return 0.0
    turn = 2 * np.pi * hz * np.arange(len(samples)) / RATE
    term = abs(complex(samples @ np.cos(turn), samples @ np.sin(turn))) ** 2
    return min(1.0, 2 * term / (len(samples) * energy))


def dominant(pcm: Pcm) -> float | None:
    """The strongest frequency in hertz (to about RATE/len(pcm)); None for silence."""
    if is_silent(pcm):
        return None
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm))))
    return float(np.argmax(spectrum) * RATE / len(pcm))


def resembles(heard: Pcm, prompt: Pcm) -> float:
    """How much some stretch of `heard` is `prompt` played whole: the best normalised cross-correlation, 0..1.

    The prompt passes A-law first, as it did on its way, and up to a tenth of it may be cut at either end (the first RTP
    timestamps of an Asterisk may overlap). Above 0.8 is the prompt; other speech stays below 0.3.
    """
    wanted = transcoded(prompt).astype(np.float64)
    samples = np.pad(heard.astype(np.float64), len(wanted) // 10)
    if len(samples) < len(wanted) or is_silent(prompt):
        return 0.0
    size = 1 << (len(samples) + len(wanted)).bit_length()
    products = np.fft.irfft(np.fft.rfft(samples, size) * np.conj(np.fft.rfft(wanted, size)), size)
    products = products[: len(samples) - len(wanted) + 1]
    energy = np.concatenate(([0.0], np.cumsum(samples * samples)))
    stretch = energy[len(wanted) :] - energy[: -len(wanted)]
    loud = stretch > 0.01 * float(wanted @ wanted)
    if not loud.any():
        return 0.0
    return float(np.max(products[loud] / np.sqrt(stretch[loud] * (wanted @ wanted))).clip(0, 1))


class Sound(Protocol):
    """What a listener waits for: `window` seconds of sound decide, None means all that was heard."""

    @property
    def window(self) -> float | None: ...

    def found_in(self, pcm: Pcm) -> bool: ...


@dataclass(frozen=True)
class Tone:
    """A steady tone that carries most of the energy for `window` seconds."""

    hz: float
    share: float = 0.6
    window: float | None = 0.2

    def found_in(self, pcm: Pcm) -> bool:
        return strength(pcm, self.hz) >= self.share


@dataclass(frozen=True)
class AnySound:
    """Anything but silence."""

    window: float | None = 0.2

    def found_in(self, pcm: Pcm) -> bool:
        return not is_silent(pcm)


@dataclass(frozen=True)
class Silence:
    """Nothing audible for `window` seconds (the packets do come)."""

    window: float | None = 0.5

    def found_in(self, pcm: Pcm) -> bool:
        return is_silent(pcm)


@dataclass(frozen=True, eq=False)
class Prompt:
    """A recorded prompt, played whole at any time of the call so far."""

    pcm: Pcm
    window: float | None = None

    @classmethod
    def of(cls, path: Path | str) -> Prompt:
        """The prompt in a WAV file at 8 kHz."""
        return cls(read_wav(path))

    def found_in(self, pcm: Pcm) -> bool:
        return resembles(pcm, self.pcm) > 0.8

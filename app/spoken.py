"""How long does a prompt take? Read from the files that Asterisk plays, once, when the service starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

WAV_HEADER = 44
BYTES_A_SECOND = 2 * 8000


def spoken_seconds(sounds: Path) -> Callable[[str, str], float]:
    """Seconds of a prompt, by language and id; 0 for one that is missing."""
    lengths = {
        (wav.parent.parent.name, wav.stem): (wav.stat().st_size - WAV_HEADER) / BYTES_A_SECOND
        for wav in sounds.glob("*/al/*.wav")
    }
    return lambda lang, prompt: lengths.get((lang, prompt), 0.0)

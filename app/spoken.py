"""How long does a prompt take? Read from the files that Asterisk plays, at the start and when told to look again."""

from __future__ import annotations

from pathlib import Path

WAV_HEADER = 44
BYTES_A_SECOND = 2 * 8000


class Spoken:
    """Seconds of a prompt, by language and id; 0 for one that is missing."""

    def __init__(self, sounds: Path) -> None:
        self._sounds = sounds
        self.look()

    def look(self) -> None:
        """Read the files anew."""
        self._seconds = {
            (wav.parent.parent.name, wav.stem): (wav.stat().st_size - WAV_HEADER) / BYTES_A_SECOND
            for wav in self._sounds.glob("*/al/*.wav")
        }

    def __call__(self, lang: str, prompt: str) -> float:
        return self._seconds.get((lang, prompt), 0.0)

"""The sample configuration, and copies of it with pieces of its text replaced."""

from __future__ import annotations

from datetime import date
from pathlib import Path

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml"
TODAY = date(2026, 3, 4)
TEXT = SAMPLE.read_text(encoding="utf-8")


def edited(folder: Path, *edits: tuple[str, str]) -> Path:
    """The sample with pieces of text replaced; each must be there exactly once."""
    text = TEXT
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the sample"
        text = text.replace(old, new)
    file = folder / "edited.yaml"
    file.write_text(text, encoding="utf-8")
    return file

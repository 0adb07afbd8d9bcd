"""How do legs become one file? Block by block, so that an hour's talk needs no more memory than a minute's.

These functions block: the pipeline calls them from a worker thread.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soundfile

from recordings.plan import RATE, Leg, Part, Placement, read_name

BLOCK = 30 * RATE
BYTES = 2


def find_legs(folder: Path) -> dict[str, list[Leg]]:
    """Every leg in the folder, by call id; a sample that is half written does not count. Raises OSError."""
    found: dict[str, list[Leg]] = {}
    for entry in os.scandir(folder):
        if (named := read_name(entry.name)) is None:
            continue
        call_id, party, started_at = named
        stat = entry.stat()
        leg = Leg(
            name=entry.name,
            call_id=call_id,
            party=party,
            started_at=started_at,
            samples=stat.st_size // BYTES,
            written_at=datetime.fromtimestamp(stat.st_mtime, UTC),
        )
        found.setdefault(call_id, []).append(leg)
    return found


def join(folder: Path, placement: Placement, target: Path) -> None:
    """Write the recording as FLAC, for its owner only, whole or not at all. Raises OSError, RuntimeError."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with open(part, "w+b", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        with soundfile.SoundFile(file, "w", RATE, channels=2, format="FLAC", subtype="PCM_16") as sound:
            for at in range(0, placement.samples, BLOCK):
                sound.write(_block(folder, placement.parts, at, min(BLOCK, placement.samples - at)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)
    _sync(target.parent)


def remove(folder: Path, names: Sequence[str]) -> None:
    """Remove legs, in this order; one that is gone already is no fault."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _block(folder: Path, parts: Sequence[Part], at: int, size: int) -> np.ndarray:
    """``size`` stereo samples of the recording from sample ``at`` on; parties who speak at once are added, clipped."""
    mixed = np.zeros((size, 2), np.int32)
    for part in parts:
        start, end = max(at, part.at), min(at + size, part.at + part.samples)
        if start < end:
            offset = (part.skip + start - part.at) * BYTES
            said = np.fromfile(folder / part.name, "<i2", count=end - start, offset=offset)
            mixed[start - at : start - at + len(said), part.channel] += said
    return np.clip(mixed, -32768, 32767).astype(np.int16)


def _sync(folder: Path) -> None:
    """A rename is on the disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Legs on the disk become recordings that hold what was said, whenever and how often the pipeline is run."""

from __future__ import annotations

import asyncio
import os
import stat
import time
import tracemalloc
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from calls.call import CallState
from calls.events import CallEnded, EndedBy, RecordingReady
from recordings import pipeline as pipeline_module
from recordings.join import find_legs, join
from recordings.pipeline import RecordingPipeline
from recordings.plan import RATE, plan

CALL = "node1-1772625600.17"
LONG_AGO = 1_772_625_600.0
"""When the calls of these tests began; seconds since 1970."""


def tone(hertz: float, seconds: float, level: int = 8000) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype("<i2")


def strength(sound: np.ndarray, hertz: float) -> float:
    """The amplitude of one frequency; about 8000 where a tone of these tests is, about 0 where it is not."""
    times = np.arange(len(sound)) / RATE
    return float(2 * abs(np.mean(sound * np.exp(-2j * np.pi * hertz * times))))


class House:
    """A folder of legs, a folder of recordings, and what was told of them."""

    def __init__(self, folder: Path) -> None:
        self.legs, self.kept = folder / "legs", folder / "kept"
        self.legs.mkdir()
        self.live: Collection[str] = ()
        self.told: list[RecordingReady] = []
        self.pipeline = self.another_run()

    def another_run(self) -> RecordingPipeline:
        self.pipeline = RecordingPipeline(self.legs, self.kept, lambda: self.live, self.told.append)
        return self.pipeline

    def leg(self, party: str, start: float, sound: np.ndarray, call_id: str = CALL, age: float = 3600) -> Path:
        """A leg that begins ``start`` seconds into the call and was last written to ``age`` seconds ago."""
        path = self.legs / f"{call_id}_{party}_{LONG_AGO + start:.6f}.sln"
        path.write_bytes(sound.tobytes())
        os.utime(path, (time.time() - age,) * 2)
        return path

    def names(self) -> list[str]:
        return sorted(path.name.split("_")[1] for path in self.legs.iterdir())

    def sound(self) -> np.ndarray:
        [ready] = self.told
        sound, rate = soundfile.read(ready.path, dtype="int16")
        assert rate == RATE
        return sound


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(pipeline_module, "KEPT_BY_HISTORY_SECONDS", 0.0)
    return House(tmp_path)


def ended(call_id: str = CALL) -> CallEnded:
    return CallEnded(at=datetime.now(UTC), call_id=call_id, state=CallState.TALK, cause=16, by=EndedBy.CALLER)


async def test_the_caller_stands_left_and_the_agents_right_each_at_their_time(house: House) -> None:
    waiting, talking = tone(300, 2), tone(440, 6)
    house.leg("caller", 0, np.concatenate([waiting, talking]))
    house.leg("anna", 2, tone(1000, 3))
    house.leg("vera", 5.5, tone(1700, 2.5))
    await house.pipeline.sweep()
    sound = house.sound()
    left, right = sound[:, 0], sound[:, 1]
    assert len(sound) == 6 * RATE
    assert strength(left, 440) > 7900
    assert strength(left, 300) < 10  # said while waiting
    assert strength(left, 1000) < 10
    assert strength(right[: 3 * RATE], 1000) > 7900
    assert strength(right[3 * RATE : 3 * RATE + 4000], 1000) < 10
    assert strength(right[-round(2.5 * RATE) :], 1700) > 7900
    assert strength(right, 440) < 10
    assert (house.told[0].seconds, house.told[0].call_id) == (6.0, CALL)


async def test_two_agents_who_speak_at_once_are_both_heard_and_never_wrap_around(house: House) -> None:
    house.leg("anna", 0, tone(1000, 2, level=30_000))
    house.leg("vera", 0, tone(1000, 2, level=30_000))
    await house.pipeline.sweep()
    right = house.sound()[:, 1]
    assert right.max() == 32767
    assert right.min() == -32768
    assert strength(right, 1000) > 30_000


async def test_a_recording_is_its_owners_only_and_has_no_name_of_anybody(house: House) -> None:
    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1))
    await house.pipeline.sweep()
    [ready] = house.told
    assert stat.S_IMODE(os.stat(ready.path).st_mode) == 0o600
    assert "anna" not in ready.path
    assert ready.recording_id in ready.path
    assert [path.suffix for path in house.kept.rglob("*") if path.is_file()] == [".flac"]


async def test_legs_go_when_their_recording_has_been_told_of(house: House) -> None:
    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1))
    await house.pipeline.sweep()
    assert house.names() == ["anna", "caller"]
    await house.pipeline.sweep()
    assert house.names() == []
    assert len(house.told) == 1


async def test_what_a_caller_said_whom_nobody_answered_is_deleted(house: House) -> None:
    house.leg("caller", 0, tone(440, 1))
    await house.pipeline.sweep()
    assert (house.names(), house.told) == ([], [])


async def test_a_call_in_progress_is_left_alone(house: House) -> None:
    house.live = {CALL}
    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1))
    await house.pipeline.sweep()
    assert (house.names(), house.told) == (["anna", "caller"], [])


async def test_legs_that_somebody_still_writes_to_are_left_alone(house: House) -> None:
    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1), age=30)
    await house.pipeline.sweep()
    assert house.told == []
    house.pipeline.observe(ended())
    await house.pipeline.sweep()
    assert len(house.told) == 1


async def test_a_call_that_has_just_ended_is_recorded_when_its_files_are_closed(house: House) -> None:
    house.leg("caller", 0, tone(440, 1), age=0)
    house.leg("anna", 0, tone(1000, 1), age=0)
    run = asyncio.create_task(house.pipeline.run())
    house.pipeline.observe(ended())
    async with asyncio.timeout(10):
        while not house.told or house.names():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    run.cancel()
    assert house.told[0].seconds == 1.0


async def test_a_crash_before_the_recording_was_whole_makes_it_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1))

    def crash(_part: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crashing:
        crashing.setattr(Path, "replace", crash)
        [placement] = plan(find_legs(house.legs)[CALL], None)
        with pytest.raises(KeyboardInterrupt):
            join(house.legs, placement, house.kept / "day" / "x.flac")
    assert not (house.kept / "day" / "x.flac").exists()
    await house.another_run().sweep()
    assert strength(house.sound()[:, 0], 440) > 7900


async def test_a_crash_before_the_legs_were_removed_tells_of_the_same_recording_again(house: House) -> None:
    house.leg("caller", 0, tone(440, 3))
    house.leg("anna", 1, tone(1000, 2))
    vera = house.leg("vera", 2, tone(1700, 1))
    await house.pipeline.sweep()
    before = soundfile.read(house.told[0].path)[0]
    vera.unlink()  # died in the middle of removing
    await house.another_run().sweep()
    first, second = house.told
    assert (first.recording_id, first.path) == (second.recording_id, second.path)
    assert np.array_equal(soundfile.read(second.path)[0], before)
    await house.pipeline.sweep()
    assert house.names() == []


async def test_a_recording_that_could_not_be_told_of_keeps_its_legs(house: House) -> None:
    def refuse(_ready: RecordingReady) -> None:
        raise RuntimeError("the inbox is full")

    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1))
    refused = RecordingPipeline(house.legs, house.kept, lambda: (), refuse)
    await refused.sweep()
    await refused.sweep()
    assert house.names() == ["anna", "caller"]


async def test_no_room_for_the_recording_keeps_its_legs_and_stops_no_other(house: House) -> None:
    other = "node1-1772625600.99"
    house.leg("caller", 0, tone(440, 1))
    house.leg("anna", 0, tone(1000, 1))
    house.leg("boris", 86_400, tone(1000, 1), call_id=other)
    house.kept.mkdir()
    (house.kept / "2026-03-04").write_text("in the way of that day's folder")
    await house.pipeline.sweep()
    await house.pipeline.sweep()
    assert house.names() == ["anna", "caller"]
    assert [ready.call_id for ready in house.told] == [other]


async def test_a_half_written_sample_and_a_strange_file_do_no_harm(house: House) -> None:
    path = house.leg("caller", 0, tone(440, 1))
    path.write_bytes(path.read_bytes() + b"\x01")
    os.utime(path, (0, 0))
    house.leg("anna", 0, tone(1000, 1))
    (house.legs / "notes.txt").write_text("mine")
    await house.pipeline.sweep()
    await house.pipeline.sweep()
    assert len(house.sound()) == RATE
    assert [path.name for path in house.legs.iterdir()] == ["notes.txt"]


async def test_a_long_talk_needs_little_memory(house: House) -> None:
    minutes = 20
    block = tone(440, 60)
    for party in ("caller", "anna"):
        house.leg(party, 0, np.concatenate([block] * minutes))
    tracemalloc.start()
    await house.pipeline.sweep()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert house.told[0].seconds == 60.0 * minutes
    assert peak < 20e6  # the talk as samples: 38 MB for each leg as int32, 19 MB each as it lies on the disk

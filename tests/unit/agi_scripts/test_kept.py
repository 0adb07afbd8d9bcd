"""Who waits for a source that is slow, hangs or fails, and for how long?"""

from __future__ import annotations

import asyncio

import pytest

from agi_scripts.errors import SourceSlow
from agi_scripts.sources import kept
from agi_scripts.sources.kept import MOST_ASKED, STALE, Kept


class Source:
    """Answers when the test lets it; ``asked`` counts, ``seconds`` is the clock."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open: dict[str, asyncio.Future[str]] = {}
        self.was_asked = asyncio.Event()
        self.seconds = 0.0
        self.kept: Kept[str, str] = Kept(self.ask, 60.0, lambda: self.seconds)

    async def ask(self, key: str) -> str:
        self.asked.append(key)
        self.open[key] = asyncio.get_running_loop().create_future()
        self.was_asked.set()
        return await self.open[key]

    async def says(self, key: str, text: str) -> None:
        """The open question is answered, and whoever waits has heard it."""
        task = self.kept._asking[key]
        self.open.pop(key).set_result(text)
        await asyncio.wait([task])


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(kept, "WAIT_SECONDS", 0.05)
    return Source()


async def learnt(source: Source, key: str, text: str) -> None:
    source.was_asked.clear()
    asked = asyncio.create_task(source.kept.get(key))
    await source.was_asked.wait()
    await source.says(key, text)
    assert await asked == text


async def test_what_was_said_lately_is_not_asked_again(source: Source) -> None:
    await learnt(source, "a", "1")
    source.seconds = 59.0
    assert await source.kept.get("a") == "1"
    assert source.asked == ["a"]


async def test_what_is_older_is_the_answer_still_while_it_is_asked_anew(source: Source) -> None:
    await learnt(source, "a", "1")
    source.seconds = 61.0
    assert await source.kept.get("a") == "1"
    await asyncio.sleep(0)
    await source.says("a", "2")
    assert await source.kept.get("a") == "2"
    source.seconds += 60.0 * STALE + 1
    with pytest.raises(TimeoutError):
        await source.kept.get("a")


async def test_many_who_ask_the_same_are_one_question(source: Source) -> None:
    asking = [asyncio.create_task(source.kept.get("a")) for _ in range(50)]
    await source.was_asked.wait()
    await source.says("a", "1")
    assert set(await asyncio.gather(*asking)) == {"1"}
    assert source.asked == ["a"]


async def test_who_waits_for_a_slow_source_waits_once_and_is_known_the_next_time(source: Source) -> None:
    with pytest.raises(TimeoutError):
        await source.kept.get("a")
    for key in ("a", "b"):
        with pytest.raises(SourceSlow):
            await asyncio.wait_for(source.kept.get(key), 0.04)
    await asyncio.sleep(0)
    source.seconds = 5.0
    await source.says("a", "1")
    assert await source.kept.get("a") == "1"
    with pytest.raises(SourceSlow):
        await source.kept.get("c")
    await source.kept.close()


async def test_a_source_that_answers_in_time_again_is_waited_for_again(source: Source) -> None:
    with pytest.raises(TimeoutError):
        await source.kept.get("a")
    source.seconds = 5.0
    await source.says("a", "1")
    with pytest.raises(SourceSlow):
        await source.kept.get("b")
    await asyncio.sleep(0)
    await source.says("b", "2")
    await learnt(source, "c", "3")


async def test_a_source_that_hangs_is_not_asked_without_end(source: Source) -> None:
    for number in range(MOST_ASKED + 10):
        with pytest.raises((SourceSlow, TimeoutError)):
            await source.kept.get(str(number))
    await asyncio.sleep(0)
    assert len(source.asked) == MOST_ASKED
    await source.kept.close()

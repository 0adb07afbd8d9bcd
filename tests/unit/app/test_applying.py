"""What must be so before a configuration comes into force, and what is left of one that is refused?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app import applying, asterisk_files
from app.applying import Applying, Refused
from app.deciding import decide
from app.engine import Engine
from app.errors import AppFault
from app.handlers import HANDLERS
from app.house import furnish
from app.past import at_start
from app.settings import Settings
from app.versions import forget, in_force
from calls.events import Event, ServiceStarted
from config.load import load
from config.model import Configuration
from storage.history import History
from storage.reading import accepted_configurations
from tests.builders import NOON

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml"
TEXT = SAMPLE.read_text(encoding="utf-8")
CHANGED = TEXT.replace("label: Emergency\n", "label: In need\n")


class Unwatched:
    def handled(self, seconds: float) -> None: ...

    def handler_failed(self, event: Event) -> None:
        raise AssertionError(type(event).__name__)


@dataclass
class Instance:
    """A service without an Asterisk; ``read`` are the names of the files that one would have read anew."""

    settings: Settings
    engine: Engine
    history: History
    adopted: list[Configuration] = field(default_factory=list)
    read: list[list[str]] = field(default_factory=list)

    @property
    def applying(self) -> Applying:
        return Applying(self.settings, self.engine, self.history, self.adopt)

    async def adopt(self, found: Configuration) -> None:
        self.adopted.append(found)


@pytest.fixture
async def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Instance]:
    settings = Settings(home=tmp_path, config=SAMPLE)
    sample = load(SAMPLE)
    history = History(settings.database_url, tmp_path / "spool", sample.version)
    await history.start()
    centre = at_start(sample, ServiceStarted(at=NOON, duties=()))
    engine = Engine(centre, HANDLERS, decide, lambda _: None, [], Unwatched())
    one = Instance(settings, engine, history)

    async def reload(_folder: Path, names: list[str]) -> None:
        one.read.append(names)

    monkeypatch.setattr(asterisk_files, "reload", reload)
    monkeypatch.setattr(applying, "unspoken", lambda _: [])
    furnish(settings)
    consumer = asyncio.create_task(engine.run())
    yield one
    consumer.cancel()
    await history.close()


async def test_an_accepted_one_is_in_force_everywhere_and_kept_with_who_and_when(instance: Instance) -> None:
    applied = await instance.applying.apply(CHANGED, "olena")
    assert applied.remarks == ()
    assert instance.engine.centre.configuration.version == applied.version == instance.history.config_version
    assert [found.version for found in instance.adopted] == [applied.version]
    assert load(in_force(instance.settings)).version == applied.version
    assert in_force(instance.settings).stat().st_mode & 0o777 == 0o600
    assert instance.read == [["extensions.conf"]]  # a label is on the phones' displays only
    [kept] = await accepted_configurations(instance.history.writer.engine)
    assert (kept.version, kept.who) == (applied.version, "olena")


async def test_a_refused_one_leaves_the_old_in_force_and_says_where(instance: Instance) -> None:
    broken = CHANGED.replace("default_line: hotline", "default_line: hotlin")
    line = broken[: broken.index("default_line:")].count("\n") + 1
    before = asterisk_files.contents(instance.settings.home / "asterisk/etc")
    with pytest.raises(Refused, match=rf"assistline\.yaml:{line}:\d+: default_line: "):
        await instance.applying.apply(broken, "olena")
    assert instance.engine.centre.configuration.version == load(SAMPLE).version
    assert in_force(instance.settings) == SAMPLE
    assert asterisk_files.contents(instance.settings.home / "asterisk/etc") == before
    assert (instance.read, instance.adopted) == ([], [])
    assert await accepted_configurations(instance.history.writer.engine) == []


async def test_a_phrase_without_sound_is_refused(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "unspoken", lambda _: ["ru/menu-hotline"])
    monkeypatch.setattr(applying, "speak", lambda: None)
    with pytest.raises(Refused, match="ru/menu-hotline"):
        await instance.applying.apply(CHANGED, "olena")


async def test_phrases_that_lack_a_sound_are_spoken_first(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = ["uk/menu-hotline"]
    monkeypatch.setattr(applying, "unspoken", lambda _: list(lacking))
    monkeypatch.setattr(applying, "speak", lacking.clear)
    applied = await instance.applying.apply(CHANGED, "olena")
    assert instance.engine.centre.configuration.version == applied.version


async def test_another_ambulance_number_has_asterisk_read_the_words_over_the_music(instance: Instance) -> None:
    await instance.applying.apply(TEXT.replace('ambulance: "103"', 'ambulance: "112"'), "olena")
    assert instance.read == [["musiconhold.conf", "extensions.conf"]]


async def test_an_asterisk_that_is_away_is_a_remark(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(_folder: Path, _names: list[str]) -> None:
        raise AppFault("Asterisk did not carry it out")

    monkeypatch.setattr(asterisk_files, "reload", away)
    applied = await instance.applying.apply(CHANGED, "olena")
    assert applied.remarks == ("Asterisk did not carry it out",)
    assert instance.engine.centre.configuration.version == applied.version


async def test_the_engine_goes_by_it_though_something_cannot_take_it_over(instance: Instance) -> None:
    async def adopt(found: Configuration) -> None:
        raise OSError("No space left on postgresql://al:secret@host/db")

    desk = Applying(instance.settings, instance.engine, instance.history, adopt)
    applied = await desk.apply(CHANGED, "olena")
    [remark] = applied.remarks
    assert "OSError" in remark and "secret" not in remark
    assert instance.engine.centre.configuration.version == applied.version == load(in_force(instance.settings)).version


async def test_one_that_cannot_be_kept_on_disk_is_undone(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_settings: Settings, _text: str) -> None:
        raise OSError("No space left on device")

    before = asterisk_files.contents(instance.settings.home / "asterisk/etc")
    with monkeypatch.context() as patch, pytest.raises(Refused, match="No space left on device"):
        patch.setattr(applying, "put_in_force", full)
        await instance.applying.apply(CHANGED, "olena")
    assert instance.engine.centre.configuration.version == load(SAMPLE).version
    assert asterisk_files.contents(instance.settings.home / "asterisk/etc") == before
    await instance.applying.apply(CHANGED, "olena")
    assert instance.read == [["extensions.conf"]]  # Asterisk has not missed what it was kept from


async def test_who_gives_up_waiting_leaves_nothing_half_done(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_folder: Path, _names: list[str]) -> None:
        begun.set()
        await go_on.wait()

    monkeypatch.setattr(asterisk_files, "reload", slowly)
    desk = instance.applying
    asked = asyncio.create_task(desk.apply(CHANGED, "olena"))
    await begun.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    go_on.set()
    after = await desk.apply(TEXT, "petro")
    assert [found.version for found in instance.adopted] == [load(SAMPLE, text=CHANGED).version, after.version]


async def test_a_table_that_is_not_there_is_a_remark(instance: Instance) -> None:
    with_table = f"{CHANGED}\nlookups:\n  callers: {{kind: csv, file: no.csv}}\n"
    [remark] = (await instance.applying.apply(with_table, "olena")).remarks
    assert remark.startswith(f"{SAMPLE.parent / 'no.csv'}:1:1: cannot be read")


async def test_going_back_is_another_change_and_the_version_keeps_who_was_first(instance: Instance) -> None:
    first = await instance.applying.apply(CHANGED, "olena")
    old = await instance.applying.apply(TEXT, "petro")
    again = await instance.applying.apply(CHANGED, "petro")
    assert first.version == again.version == instance.engine.centre.configuration.version != old.version
    kept = await accepted_configurations(instance.history.writer.engine)
    assert [(one.version, one.who) for one in kept] == [(first.version, "olena"), (old.version, "petro")]
    forget(instance.settings)
    assert in_force(instance.settings) == SAMPLE


async def test_a_new_agent_has_asterisk_read_phones_queues_and_dialplan(instance: Instance) -> None:
    anna = TEXT.index("agents:")
    head, rest = TEXT[:anna], TEXT[anna:]
    more = rest.replace(
        "agents:\n", "agents:\n  zoya: {name: Zoya, grade: dispatcher, extension: 299, skills: {lang:ru: 5}}\n", 1
    )
    await instance.applying.apply(head + more, "olena")
    assert "zoya" in instance.engine.centre.agents
    assert set(instance.read[0]) >= {"pjsip.conf", "extensions.conf"}

"""Do the stored facts of any centre lead to the same decisions again, and to the same centre?

Everything that the model of the engine does is stored as history stores it, and followed at the end.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings

from app.followed import FOLLOWED, Followed
from app.past import at_start
from app.reconcile import tells_news
from calls.events import Event, ServiceStarted, SnapshotTaken
from storage.codec import StoredEvent, decode, encode, from_line, to_line
from tests.builders import NOON
from tests.unit.app.test_engine_model import AGENTS, CONFIGURATION, RUNS, People

OF_FOUR = replace(CONFIGURATION, agents={name: CONFIGURATION.agents[name] for name in AGENTS})


class Remembered(People):
    """The same people, each fact of whom is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[StoredEvent] = []
        self.engine.add_sink(self.keep)

    def keep(self, event: Event) -> None:
        if type(event) in FOLLOWED and (type(event) is not SnapshotTaken or tells_news(self.centre, event)):
            self.rows.append(from_line(to_line(encode(event, "run", len(self.rows) + 1, "v1"))))

    def teardown(self) -> None:
        events = [event for event in map(decode, self.rows) if event]
        assert len(events) == len(self.rows)
        again = Followed(at_start(OF_FOUR, ServiceStarted(at=NOON, duties=())))
        again.follow(events)
        assert again.differences == []
        assert again.decisions == sum(row.type == "Decided" for row in self.rows)
        assert again.centre.rings == self.centre.rings and again.centre.moves == self.centre.moves
        assert dict(again.centre.agents) == dict(self.centre.agents)
        assert dict(again.centre.calls) == dict(self.centre.calls)
        assert dict(again.centre.floor.waiting) == dict(self.centre.floor.waiting)


TestRemembered = Remembered.TestCase
TestRemembered.settings = settings(RUNS, max_examples=RUNS.max_examples // 2)

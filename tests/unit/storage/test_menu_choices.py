"""How often each way through a menu was taken, on both databases."""

from __future__ import annotations

import asyncio

from calls.events import MenuChosen
from storage import migrate
from storage.codec import encode
from storage.menu_choices import menu_choices
from storage.schema import open_engine
from storage.store import store
from tests.facts import at, started


def chosen(second: float, menu: str, choice: str) -> MenuChosen:
    return MenuChosen(at=at(second), call_id="c", menu=menu, choice=choice)


async def test_choices_are_counted_by_node_since_a_moment(database_url: str) -> None:
    await asyncio.to_thread(migrate, database_url)
    engine = open_engine(database_url)
    told = [
        started(),
        chosen(1, "hotline.topics", "claims"),
        chosen(5, "hotline.topics", "claims"),
        chosen(6, "hotline.topics", "coverage"),
        chosen(7, "kazan.topics", "clinics"),
    ]
    await store(engine, [encode(event, "run", seq, "v1") for seq, event in enumerate(told, 1)])
    assert await menu_choices(engine, at(0)) == {
        ("hotline", "topics", "claims"): 2,
        ("hotline", "topics", "coverage"): 1,
        ("kazan", "topics", "clinics"): 1,
    }
    assert await menu_choices(engine, at(6)) == {
        ("hotline", "topics", "coverage"): 1,
        ("kazan", "topics", "clinics"): 1,
    }
    await engine.dispose()

"""Which promises to ring back are kept in SQL, and until when?"""

from __future__ import annotations

import asyncio

from calls.call import CallState
from calls.events import CallbackAsked, CallbackDone, Event, MenuEnded, VoicemailLeft
from storage import migrate
from storage.codec import encode
from storage.menu_choices import menu_outcomes
from storage.open_callbacks import open_callbacks
from storage.rows import CallbackRow
from storage.schema import open_engine
from storage.store import store
from tests.facts import NOON, at, call_after, ended, queued, rows_after, spooled, started

ASKED = CallbackAsked(at=at(20), call_id="c", queue="general", lang="az", number="+380440000000")
LEFT = VoicemailLeft(at=at(50), call_id="c", recording_id="message.sln")
DONE = CallbackDone(at=at(90), call_id="c", callback_id="c-callback", by="anna", note="tomorrow")


def callbacks_after(*events: Event) -> list[CallbackRow]:
    return [row for row in rows_after(*events) if isinstance(row, CallbackRow)]


def test_a_callback_asked_for_stands_until_somebody_has_rung_back() -> None:
    [row] = callbacks_after(started(), ASKED, ASKED)
    assert (row.callback_id, row.kind, row.line, row.queue, row.lang) == (
        "c-callback", "callback", "hotline", "general", "az",
    )  # fmt: skip
    assert (row.asked_at, row.number, row.done_at) == (at(20), "+380440000000", None)
    assert "380" not in repr(ASKED)
    again = CallbackDone(at=at(99), call_id="c", callback_id="c-callback", by="boris")
    [row] = callbacks_after(started(), ASKED, DONE, again, ASKED)
    assert (row.done_at, row.done_by, row.note) == (at(90), "anna", "tomorrow")


def test_a_message_is_a_promise_too() -> None:
    [row] = callbacks_after(started(), queued(2), LEFT)
    assert (row.callback_id, row.kind, row.number) == ("c-voicemail", "voicemail", "+380441234567")
    assert (row.queue, row.lang, row.recording_id) == ("general", "ru", "message.sln")


def test_a_message_that_was_left_while_the_service_was_away_is_a_promise_once() -> None:
    [row] = callbacks_after(spooled(voicemail="1", number="+380441234567"))
    assert (row.callback_id, row.number, row.line, row.queue) == ("c-voicemail", "+380441234567", "hotline", "general")
    assert callbacks_after(spooled()) == []
    [row] = callbacks_after(started(), LEFT, spooled(voicemail="1"))
    assert row.recording_id == "message.sln"


def test_a_call_tells_how_its_menu_ended_and_not_its_survey() -> None:
    events = [MenuEnded(at=at(9), call_id="c", outcome=outcome) for outcome in ("self-served", "rated")]
    assert call_after(started(), *events).menu_outcome == "self-served"


async def test_promises_and_menus_are_read_back(database_url: str) -> None:
    await asyncio.to_thread(migrate, database_url)
    engine = open_engine(database_url)
    menu = MenuEnded(at=at(9), call_id="c", outcome="callback")
    events: list[Event] = [started(), menu, ASKED, LEFT, ended(60, CallState.ENDED)]
    await store(engine, [encode(event, "r", number, "v") for number, event in enumerate(events, 1)])
    assert [row.callback_id for row in await open_callbacks(engine)] == ["c-callback", "c-voicemail"]
    assert await menu_outcomes(engine, NOON) == {"callback": 1}
    assert await menu_outcomes(engine, at(1)) == {}
    await store(engine, [encode(DONE, "r", 9, "v")])
    assert [row.callback_id for row in await open_callbacks(engine)] == ["c-voicemail"]
    await engine.dispose()


def test_what_was_never_promised_cannot_be_done() -> None:
    assert callbacks_after(DONE) == []

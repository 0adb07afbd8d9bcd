"""What do menus leave behind for the people of the house? Promises to ring back, what callers chose, what it came to.

Handlers for app/handlers, the ports that keep promises and handovers, and what a starting service remembers of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo

import structlog

from agi_scripts.lookups import Lookups, TakesCallbacks
from app.engine import Engine
from app.errors import InboxFull
from app.lookups import MenuSources
from app.promised import Callback, MenuCounts
from app.state import Centre
from calls.callbacks import CallbackKind, callback_id
from calls.commands import Command
from calls.events import CallbackAsked, CallbackDone, CallSpooled, Event, MenuEnded, MenuHandedOver, VoicemailLeft
from ivr.dialogue import Handover, Outcome, TakeCallback
from ivr.secret import Secret
from storage.errors import DatabaseAway
from storage.handovers import open_handovers
from storage.history import History
from storage.menu_choices import menu_outcomes
from storage.open_callbacks import open_callbacks

Results = Iterator[Command | Event]
log = structlog.get_logger()

BEFORE_A_TALK = tuple(outcome for outcome in Outcome if outcome not in (Outcome.RATED, Outcome.UNRATED))
SHOWN_DIGITS = 2
"""Of a typed number that is longer than twice that; of others none."""


def callback_asked(centre: Centre, event: CallbackAsked) -> Results:
    yield from _promised(centre, event, CallbackKind.CALLBACK, event.queue, event.lang)


def message_left(centre: Centre, event: VoicemailLeft) -> Results:
    call = centre.calls.get(event.call_id)
    queue, lang = (call.queue, call.lang) if call else ("", "")
    yield from _promised(centre, event, CallbackKind.VOICEMAIL, queue, lang)


def message_spooled(centre: Centre, event: CallSpooled) -> Results:
    """A message that was left while the service was away."""
    if event.payload.get("voicemail"):
        queue, lang = (str(event.payload.get(name, "")) for name in ("queue", "lang"))
        yield from _promised(centre, event, CallbackKind.VOICEMAIL, queue, lang)


def _promised(
    centre: Centre, event: CallbackAsked | VoicemailLeft | CallSpooled, kind: CallbackKind, queue: str, lang: str
) -> Results:
    name, call = callback_id(event.call_id, kind), centre.calls.get(event.call_id)
    line = call.line if call else ""
    promise = Callback(
        callback_id=name, call_id=event.call_id, kind=kind, queue=queue, line=line, lang=lang, at=event.at
    )
    centre.callbacks.setdefault(name, promise)
    yield from ()


def callback_done(centre: Centre, event: CallbackDone) -> Results:
    centre.callbacks.pop(event.callback_id, None)
    yield from ()


def menu_ended(centre: Centre, event: MenuEnded) -> Results:
    """The survey after the talk says nothing of what the menu before it came to."""
    if event.outcome not in (Outcome.RATED, Outcome.UNRATED):
        centre.menus.add(event.outcome, event.at, centre.configuration.timezone)
    yield from ()


def menu_handed_over(centre: Centre, event: MenuHandedOver) -> Results:
    """It stays until the call ends; that of a call which has ended nobody would ever take away again."""
    if event.call_id in centre.calls:
        centre.handovers[event.call_id] = event
    yield from ()


def handed_over(call_id: str, handover: Handover, at: datetime) -> MenuHandedOver:
    """The fact: what was typed is masked before it is stored or shown anywhere."""
    record = handover.record
    return MenuHandedOver(
        at=at,
        call_id=call_id,
        chosen=handover.chosen,
        typed={name: masked(number) for name, number in handover.typed.items()},
        heard=handover.heard,
        region=record.region,
        lang=record.lang,
        vip=record.vip,
        doctor=record.doctor,
    )


def keeps_promises(engine: Engine, history: History) -> TakesCallbacks:
    """The port that takes callbacks: it returns when the promise is on the disk, or in SQL."""

    async def take(call_id: str, asked: TakeCallback, number: Secret) -> None:
        now = datetime.now(UTC)
        promise = CallbackAsked(at=now, call_id=call_id, queue=asked.queue, lang=asked.lang, number=number.reveal())
        await engine.post_and_tell(promise)
        await history.flushed()

    return take


def ports(sources: MenuSources, engine: Engine, history: History) -> Callable[[], Lookups]:
    """What a menu may ask, as of now."""
    take_callback = keeps_promises(engine, history)

    def hand_over(call_id: str, handover: Handover) -> None:
        with suppress(InboxFull):  # the agent's screen stays empty; the caller goes on all the same
            engine.post(handed_over(call_id, handover, datetime.now(UTC)))

    return lambda: Lookups(
        find_caller=sources.find_caller,
        find_answer=sources.find_answer,
        take_callback=take_callback,
        hand_over=hand_over,
    )


async def recall(centre: Centre, history: History, now: datetime) -> None:
    """Whom to ring back, what the day's menus came to, and left to those who still talk, as history knows it."""
    zone = centre.configuration.timezone
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        promises = await open_callbacks(history.writer.engine)
        outcomes = await menu_outcomes(history.writer.engine, midnight)
        handovers = await open_handovers(history.writer.engine)
    except DatabaseAway:
        log.warning("what menus left behind not read: database away", action="service.without_callbacks")
        return
    centre.handovers.update({handover.call_id: handover for handover in handovers})
    centre.menus.recall(outcomes, now, zone)
    for row in promises:
        centre.callbacks[row.callback_id] = Callback(
            callback_id=row.callback_id,
            call_id=row.call_id,
            kind=CallbackKind(row.kind),
            queue=row.queue,
            line=row.line,
            lang=row.lang,
            at=row.asked_at,
        )


def callback_view(callback: Callback) -> dict[str, object]:
    """As the live view shows it."""
    return {
        "callback_id": callback.callback_id,
        "kind": callback.kind,
        "line": callback.line,
        "queue": callback.queue,
        "lang": callback.lang,
        "at": callback.at.isoformat(),
    }


def menus_view(counts: MenuCounts, now: datetime, zone: tzinfo) -> dict[str, object]:
    """Today's menus: how many ended, and the share that needed no agent (None: there were none)."""
    ended, served = counts.today(now, zone)
    share = round(served / ended, 4) if ended else None
    return {"ended": ended, "self_served": served, "contained_share": share}


def handover_view(handover: MenuHandedOver) -> dict[str, object]:
    """What an agent's screen shows before the talk."""
    return {
        "chosen": [{"node": node, "choice": choice} for node, choice in handover.chosen],
        "typed": handover.typed,
        "heard": list(handover.heard),
        "record": {"region": handover.region, "lang": handover.lang, "vip": handover.vip, "doctor": handover.doctor},
    }


def masked(number: Secret) -> str:
    """Enough to know the number again, and too little to learn it."""
    digits = number.reveal()
    shown = SHOWN_DIGITS if len(digits) > 2 * SHOWN_DIGITS else 0
    return "•" * (len(digits) - shown) + digits[len(digits) - shown :]

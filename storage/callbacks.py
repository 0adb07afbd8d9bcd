"""Which promises to ring back does a fact make or keep? Rows in, changed rows out, for storage/projections."""

from __future__ import annotations

from dataclasses import replace

from calls.callbacks import CallbackKind, callback_id
from calls.events import CallbackAsked, CallbackDone, CallSpooled, VoicemailLeft
from storage.known import Known
from storage.rows import CallbackRow, CallRow, Row


def callback_asked(known: Known, event: CallbackAsked) -> list[Row]:
    """The caller was promised a call; at which number, the event tells."""
    row = _new(known, event.call_id, CallbackKind.CALLBACK, known.calls.get(event.call_id), event)
    return [replace(row, number=event.number, queue=event.queue, lang=event.lang)] if row else []


def message_left(known: Known, event: VoicemailLeft, call: CallRow) -> list[Row]:
    """Whoever left a message is rung back at the number that they called from."""
    row = _new(known, event.call_id, CallbackKind.VOICEMAIL, call, event)
    return [replace(row, recording_id=event.recording_id)] if row else []


def message_spooled(known: Known, event: CallSpooled) -> list[Row]:
    """A message that was left while the service was away."""
    if not event.payload.get("voicemail"):
        return []
    row = _new(known, event.call_id, CallbackKind.VOICEMAIL, known.calls.get(event.call_id), event)
    if row is None:
        return []
    number, line, queue, lang = (str(event.payload.get(name, "")) for name in ("number", "line", "queue", "lang"))
    return [
        replace(
            row, number=row.number or number, line=row.line or line, queue=row.queue or queue, lang=row.lang or lang
        )
    ]


def callback_done(known: Known, event: CallbackDone) -> list[Row]:
    """Somebody has rung back; the first to say so counts."""
    row = known.callbacks.get(event.callback_id)
    if row is None or row.done_at:
        return []
    return [replace(row, done_at=event.at, done_by=event.by, note=event.note)]


def _new(
    known: Known,
    call_id: str,
    kind: CallbackKind,
    call: CallRow | None,
    event: CallbackAsked | VoicemailLeft | CallSpooled,
) -> CallbackRow | None:
    """The row with what is known of the call; None where the promise is known already."""
    name = callback_id(call_id, kind)
    if name in known.callbacks:
        return None
    call = call or CallRow(call_id=call_id, started_at=event.at)
    return CallbackRow(
        callback_id=name,
        call_id=call_id,
        kind=kind,
        asked_at=event.at,
        number=call.number,
        line=call.line,
        queue=call.queue,
        lang=call.lang,
    )

"""A fact comes back from its row as it was, and a row that cannot be read stops nobody."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.call import CallState
from calls.events import CallEnded, CallerQueued, CallSpooled, EndedBy, Event
from storage.codec import EVENT_TYPES, StoredEvent, decode, encode, from_line, to_line

NOW = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
STORED_TYPES = sorted(set(EVENT_TYPES.values()) - {Event}, key=lambda cls: cls.__name__)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
times = st.datetimes(timezones=st.just(UTC))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
st.register_type_strategy(datetime, times)


def events(cls: type[Event]) -> st.SearchStrategy[Event]:
    if cls is CallSpooled:
        return st.builds(CallSpooled, at=times, call_id=texts, payload=st.dictionaries(texts, json_values))
    return st.from_type(cls).map(lambda event: event)


@given(st.sampled_from(STORED_TYPES).flatmap(events))
def test_every_event_comes_back_from_its_row_as_it_was(event: Event) -> None:
    row = encode(event, "run", 7, "v1")
    through_the_spool = from_line(to_line(row))
    assert through_the_spool == row
    if not holds_unstorable_text(event):
        assert decode(row) == event


def holds_unstorable_text(event: Event) -> bool:
    """Numbers and notes, which no repr shows, among it."""
    return any(half in repr(astuple(event)) for half in ("\\x00", "\\ud", "\\udc"))


def a_queued_caller() -> CallerQueued:
    return CallerQueued(
        at=NOW,
        call_id="node1-1.1",
        node="node1",
        channel="PJSIP/trunk-1",
        line="hotline",
        queue="general",
        lang="ru",
        needs=(("desk:approvals", 1), ("lang:ru", 3)),
        queued_at=NOW - timedelta(microseconds=1),
    )


def test_what_identifies_stands_in_columns_and_the_rest_in_the_payload() -> None:
    row = encode(CallEnded(at=NOW, call_id="c", state=CallState.TALK, cause=16, by=EndedBy.CALLER), "run", 1, "v1")
    assert (row.type, row.call_id, row.agent_id, row.at) == ("CallEnded", "c", None, NOW)
    assert row.payload == {"state": "talk", "cause": 16, "by": "caller"}


def test_needs_and_microseconds_survive() -> None:
    assert decode(from_line(to_line(encode(a_queued_caller(), "run", 1, "")))) == a_queued_caller()


def test_a_type_that_this_version_does_not_know_is_a_row_all_the_same() -> None:
    row = replace(encode(a_queued_caller(), "run", 1, ""), type="CallerSang")
    assert from_line(to_line(row)) == row
    assert decode(row) is None


@pytest.mark.parametrize(
    "payload",
    [
        {},  # fields of today that yesterday did not write
        {"state": "dreaming", "cause": 16, "by": "caller"},
        {"state": "talk", "cause": 16, "by": None},
    ],
)
def test_a_row_whose_fields_do_not_fit_is_passed_over(payload: dict[str, object]) -> None:
    row = StoredEvent(
        run_id="r", seq=1, at=NOW, call_id="c", agent_id=None, type="CallEnded", payload=payload, config_version=""
    )
    assert decode(row) is None


def test_a_field_added_since_takes_its_default_and_one_dropped_since_is_ignored() -> None:
    row = encode(a_queued_caller(), "run", 1, "")
    payload = {name: value for name, value in row.payload.items() if name != "caller"} | {"shoe_size": 43}
    assert decode(replace(row, payload=payload)) == a_queued_caller()


def test_text_that_no_database_takes_is_mended() -> None:
    row = encode(replace(a_queued_caller(), number="\0+380\ud800"), "run", 1, "")
    assert row.payload["number"] == "\N{REPLACEMENT CHARACTER}+380?"


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"null", b'{"run_id": "r"}', b'{"at": 5}', b"\xff\xfe\n"])
def test_a_line_that_is_no_row_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(ValueError):
        from_line(line)

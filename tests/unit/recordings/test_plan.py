"""Each leg stands in the recording where it was said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.errors import BadLegs
from recordings.plan import LEFT, RATE, RIGHT, Leg, Placement, plan, read_name

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CALL = "node1-1772625600.17"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def leg(party: str, start: float, seconds: float, written: float | None = None) -> Leg:
    """A leg that begins so many seconds after noon; complete against the clock unless ``written`` says otherwise."""
    started = at(start)
    return Leg(
        name=f"{CALL}_{party}_{started.timestamp():.6f}.sln",
        call_id=CALL,
        party=party,
        started_at=started,
        samples=round(seconds * RATE),
        written_at=at(start + seconds if written is None else written),
    )


def talk(*legs: Leg, ended_at: datetime | None = None) -> Placement:
    [placement] = plan(legs, ended_at)
    return placement


def placed(placement: Placement) -> list[tuple[str, int, float, float, float]]:
    """Party, channel, position, seconds left out, seconds."""
    return [
        (part.name.split("_")[1], part.channel, part.at / RATE, part.skip / RATE, part.samples / RATE)
        for part in placement.parts
    ]


def test_what_the_caller_said_while_waiting_is_not_kept() -> None:
    placement = talk(leg("caller", 0, 60), leg("anna", 20, 40))
    assert placed(placement) == [("caller", LEFT, 0.0, 20.0, 40.0), ("anna", RIGHT, 0.0, 0.0, 40.0)]
    assert (placement.seconds, placement.started_at, placement.call_id) == (40.0, at(20), CALL)


def test_every_agent_stands_right_at_their_own_time() -> None:
    placement = talk(leg("caller", 0, 100), leg("vera", 70, 30), leg("anna", 20, 30))
    assert placed(placement) == [
        ("caller", LEFT, 0.0, 20.0, 80.0),
        ("vera", RIGHT, 50.0, 0.0, 30.0),
        ("anna", RIGHT, 0.0, 0.0, 30.0),
    ]


def test_a_caller_whose_recording_begins_later_is_not_moved_forward() -> None:
    assert placed(talk(leg("anna", 0, 10), leg("caller", 0.25, 9.75)))[1] == ("caller", LEFT, 0.25, 0.0, 9.75)


def test_a_call_that_nobody_answered_has_no_recording() -> None:
    assert plan([leg("caller", 0, 60)], at(60)) == []


def test_a_talk_in_which_not_a_sample_came_has_no_recording() -> None:
    assert plan([leg("caller", 0, 0), leg("anna", 1, 0)], at(2)) == []


def test_an_agent_of_whom_nothing_was_heard_leaves_a_silent_side() -> None:
    assert placed(talk(leg("caller", 0, 60), leg("anna", 20, 0))) == [("caller", LEFT, 0.0, 20.0, 40.0)]


def test_a_message_is_a_recording_by_itself() -> None:
    message = leg("voicemail", 50, 12)
    [placement] = plan([leg("caller", 0, 60), message], at(62))
    assert placed(placement) == [("voicemail", LEFT, 0.0, 0.0, 12.0)]
    assert placement.legs == (message.name,)
    both = plan([leg("caller", 0, 60), leg("anna", 10, 10), message], at(62))
    assert [placement.seconds for placement in both] == [50.0, 12.0]
    assert len({placement.recording_id for placement in both}) == 2


@pytest.mark.parametrize(
    ("legs", "ended_at", "short_by"),
    [
        ([leg("caller", 0, 60), leg("anna", 20, 40)], at(60), 0.0),
        ([leg("caller", 0, 35, written=35), leg("anna", 20, 40)], at(60), 25.0),  # the disk was full from 35 s on
        ([leg("caller", 0, 60), leg("anna", 20, 28, written=60)], at(60), 12.0),  # sound was dropped on the way
        ([leg("caller", 0, 35, written=35), leg("anna", 20, 40)], None, 0.0),  # nobody knows when the call ended
        ([leg("caller", 0, 60), leg("anna", 20, 10, written=30)], at(60), 0.0),  # the first of two agents
        ([leg("caller", 0, 30), leg("caller", 35, 25), leg("anna", 20, 40)], at(60), 0.0),  # it began anew
    ],
)
def test_what_is_missing_against_the_clock_is_told(legs: list[Leg], ended_at: datetime | None, short_by: float) -> None:
    assert talk(*legs, ended_at=ended_at).short_by == short_by


def test_the_same_legs_make_the_same_recording_as_long_as_the_leg_that_names_it_is_there() -> None:
    whole = talk(leg("caller", 0, 60), leg("anna", 20, 30), leg("vera", 50, 10))
    removed_first = whole.legs[:-1]
    assert [name.split("_")[1] for name in removed_first] == ["caller", "vera"]
    assert talk(leg("anna", 20, 30)).recording_id == whole.recording_id
    assert talk(leg("caller", 0, 60), leg("anna", 21, 30)).recording_id != whole.recording_id


def test_start_times_that_cannot_be_right_are_refused() -> None:
    with pytest.raises(BadLegs):
        plan([leg("caller", 0, 60), leg("anna", 86_400, 40), leg("vera", 0, 1)], None)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("node1-1772625600.17_caller_1772625600.000001.sln", ("node1-1772625600.17", "caller", at(0.000001))),
        ("1772625600.17_last_resort_general_1772625601.500000.sln", ("1772625600.17", "last_resort_general", at(1.5))),
        ("node1-1772625600.17_a1_1772625600.000000.sln", ("node1-1772625600.17", "a1", at(0))),
        ("node1-1772625600.17_caller_1772625600.000001.wav", None),
        ("node1-1772625600.17_caller_1772625600.sln", None),
        ("../node1-1772625600.17_caller_1772625600.000001.sln", None),
        ("node1-1772625600.17__1772625600.000001.sln", None),
        ("notes.txt", None),
    ],
)
def test_a_legs_name_tells_call_party_and_time(name: str, read: tuple[str, str, datetime] | None) -> None:
    assert read_name(name) == read


legs_of_a_talk = st.lists(
    st.builds(
        leg,
        st.sampled_from(["caller", "anna", "vera"]),
        st.floats(0, 100).map(lambda start: round(start, 6)),
        st.integers(0, 50).map(float),
    ),
    max_size=6,
    unique_by=lambda one: one.name,
)


@given(legs_of_a_talk)
def test_no_sample_is_invented_and_none_after_the_first_answer_is_left_out(legs: list[Leg]) -> None:
    for placement in plan(legs, None):
        by_name = {one.name: one for one in legs}
        assert set(placement.legs) == set(by_name)
        for part in placement.parts:
            said = by_name[part.name]
            assert part.skip + part.samples == said.samples
            position = placement.started_at + timedelta(seconds=(part.at - part.skip) / RATE)
            assert abs(position - said.started_at) <= timedelta(seconds=1 / RATE)
            assert part.at + part.samples <= placement.samples

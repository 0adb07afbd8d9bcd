"""Do needs survive the way through a channel variable, and is nonsense refused?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.errors import BadNeeds
from calls.needs import format_needs, needs, parse_needs, together

SKILLS = st.from_regex(r"(lang|desk|region|grade):[a-z0-9_-]{1,12}", fullmatch=True)
LEVELS = st.dictionaries(SKILLS, st.integers(1, 10), max_size=6)


@given(LEVELS)
def test_what_is_written_is_read_back(levels: dict[str, int]) -> None:
    asked = needs(levels)
    assert parse_needs(format_needs(asked)) == asked


@given(LEVELS, LEVELS)
def test_together_asks_the_highest_level_of_each(one: dict[str, int], other: dict[str, int]) -> None:
    both = dict(together(needs(one), needs(other)))
    assert both == {skill: max(one.get(skill, 0), other.get(skill, 0)) for skill in one.keys() | other.keys()}
    assert together(needs(one), needs(other)) == together(needs(other), needs(one))


def test_no_needs_mean_anybody() -> None:
    assert parse_needs("") == () == needs({})


@pytest.mark.parametrize(
    "text",
    ["lang:ru", "lang:ru=", "lang:ru=0", "lang:ru=11", "lang:ru=-1", "lang:ru=3.5", "ru=3", "Lang:ru=3", "lang:=1",
     "lang:ru=٣", "lang:ru=3,desk:x=1", "lang:ru=3&desk", "lang:ru=3\r\n", f"lang:ru={'9' * 5000}"],
)  # fmt: skip
def test_what_is_no_need_is_refused(text: str) -> None:
    with pytest.raises(BadNeeds):
        parse_needs(text)

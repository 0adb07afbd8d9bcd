"""Does any file at all end in faults with places, never in a traceback?"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.load import check
from config.located import read

SAMPLE = Path(__file__).parents[3] / "config" / "sample" / "assistline.yaml"
VALUES = read(SAMPLE).values
MANY = 3000 if os.environ.get("AL_LONG") == "1" else 100


def ways(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every way into the sample."""
    if way:
        yield way
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield from ways(item, (*way, key))


SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=12)
WORDS = st.sampled_from(["ru", "grade:doctor", "queue", "hotline", "101", "0", "mon-fri", "anna", "lang:ru"])
NONSENSE = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.timeout(1800)
@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(way=st.sampled_from(list(ways(VALUES))), value=NONSENSE)
def test_nonsense_anywhere_is_told_with_a_place(tmp_path: Path, way: tuple[Any, ...], value: Any) -> None:
    whole = copy.deepcopy(VALUES)
    place = whole
    for key in way[:-1]:
        place = place[key]
    place[way[-1]] = value
    file = tmp_path / "nonsense.yaml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    lines = len(file.read_text(encoding="utf-8").splitlines())
    for fault in check(file, date(2026, 3, 4)):
        assert 1 <= fault.line <= lines
        assert fault.reason


@pytest.mark.timeout(1800)
@settings(max_examples=MANY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_at_all_are_told_as_faults(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "bytes.yaml"
    file.write_bytes(text)
    assert check(file, date(2026, 3, 4))

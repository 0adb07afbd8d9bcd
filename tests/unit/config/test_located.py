"""Is YAML read as an administrator means it, with the place of everything that is wrong?"""

from __future__ import annotations

from pathlib import Path

import pytest

from config.located import read


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "some.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+447700900123", "+447700900123"),
        ("0101", "0101"),
        ("101", 101),
        ("-5", -5),
        ("0.8", 0.8),
        ("09:00", "09:00"),
        ("12:30", "12:30"),
        ("no", "no"),
        ("off", "off"),
        ("true", True),
        ("~", None),
        ("", None),
        ('"101"', "101"),
        ("2026-03-08", "2026-03-08"),
        ("1e3", "1e3"),
    ],
)
def test_a_scalar_means_what_it_says(tmp_path: Path, text: str, value: object) -> None:
    found = read(written(tmp_path, f"key: {text}\n"))
    assert found.values == {"key": value}
    assert not found.faults


def test_keys_are_text(tmp_path: Path) -> None:
    assert read(written(tmp_path, "{1: a, true: b, lang:ru: c}")).values == {"1": "a", "true": "b", "lang:ru": "c"}


def test_a_key_that_stands_twice_is_told_where_it_stands_the_second_time(tmp_path: Path) -> None:
    found = read(written(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\n"))
    assert [str(fault) for fault in found.faults] == [
        f"{found.file}:4:3: b.c: stands here a second time (first in line 3): keep one"
    ]
    assert found.values == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: [1, 2\nb: 3\n", 2, 2, "is not YAML"),
        ("a: 1\n\tb: 2\n", 2, 1, "is not YAML"),
        ("a: 'x\n", 2, 1, "is not YAML"),
        ("- a\n- b\n", 1, 1, "must be a mapping"),
        ("", 1, 1, "must be a mapping"),
        ("a: *b\n", 1, 4, "undefined alias"),
        ("a: &x {b: 1}\nc: *x\n", 2, 1, "alias"),
        ("a: &x [*x]\n", 1, 4, "alias"),
        ("a: " + "[" * 3000 + "]" * 3000, 1, 1, "nested more deeply"),
        (b"a: \xff\n", 1, 1, "is not UTF-8"),
        ("a: \x07\n", 1, 1, "forbids"),
    ],
)
def test_what_cannot_be_read_is_one_fault_with_its_place(
    tmp_path: Path, text: str | bytes, line: int, column: int, says: str
) -> None:
    (fault,) = read(written(tmp_path, text)).faults
    assert says in fault.reason
    assert (fault.line, fault.column) == (line, column)


def test_a_file_that_is_not_there_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    (fault,) = read(tmp_path / "nowhere.yaml").faults
    assert "cannot be read" in fault.reason

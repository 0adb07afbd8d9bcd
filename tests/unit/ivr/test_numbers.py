"""Does a typing error show in the check digit?"""

from __future__ import annotations

import pytest

from ivr.numbers import CHECKS, PATTERNS, is_right, matches

RIGHT = [
    ("luhn", "79927398713"),
    ("luhn", "4539148803436467"),
    ("luhn", "0"),
    ("mod-11", "1027700132195"),  # the OGRN of a bank
    ("mod-11", "1037739010891"),
    ("mod-7", "11"),
    ("mod-97", "1003"),
]


@pytest.mark.parametrize(("check", "number"), RIGHT)
def test_a_right_number_passes_and_one_digit_wrong_does_not(check: str, number: str) -> None:
    assert CHECKS.fullmatch(check)
    assert is_right(check, number)
    last = str((int(number[-1]) + 1) % 10)
    assert not is_right(check, number[:-1] + last)


@pytest.mark.parametrize("place", range(11))
def test_luhn_finds_every_single_wrong_digit(place: int) -> None:
    right = "79927398713"
    for digit in set("0123456789") - {right[place]}:
        assert not is_right("luhn", right[:place] + digit + right[place + 1 :])


@pytest.mark.parametrize("name", ["mod-1", "mod-0", "mod-100", "luhn2", "mod-", "mod-011"])
def test_other_names_are_none(name: str) -> None:
    assert not CHECKS.fullmatch(name)


@pytest.mark.parametrize(
    ("pattern", "number", "right"),
    [
        ("7XXX", "7123", True),
        ("7XXX", "8123", False),
        ("7XXX", "712", False),
        ("7XXX", "71234", False),
        ("16X.", "1601", True),
        ("16X.", "160", False),
        ("XX", "00", True),
    ],
)
def test_a_number_is_of_a_pattern_as_in_the_dialplan(pattern: str, number: str, right: bool) -> None:
    assert PATTERNS.fullmatch(pattern)
    assert matches(pattern, number) is right


@pytest.mark.parametrize("pattern", ["", ".", "7x", "7.1", "[0-9]", "7 1"])
def test_other_patterns_are_none(pattern: str) -> None:
    assert not PATTERNS.fullmatch(pattern)

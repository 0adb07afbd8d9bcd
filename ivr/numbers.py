"""Is what was typed the number that a menu asked for? Its length, its pattern, and its check digit by name.

A pattern is as in Asterisk's dialplan: digits, X for any digit, and a dot at its end for one or more digits.
``luhn``: ISO/IEC 7812-1 annex B, as on payment and insurance cards. ``mod-N``: the number without its last digit, taken
modulo N, ends in the last digit; ``mod-11`` is that of Russian state registration numbers (OGRN).
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ivr.menu import GatherNode, Node, PinNode

CHECKS = re.compile(r"luhn|mod-([2-9]|[1-9][0-9])")
"""The names of check digits that there are."""

PATTERNS = re.compile(r"[0-9X]+\.?")


def fits(node: GatherNode | PinNode, typed: str) -> bool:
    """Whether the node takes this for what it asks for."""
    if not (re.fullmatch("[0-9]+", typed) and node.shortest <= len(typed) <= node.longest):
        return False
    if isinstance(node, PinNode):
        return True
    matched = node.pattern is None or matches(node.pattern, typed)
    return matched and (node.check is None or is_right(node.check, typed))


def meant(node: Node, typed: str, keys: Collection[str]) -> str:
    """What was typed; one of these keys pressed again and again is that key, unless it makes the number asked for.

    Who is frightened presses 9 until somebody answers, and a node that asks for a number takes many digits at once.
    """
    again = len(set(typed)) == 1 and typed[0] in keys
    if again and not (isinstance(node, GatherNode | PinNode) and fits(node, typed)):
        return typed[0]
    return typed


def matches(pattern: str, digits: str) -> bool:
    """Whether the whole number is of this pattern, which is one of PATTERNS."""
    fixed = pattern.removesuffix(".")
    long_enough = len(digits) > len(fixed) if pattern.endswith(".") else len(digits) == len(fixed)
    return long_enough and all(wanted in ("X", digit) for wanted, digit in zip(fixed, digits, strict=False))


def is_right(check: str, digits: str) -> bool:
    """Whether ``digits`` (one at least, 0-9 only) end in the right check digit; ``check`` is one of CHECKS."""
    if check == "luhn":
        return _luhn(digits) % 10 == 0
    modulus = int(check.removeprefix("mod-"))
    return int(digits[:-1] or "0") % modulus % 10 == int(digits[-1])


def _luhn(digits: str) -> int:
    """Every second digit from the right doubled, and the digits of all these summed."""
    doubled = (str(int(digit) * (1 + place % 2)) for place, digit in enumerate(reversed(digits)))
    return sum(int(digit) for digit in "".join(doubled))

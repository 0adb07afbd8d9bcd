"""Is this raw value one of that type? The value, or faults at their places with what to do."""

from __future__ import annotations

import difflib
import functools
from dataclasses import fields
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from calls.errors import BadNeeds
from calls.needs import needs
from config.located import Located, Way

PLAIN_WORDS = {
    "a valid tuple": "a list: [one, two]",
    "a valid dictionary": "a mapping: {key: value}",
    "a valid string": "text",
}
"""What our reader of types says, in the words of whoever writes the file."""
SECRET = ("name", "number", "numbers", "mobile", "caller_number", "pin_hash", "url")


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """For a list of one, since a standard dataclass alone takes no configuration from outside."""
    return TypeAdapter(list[kind], config=ConfigDict(extra="forbid", coerce_numbers_to_str=True))


def validated(kind: Any, raw: Any, way: Way, located: Located) -> Any:
    """The value, or None after its faults have been noted."""
    try:
        return _adapter(kind).validate_python([raw])[0]
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False):
            loc = tuple(error["loc"][1:])
            located.fault((*way, *loc), _reason(kind, dict(error), loc))
        return None


def _reason(kind: Any, error: dict[str, Any], loc: Way) -> str:
    """What is wrong and what to do; never a person's name, number or PIN."""
    given = error["input"]
    match error["type"]:
        case "missing":
            return "is missing: add it"
        case "unexpected_keyword_argument":
            known = [field.name for field in fields(kind)] if len(loc) == 1 else []
            return f"is not known here: take it out{instead(str(loc[-1]), known)}"
        case "dataclass_type":
            return "must be a mapping of fields to values"
    wanted = str(error["msg"]).replace("Input should be", "must be").removeprefix("Value error, ")
    for pythonic, plain in PLAIN_WORDS.items():
        wanted = wanted.replace(pythonic, plain)
    shown = isinstance(given, str | int | float) and not any(part in SECRET for part in loc)
    return f"{wanted} (is {given!r})" if shown else wanted


def instead(given: str, known: Any) -> str:
    """What may have been meant, of what is known; empty if nothing is near."""
    near = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def levels(located: Located, raw: Any, way: Way) -> tuple[tuple[str, int], ...]:
    """Skills with levels, sorted; each that is malformed becomes a fault and is left out."""
    if not isinstance(raw, dict):
        located.fault(way, "must be a mapping of skills to levels, as {lang:ru: 3}")
        return ()
    found = {}
    for skill, level in raw.items():
        try:
            if not isinstance(level, int):
                raise BadNeeds(f"level {level!r} is no whole number from 1 to 10")
            needs({skill: level})
            found[skill] = level
        except BadNeeds as wrong:
            located.fault((*way, skill), str(wrong))
    return needs(found)

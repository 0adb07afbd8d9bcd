"""Is what a source says of a caller a record, and of a question an answer? Plain values become those of the machine.

Every source speaks in the same names: ``region``, ``language``, ``vip`` and ``doctor`` of a caller, and whatever else
it names are numbers that the caller need not type any more (``policy``, ``clinic``); ``answer`` and ``digits`` of an
answer. What is not well formed goes no further: all of it ends in the dialplan or is said digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from agi_scripts.errors import BadAnswer
from config.sources import BY_NUMBER, NAME, OF_A_RECORD
from ivr.dialogue import NOTHING, CallerRecord
from ivr.secret import Secret

LANGUAGE = re.compile(r"[a-z]{2,3}")
DIGITS = re.compile(r"[0-9]{1,32}")
TRUTH: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("", "no", "false", "0"), False),
    **dict.fromkeys(("yes", "true", "1"), True),
}


def asked_for(field: str, typed: Secret, number: Secret) -> tuple[str, str] | None:
    """By what the caller is looked up, and the value; None where there is none, and so nobody to be found."""
    value = (typed if field else number).reveal()
    return (field or BY_NUMBER, value) if value else None


def record_of(told: Mapping[str, object]) -> CallerRecord:
    """The record; raises BadAnswer, which names the field and not what stands in it."""
    values = {name: _text(value) for name, value in told.items()}
    _matched(values, "region", NAME)
    _matched(values, "doctor", NAME)
    _matched(values, "language", LANGUAGE)
    vip = TRUTH.get(values.get("vip", "").lower())
    if vip is None:
        raise BadAnswer("vip is neither yes nor no")
    fields = [name for name in values if name not in (*OF_A_RECORD, BY_NUMBER) and values[name]]
    for name in fields:
        if not NAME.fullmatch(name):
            raise BadAnswer("a field has a name that is none")
        _matched(values, name, DIGITS)
    return CallerRecord(
        region=values.get("region", ""),
        lang=values.get("language", ""),
        vip=vip,
        doctor=values.get("doctor", ""),
        numbers={name: Secret(values[name]) for name in fields},
    )


def answer_of(told: Mapping[str, object]) -> tuple[str, Secret]:
    """The answer's name in the menu, and the digits to say with it; raises BadAnswer."""
    values = {name: _text(told.get(name)) for name in ("answer", "digits")}
    _matched(values, "answer", NAME)
    _matched(values, "digits", DIGITS)
    if not values["answer"]:
        raise BadAnswer("answer is missing")
    return values["answer"], Secret(values["digits"]) if values["digits"] else NOTHING


def _matched(values: Mapping[str, str], name: str, form: re.Pattern[str]) -> None:
    if (value := values.get(name, "")) and not form.fullmatch(value):
        raise BadAnswer(f"{name} is not as it should be")


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()

"""Which recorded pieces say this value in this language? Numbers, minutes, times of day, dates, a place in the queue.

A piece is the id of a prompt; their texts stand in prompts/numbers/LANGUAGE.yaml. Plural forms are those of Unicode's
CLDR for whole numbers ("one", "few", "many", "other"). In Russian and Ukrainian one and two agree with a feminine noun;
in Azerbaijani a thousand is said without "one"; in English "and" stands before the last two digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Final

from ivr.errors import Unspeakable

Pieces = tuple[str, ...]

LARGEST: Final = 999_999
"""The largest number that can be said."""

LONGEST_WAIT: Final = 60
"""Minutes of the longest wait that is said as a number."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """What differs from language to language in saying a number; ``plurals`` are the categories of whole numbers."""

    plurals: Pieces
    feminine: bool = False
    one_thousand: bool = True
    with_and: bool = False


GRAMMARS: Final = {
    "ru": Grammar(("one", "few", "many"), feminine=True),
    "uk": Grammar(("one", "few", "many"), feminine=True),
    "az": Grammar(("one", "other"), one_thousand=False),
    "en": Grammar(("one", "other"), with_and=True),
}
"""The languages in which values can be said."""


def plural(lang: str, count: int) -> str:
    """The CLDR category of a whole number (CLDR 44, "Language Plural Rules")."""
    if "few" not in GRAMMARS[lang].plurals:
        return "one" if count == 1 else "other"
    last, last_two = count % 10, count % 100
    if last == 1 and last_two != 11:
        return "one"
    return "few" if 2 <= last <= 4 and not 12 <= last_two <= 14 else "many"


def number(lang: str, value: int, *, feminine: bool = False) -> Pieces:
    """A number from 0 to LARGEST; ``feminine`` is the gender of what is counted. Unspeakable beyond."""
    if lang not in GRAMMARS or not 0 <= value <= LARGEST:
        raise Unspeakable(f"no words for {value} in {lang!r}")
    return tuple(_number(lang, value, feminine)) if value else ("num-0",)


def _number(lang: str, value: int, feminine: bool) -> Iterator[str]:
    grammar, (thousands, rest) = GRAMMARS[lang], divmod(value, 1000)
    if thousands:
        if thousands > 1 or grammar.one_thousand:
            yield from _number(lang, thousands, feminine=True)
        yield f"thousand-{plural(lang, thousands)}"
    hundreds, below = divmod(rest, 100)
    if hundreds:
        yield f"num-{hundreds * 100}"
    if below and grammar.with_and and value > 100:
        yield "num-and"
    if below >= 20:
        yield f"num-{below // 10 * 10}"
        below %= 10
    if below:
        yield f"num-{below}-f" if feminine and grammar.feminine and below in (1, 2) else f"num-{below}"


def minutes(lang: str, count: int) -> Pieces:
    """So many minutes."""
    return (*number(lang, count, feminine=True), f"minute-{plural(lang, count)}")


def place(lang: str, position: int) -> Pieces:
    """A place in the queue; 1 is the next to be served."""
    return ("position-next",) if position == 1 else ("position-is", *number(lang, position))


def wait(lang: str, expected: int) -> Pieces:
    """An expected wait in whole minutes."""
    return ("wait-over-an-hour",) if expected > LONGEST_WAIT else ("wait-is", *minutes(lang, expected))


def time_of_day(lang: str, at: time) -> Pieces:
    """Hours and minutes; in English by the twelve-hour clock."""
    if lang == "en":
        return _english_time(at)
    return (f"hour-{at.hour}", *(minutes(lang, at.minute) if at.minute else ()))


def _english_time(at: time) -> Pieces:
    if not at.minute and at.hour % 12 == 0:
        return ("noon" if at.hour else "midnight",)
    past = number("en", at.minute) if at.minute else ()
    if 0 < at.minute < 10:
        past = ("oh", *past)
    return (*number("en", at.hour % 12 or 12), *past, "am" if at.hour < 12 else "pm")


def day(lang: str, on: date) -> Pieces:
    """A day of this year: day of the week, day, month."""
    if lang not in GRAMMARS:
        raise Unspeakable(f"no words for a day in {lang!r}")
    return (f"weekday-{on.isoweekday()}", f"day-{on.day}", f"month-{on.month}")


def opening(lang: str, at: datetime) -> Pieces:
    """When a line opens again, at this wall-clock time."""
    return ("opens-again", *day(lang, at.date()), *time_of_day(lang, at.time()))


@cache
def pieces(lang: str) -> frozenset[str]:
    """Every piece that this module can ask for in this language."""
    numbers = [number(lang, value, feminine=feminine) for value in range(1000) for feminine in (False, True)]
    numbers += [number(lang, value) for value in range(1000, 21000, 1000)]
    counted = [minutes(lang, count) for count in range(LONGEST_WAIT + 1)]
    queued = [*map(partial(place, lang), (1, 2)), *map(partial(wait, lang), (1, LONGEST_WAIT + 1))]
    times = [time_of_day(lang, time(hour, minute)) for hour in range(24) for minute in range(60)]
    days = [day(lang, date(2024, 1, 1) + timedelta(days=passed)) for passed in range(366)]
    days.append(opening(lang, datetime(2024, 1, 1, tzinfo=UTC)))
    return frozenset(piece for said in (*numbers, *counted, *queued, *times, *days) for piece in said)

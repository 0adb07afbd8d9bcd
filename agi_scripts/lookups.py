"""Whom may a menu ask about a caller, and what if nobody answers? Ports, and the law that none holds the caller.

A port that is not there, fails or takes longer than LOOKUP_SECONDS answers as the machine expects it: with FAILED or
TIMEOUT, or a promise that was not kept. Of a failure that is not ours only its name is logged, since its message may
quote what was typed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import structlog

from agi_scripts.errors import AgiFault
from ivr.dialogue import (
    AnswerFound,
    CallbackTaken,
    CallerFound,
    CallerRecord,
    FindAnswer,
    FindCaller,
    Found,
    Handover,
    TakeCallback,
)
from ivr.secret import Secret

LOOKUP_SECONDS: Final = 2.0
"""How long a caller hears nothing for a lookup: well below the guard's slack (`agi_scripts.channel`)."""

T = TypeVar("T")
log = structlog.get_logger()


class FindsCallers(Protocol):
    """The record of the caller who typed this number into ``field``, or calls from ``number``; None if unknown."""

    def __call__(self, field: str, typed: Secret, number: Secret) -> Awaitable[CallerRecord | None]: ...


class FindsAnswers(Protocol):
    """The name of the answer to ``about``, and digits to say with it; None if there is none for this caller."""

    def __call__(
        self, about: str, region: str, typed: Mapping[str, Secret]
    ) -> Awaitable[tuple[str, Secret] | None]: ...


class TakesCallbacks(Protocol):
    """Returns when the promise is kept where a crash cannot lose it; raises if it is not."""

    def __call__(self, call_id: str, asked: TakeCallback, number: Secret) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """The ports that there are. ``hand_over`` gets what the caller chose, typed and heard, and must not block."""

    find_caller: FindsCallers | None = None
    find_answer: FindsAnswers | None = None
    take_callback: TakesCallbacks | None = None
    hand_over: Callable[[str, Handover], None] | None = None


NONE = Lookups()
"""Nobody to ask: whatever is looked up has failed."""


async def caller_found(lookups: Lookups, call_id: str, asked: FindCaller, number: Secret) -> CallerFound:
    """Who is this?"""
    if lookups.find_caller is None:
        return CallerFound(Found.FAILED)
    found, record = await _in_time(call_id, lookups.find_caller(asked.field, asked.typed, number))
    return CallerFound(found, record) if record is not None else CallerFound(found)


async def answer_found(lookups: Lookups, call_id: str, asked: FindAnswer) -> AnswerFound:
    """What is to be answered?"""
    if lookups.find_answer is None:
        return AnswerFound(Found.FAILED)
    found, answer = await _in_time(call_id, lookups.find_answer(asked.about, asked.region, asked.typed))
    return AnswerFound(found, *answer) if answer is not None else AnswerFound(found)


async def callback_taken(lookups: Lookups, call_id: str, asked: TakeCallback, number: Secret) -> CallbackTaken:
    """Will this caller be rung back? Not without a number."""
    rung = asked.number if asked.number.reveal() else number
    if lookups.take_callback is None or not rung.reveal():
        return CallbackTaken(False)
    found, _ = await _in_time(call_id, lookups.take_callback(call_id, asked, rung))
    return CallbackTaken(found is Found.UNKNOWN)


async def _in_time(call_id: str, lookup: Awaitable[T | None]) -> tuple[Found, T | None]:
    """FOUND with what came back, UNKNOWN if that is None."""
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            result = await lookup
    except TimeoutError:
        log.warning("a lookup took too long", action="lookup.late", call_id=call_id)
        return Found.TIMEOUT, None
    except Exception as error:
        told = str(error) if isinstance(error, AgiFault) else type(error).__name__
        log.warning("a lookup failed", action="lookup.failed", call_id=call_id, error=told)
        return Found.FAILED, None
    return (Found.UNKNOWN if result is None else Found.FOUND), result

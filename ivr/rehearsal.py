"""What would a caller hear who presses this and that? A menu walked without a telephone, and without its lookups.

A line of input is what happens next: digits, ``#``, nothing for silence, ``hangup``; while a lookup is out, its answer:
``right``, ``wrong``, ``failed``, ``timeout``; ``found region=kazan lang=en vip doctor=leila``, ``unknown``; the name of
an answer, with digits to say if there are any; ``kept`` or ``refused`` for a callback.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from ivr.dialogue import (
    Answer,
    AnswerFound,
    CallbackTaken,
    CallerFound,
    CallerRecord,
    CheckPin,
    Command,
    Digits,
    FindAnswer,
    FindCaller,
    Found,
    HungUp,
    Input,
    Opening,
    Silence,
    TakeCallback,
    Verdict,
    Words,
)
from ivr.errors import NotUnderstood
from ivr.secret import Secret
from ivr.speech import opening

E = TypeVar("E", bound=StrEnum)
KEYS = frozenset("0123456789*#")


def heard(typed: str, command: Command) -> Input:
    """The input that a line of text stands for, after this command; NotUnderstood for any other text."""
    words = typed.split()
    if words == ["hangup"]:
        return HungUp()
    match command:
        case CheckPin():
            verdict = _one_of(Verdict, words)
            return Answer(verdict, "somebody" if verdict is Verdict.RIGHT else "")
        case FindCaller():
            found = _one_of(Found, words[:1])
            return CallerFound(found, _record(words[1:]))
        case FindAnswer():
            if words and words[0] not in set(Found):
                return AnswerFound(Found.FOUND, words[0], Secret("".join(words[1:])))
            return AnswerFound(_one_of(Found, words))
        case TakeCallback():
            if words not in (["kept"], ["refused"]):
                raise NotUnderstood("kept or refused is expected")
            return CallbackTaken(words == ["kept"])
    if set(typed) - KEYS:
        raise NotUnderstood("digits, # or nothing is expected, or hangup")
    return Digits(Secret(typed)) if typed else Silence()


def asked(command: Command) -> str:
    """What the caller's side is to answer now, in short."""
    match command:
        case CheckPin():
            return "the PIN is right, wrong, failed, timeout"
        case FindCaller():
            return "this caller is found [region=… lang=… vip doctor=…], unknown, failed, timeout"
        case FindAnswer():
            return f"the answer to {command.about} is NAME [DIGITS], unknown, failed, timeout"
        case TakeCallback():
            return "the promise to ring back is kept, refused"
    return "keys"


def spoken(lang: str, words: Words, texts: dict[str, str]) -> list[str]:
    """What is said, as text; digits that were typed or found as they are, since nobody but the asker hears them."""
    said: list[str] = []
    for word in words:
        if isinstance(word, Secret):
            said.append(word.reveal())
        else:
            pieces = opening(lang, word.at) if isinstance(word, Opening) else (word,)
            said.append(" ".join(texts.get(piece, f"[{piece}]") for piece in pieces))
    return said


def _record(words: list[str]) -> CallerRecord:
    given = dict(word.split("=", 1) for word in words if "=" in word)
    unknown = [word for word in words if word != "vip" and word.split("=")[0] not in ("region", "lang", "doctor")]
    if unknown:
        raise NotUnderstood(f"{unknown[0]} is nothing that a record holds")
    vip = "vip" in words
    return CallerRecord(given.get("region", ""), given.get("lang", ""), vip, given.get("doctor", ""))


def _one_of(kind: type[E], words: list[str]) -> E:
    try:
        return kind(*words)
    except (TypeError, ValueError):
        raise NotUnderstood(f"one of {', '.join(kind)} is expected") from None

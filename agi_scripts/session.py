"""How does a caller go through a menu? Drives ivr/machine over one AGI channel, from the first word to where it ends.

The session leaves ``AL_QUEUE AL_LANG AL_NEEDS AL_CALLER AL_NEXT`` on the call, and what follows from a lookup as
``AL_PREFERRED AL_AMBULANCE``; the server writes them with AGI_DONE=1. A survey after the talk is a session too.
A caller who hangs up is an ending like others. Whatever else goes wrong leaves no variable and is raised: the dialplan
then puts the caller into the line's own queue.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

import structlog

from agi_scripts.channel import AgiChannel
from agi_scripts.errors import AgiHangup, UnknownLine
from agi_scripts.lookups import NONE, Lookups, answer_found, callback_taken, caller_found
from agi_scripts.server import Handler
from calls.events import Event, MenuChosen, MenuEnded, MenuEntered
from calls.needs import format_needs, together
from config.heir import heir, still_asked
from config.model import Clinic, Configuration
from ivr.dialogue import (
    Answer,
    Ask,
    CheckPin,
    Chose,
    Command,
    Digits,
    End,
    FindAnswer,
    FindCaller,
    HungUp,
    Input,
    Opening,
    Outcome,
    Say,
    Silence,
    Started,
    TakeCallback,
    Verdict,
)
from ivr.errors import MenuFault
from ivr.machine import begin, begin_survey, step
from ivr.menu import DIGIT_PROMPTS
from ivr.secret import Secret
from ivr.session import MenuSession, handover
from ivr.speech import opening

PIN_SECONDS: Final = 3.0
"""How long a PIN check may take: less than the guard's slack, or the dialplan takes the caller from us."""

FAILED: Final = "failed"
"""The outcome in MenuEnded of a session that was broken off: by a fault, or by a server that shuts down."""

NEXT: Final[Mapping[Outcome, str]] = {
    Outcome.QUEUED: "queue",
    Outcome.LAST_RESORT: "last-resort",
    Outcome.VOICEMAIL: "voicemail",
    Outcome.TRANSFERRED: "transfer",
    Outcome.CALLBACK: "hangup",
    Outcome.SELF_SERVED: "hangup",
    Outcome.ABANDONED: "hangup",
    Outcome.RATED: "hangup",
    Outcome.UNRATED: "hangup",
}
"""Where the dialplan goes on (``AL_NEXT``)."""

SURVEY: Final = "survey"
"""The address of the session after the talk: ``agi://…/survey?line=<line>``."""

NUMBER: Final = re.compile(r"\+?[0-9]{3,32}")

log = structlog.get_logger()


class PinCheck(Protocol):
    """Finds out who this is: ``clinic:<id>``, or None for a number or PIN that is wrong; may raise or take long."""

    def __call__(self, clinics: Mapping[str, Clinic], number: Secret, pin: Secret) -> Awaitable[str | None]: ...


def menu_handler(
    configuration: Callable[[], Configuration],
    record: Callable[[Event], None],
    pin_check: PinCheck,
    clock: Callable[[], datetime],
    spoken: Callable[[str, str], float],
    lookups: Callable[[], Lookups] = lambda: NONE,
) -> Handler:
    """The handler of ``agi://…/menu?line=<line>`` and ``agi://…/survey?line=<line>``.

    ``configuration`` tells the one in force: a session keeps the version it began with, and looks again at its end.
    ``record`` must not block; that it raises is no matter of the caller's.
    ``lookups`` is read once per call.
    ``clock`` tells the time in UTC; ``spoken`` how many seconds a prompt takes (language, prompt id).
    """

    async def serve(channel: AgiChannel) -> Mapping[str, str]:
        return await _MenuCall(channel, configuration, record, pin_check, clock, spoken, lookups()).run()

    return serve


class _MenuCall:
    """One call in its menu."""

    def __init__(
        self,
        channel: AgiChannel,
        in_force: Callable[[], Configuration],
        record: Callable[[Event], None],
        pin_check: PinCheck,
        clock: Callable[[], datetime],
        spoken: Callable[[str, str], float],
        lookups: Lookups,
    ) -> None:
        self._channel = channel
        self._in_force = in_force
        self._configuration = in_force()
        self._tell_history = record
        self._pin_check = pin_check
        self._clock = clock
        self._spoken = spoken
        self._lookups = lookups

    async def run(self) -> Mapping[str, str]:
        """Walk the menu to its end; the variables to leave on the call."""
        session = self._begin()
        line, menu = session.line.line_id, session.menu.menu_id
        if not session.after_talk:
            self._record(MenuEntered(at=self._clock(), call_id=self._channel.call_id, line=line, menu=menu))
        outcome: str = FAILED
        try:
            session, end = await self._walk(session)
            outcome = end.outcome
            if self._lookups.hand_over and (end.queue or end.outcome is Outcome.CALLBACK):
                self._lookups.hand_over(self._channel.call_id, handover(session))
            return self._variables(end)
        finally:
            self._record(MenuEnded(at=self._clock(), call_id=self._channel.call_id, outcome=outcome))

    def _record(self, event: Event) -> None:
        """Tell the history; where it is flooded a fact is lost, and never the way that the caller chose."""
        try:
            self._tell_history(event)
        except Exception as error:
            call_id, name = self._channel.call_id, type(error).__name__
            log.warning("not recorded", action="menu.not_recorded", call_id=call_id, error=name)

    def _begin(self) -> MenuSession:
        line = self._configuration.lines.get(self._channel.query.get("line", ""))
        after_talk = self._channel.script == SURVEY
        if line is None or (menu := line.survey if after_talk else line.menu) is None:
            raise UnknownLine("the dialplan asked for the menu of a line that has none")
        if not after_talk:
            return begin(line, self._configuration.menus[menu])
        spoken = self._channel.env.get("language", "")
        lang = spoken if spoken in self._configuration.languages else line.languages[0]
        return begin_survey(line, self._configuration.menus[menu], lang)

    async def _walk(self, session: MenuSession) -> tuple[MenuSession, End]:
        """Step and carry out until the end; the channel speaks the caller's language meanwhile and after."""
        given: Input = Started()
        while True:
            spoken_before = session.lang
            session, (*on_the_way, last) = step(session, given, self._clock())
            try:
                if session.lang != spoken_before:
                    await self._channel.command("SET VARIABLE", "CHANNEL(language)", session.lang)
                for command in on_the_way:
                    await self._tell(session, command)
                if isinstance(last, End):
                    return session, last
                given = await self._find_out(last)
            except AgiHangup:
                given = HungUp()

    async def _tell(self, session: MenuSession, command: Command) -> None:
        """Do what the machine does not wait for."""
        match command:
            case Say():
                await self._channel.say(_files(command), spoken=self._length(command))
            case Chose():
                menu = f"{session.menu.menu_id}.{command.node}"
                call_id = self._channel.call_id
                self._record(MenuChosen(at=self._clock(), call_id=call_id, menu=menu, choice=command.choice))

    async def _find_out(self, command: Command) -> Input:
        """Do what the machine waits for, and what came of it."""
        if isinstance(command, Ask):
            return await self._ask(command)
        # Several may follow each other, and together they may take longer than the guard leaves.
        await self._channel.command("NOOP")
        match command:
            case CheckPin():
                return await self._check(command)
            case FindCaller():
                return await caller_found(self._lookups, self._channel.call_id, command, self._number())
            case FindAnswer():
                return await answer_found(self._lookups, self._channel.call_id, command)
            case TakeCallback():
                return await callback_taken(self._lookups, self._channel.call_id, command, self._number())
        raise MenuFault(f"{type(command).__name__} brings no input")

    async def _ask(self, command: Ask) -> Input:
        typed = await self._channel.ask(
            _files(command),
            spoken=self._length(command),
            wait=command.wait_seconds,
            digits=command.digits,
            between=command.between_seconds,
        )
        return Digits(Secret(typed)) if typed else Silence()

    def _number(self) -> Secret:
        """The number that the caller calls from; empty where it is withheld."""
        number = self._channel.env.get("callerid", "")
        return Secret(number if NUMBER.fullmatch(number) else "")

    async def _check(self, command: CheckPin) -> Answer:
        clinics = self._configuration.clinics
        try:
            async with asyncio.timeout(PIN_SECONDS):
                caller = await self._pin_check(clinics, command.clinic, command.pin)
        except TimeoutError:
            return Answer(Verdict.TIMEOUT)
        except Exception as error:
            # Only its name: a message may quote what was typed.
            call_id, name = self._channel.call_id, type(error).__name__
            log.warning("PIN check failed", action="pin_check_failed", call_id=call_id, error=name)
            return Answer(Verdict.FAILED)
        return Answer(Verdict.RIGHT, caller) if caller else Answer(Verdict.WRONG)

    def _length(self, command: Say | Ask) -> float:
        return sum(self._spoken(command.lang, prompt) for prompt in _prompts(command))

    def _variables(self, end: End) -> dict[str, str]:
        """What the dialplan goes on with; digits that were typed do not stay on the call."""
        now = self._in_force()
        left = {"AL_NEXT": NEXT[end.outcome], "AL_LANG": end.lang, "AL_CALLER": end.caller, "AL_DIGITS": ""}
        if end.queue:
            left |= self._queued(end, now)
        known = {
            "AL_PREFERRED": end.preferred,
            "AL_AMBULANCE": _ambulance(end.region, now),
            "AL_TRANSFER": end.number,
        }
        return left | {name: value for name, value in known.items() if value}

    def _queued(self, end: End, now: Configuration) -> dict[str, str]:
        """The queue with what is asked for there; another in its place if it is gone since the session began."""
        begun = self._configuration.queues[end.queue]
        if end.queue in now.queues:
            asked = still_asked(now, end.queue, together(begun.needs, end.needs), end.lang)
            return {"AL_QUEUE": end.queue, "AL_NEEDS": format_needs(asked)}
        instead = heir(now, self._channel.query.get("line", ""), emergency=begun.emergency)
        asked = together(now.queues[instead].needs, ((f"lang:{end.lang}", 1),))
        return {"AL_QUEUE": instead, "AL_NEEDS": format_needs(asked)}


def _ambulance(region: str, now: Configuration) -> str:
    """Whose ambulance number counts: that of the region where the caller is known to be; else the line's own does."""
    there = [line for line in now.lines.values() if region and line.region == region]
    return next((f"-{line.line_id}" for line in there if line.ambulance), "")


def _prompts(command: Say | Ask) -> list[str]:
    """Ids of what is said, digits and moments piece by piece."""
    prompts: list[str] = []
    for word in command.prompts:
        if isinstance(word, Secret):
            prompts += [DIGIT_PROMPTS[int(digit)] for digit in word.reveal() if digit.isdecimal()]
        elif isinstance(word, Opening):
            prompts += opening(command.lang, word.at)
        else:
            prompts.append(word)
    return prompts


def _files(command: Say | Ask) -> list[str]:
    """Sound files below the folder of the channel's language."""
    return [f"al/{prompt}" for prompt in _prompts(command)]

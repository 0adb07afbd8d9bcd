"""Values for tests: each builder gives a sensible whole, and a test says only what matters to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from calls.call import Call, CallState
from calls.events import Duty
from calls.hours import Band, Hours
from calls.needs import parse_needs
from ivr.menu import (
    ChoiceNode,
    GatherNode,
    HangupNode,
    HoursNode,
    LanguageNode,
    LastResortNode,
    Line,
    Menu,
    Node,
    PinNode,
    QueueNode,
    SayNode,
)
from routing.agent import Agent, AgentProfile, AgentState, Grade, off_duty, on_duty, reached
from routing.waiting import Queue, WaitingCall

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


def seconds(count: float) -> timedelta:
    """``NOON + seconds(5)`` reads better than a timedelta."""
    return timedelta(seconds=count)


def a_call(call_id: str = "call-1", **given: Any) -> Call:
    """A call that has just entered the line ``hotline``."""
    call = Call(
        call_id=call_id,
        node="pbx1",
        channel=f"PJSIP/trunk-{call_id}",
        line="hotline",
        state=CallState.MENU,
        started_at=NOON,
        state_since=NOON,
    )
    return replace(call, **given)


def weekdays_nine_to_six(zone: str = "Europe/Moscow") -> Hours:
    """Monday to Friday, 09:00-18:00 local time."""
    working = (Band(9 * 60, 18 * 60),)
    return Hours(zone=ZoneInfo(zone), weekly=(working,) * 5 + ((),) * 2)


def a_line(**given: Any) -> Line:
    """The general hotline: Russian by default, Azerbaijani by choice, always open."""
    line = Line(
        line_id="hotline",
        label="Hotline",
        numbers=("1542",),
        kind="menu",
        queue="general",
        languages=("ru", "az"),
        menu="hotline",
        greeting="welcome",
    )
    return replace(line, **given)


def a_menu(start: str = "hours", **nodes: Node) -> Menu:
    """Hours, language, four topics, an operator and the emergency queue; ``nodes`` are added or replaced."""
    return Menu(
        menu_id="hotline",
        start=start,
        operator="operator",
        emergency="emergency",
        nodes={
            "hours": HoursNode(open="language", closed="closed"),
            "closed": SayNode(prompts=("closed-now",), next="operator"),
            "language": LanguageNode(prompts=("choose-language",), options={"1": "ru", "2": "az"}, next="topics"),
            "topics": ChoiceNode(
                prompts=("topics",),
                options={"1": "coverage", "2": "approvals", "3": "documents", "4": "message"},
            ),
            "coverage": QueueNode(queue="general", needs=parse_needs("desk:coverage=1"), prompts=("please-wait",)),
            "approvals": QueueNode(queue="general", needs=parse_needs("desk:approvals=1")),
            "documents": HangupNode(prompts=("documents-list",)),
            "message": LastResortNode(queue="general", prompts=("please-wait",)),
            "operator": QueueNode(queue="general"),
            "emergency": QueueNode(queue="emergency"),
            **nodes,
        },
    )


def a_doctors_menu() -> Menu:
    """Clinic number and PIN; three tries, then the desk, unverified."""
    return Menu(
        menu_id="doctors",
        start="clinic",
        operator="desk",
        emergency="emergency",
        nodes={
            "clinic": GatherNode(prompts=("clinic-number",), field="clinic", shortest=2, longest=6, next="pin"),
            "pin": PinNode(
                prompts=("clinic-pin",),
                clinic_field="clinic",
                shortest=4,
                longest=8,
                again="clinic",
                verified="approvals",
                unverified="desk",
            ),
            "approvals": QueueNode(queue="doctors", needs=parse_needs("desk:approvals=1")),
            "desk": QueueNode(queue="doctors", prompts=("pin-unverified",)),
            "emergency": QueueNode(queue="emergency"),
        },
    )


def a_queue(queue_id: str = "general", **given: Any) -> Queue:
    """A queue that promises 80 % within 20 s; an emergency queue promises 95 % within 5 s."""
    emergency = bool(given.get("emergency"))
    queue = Queue(
        queue_id=queue_id,
        label=queue_id.capitalize(),
        extension="8001",
        target_seconds=5.0 if emergency else 20.0,
        target_share=0.95 if emergency else 0.8,
    )
    return replace(queue, **given)


def a_profile(agent_id: str = "anna", skills: str = "", grade: str = "dispatcher", **given: Any) -> AgentProfile:
    """``skills`` as in AL_NEEDS: ``lang:ru=3&desk:approvals=1``."""
    profile = AgentProfile(
        agent_id=agent_id,
        name=agent_id.capitalize(),
        grade=Grade(grade),
        skills=parse_needs(skills),
        extension="101",
    )
    return replace(profile, **given)


def an_agent(agent_id: str = "anna", skills: str = "", grade: str = "dispatcher", **given: Any) -> Agent:
    """An agent who has been ready and reachable for a minute at NOON; ``since`` or any other field can be given."""
    since = given.pop("since", NOON - seconds(60))
    agent = off_duty(a_profile(agent_id, skills, grade), since)
    return replace(on_duty(reached(agent, True), Duty.READY, "", since), **given)


def a_paused_agent(agent_id: str = "anna", skills: str = "", **given: Any) -> Agent:
    """On duty, but on a break."""
    return an_agent(agent_id, skills, duty=Duty.PAUSED, reason="lunch", state=AgentState.PAUSED, **given)


def a_waiting_call(call_id: str = "call-1", needs: str = "", waited: float = 10.0, **given: Any) -> WaitingCall:
    """A call that has waited so many seconds at NOON."""
    call = WaitingCall(
        call_id=call_id,
        queue="general",
        needs=parse_needs(needs),
        queued_at=NOON - seconds(waited),
        waiting_since=NOON - seconds(waited),
    )
    return replace(call, **given)

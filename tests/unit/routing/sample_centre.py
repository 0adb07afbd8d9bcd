"""Which queues and agents are there in the sequences? Small, but with every rule of routing somewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from calls.hours import Band
from calls.needs import Needs, needs, parse_needs
from config.model import Configuration, Trunk
from routing.agent import AgentProfile
from routing.waiting import LastResort, Overflow, Relaxation, Target, When
from tests.builders import a_profile, a_queue, weekdays_nine_to_six

CLOSES: Final = 12 * 60 + 20
"""The minute of the day when the desk does; sequences begin at noon."""

QUEUES: Final = {
    queue.queue_id: queue
    for queue in (
        a_queue(
            "emergency",
            emergency=True,
            needs=needs({"grade:nurse": 1}),
            reserve=1,
            ring_at_once=2,
            wrap_up_seconds=5.0,
            last_resort=LastResort(mobile="+442079460000", after_seconds=25),
            relaxation=(Relaxation(after_seconds=20, levels=(("lang:*", 0), ("desk:*", 0))),),
            overflow=(Overflow(when=When.NOBODY, to=Target.RESERVE),),
        ),
        a_queue(
            "general",
            preferred_seconds=12.0,
            wrap_up_seconds=8.0,
            misses_before_pause=2,
            ring_at_once=3,
            relaxation=(Relaxation(after_seconds=15, levels=(("lang:*", 2), ("desk:approvals", 1))),),
            overflow=(
                Overflow(when=When.FULL, to=Target.QUEUE, queue="desk", limit=3),
                Overflow(when=When.LONG, to=Target.VOICEMAIL, after_seconds=180),
            ),
        ),
        a_queue(
            "doctors",
            target_seconds=60.0,
            preferred_seconds=30.0,
            wrap_up_seconds=10.0,
            relaxation=(Relaxation(after_seconds=40, levels=(("grade:doctor", 0),)),),
            overflow=(Overflow(when=When.NOBODY, to=Target.QUEUE, queue="general", after_seconds=20),),
        ),
        a_queue(
            "desk",
            target_seconds=40.0,
            last_resort=LastResort(after_seconds=45),
            hours=replace(weekdays_nine_to_six("UTC"), weekly=((Band(9 * 60, CLOSES),),) * 7),
            overflow=(Overflow(when=When.CLOSED, to=Target.VOICEMAIL, after_seconds=10),),
        ),
    )
}
PROFILES: Final[dict[str, AgentProfile]] = {
    profile.agent_id: profile
    for profile in (
        a_profile("anna", "lang:ru=5&lang:az=2"),
        a_profile("boris", "lang:ru=5&lang:az=2"),
        a_profile("clara", "desk:approvals=2&lang:ru=3", "nurse"),
        a_profile("denis", "desk:approvals=1&lang:az=4&lang:ru=1", "doctor"),
        a_profile("elena", "lang:ru=2", "trainee", calls_per_hour=2),
        a_profile("farid", "lang:az=5&lang:ru=5", "doctor", extension=None, mobile="+442079460001", on_call=True),
    )
}
AGENTS: Final = list(PROFILES)
ASKED: Final[tuple[Needs, ...]] = tuple(
    parse_needs(text)
    for text in ("", "lang:ru=1", "lang:ru=3", "lang:ru=1", "lang:az=1", "lang:az=4", "desk:approvals=2&lang:ru=1")
)


def configuration() -> Configuration:
    trunk = Trunk(addresses=(), host="localhost", caller_number="+442079460002")
    no_menus: dict[str, Any] = {"skills": {}, "pause_reasons": {}, "menus": {}, "lines": {}, "clinics": {}}
    return Configuration(
        version="1",
        timezone=ZoneInfo("UTC"),
        languages=("ru",),
        default_line="",
        trunk=trunk,
        queues=QUEUES,
        agents=PROFILES,
        **no_menus,
    )

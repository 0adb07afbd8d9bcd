"""Which callers are alike, which agents are alike, and who of them fits whom?

Callers of one queue with equal needs in force are one class, agents with equal skills and grade one profile. Who fits
is worked out once, when a class or a profile first comes up, through an index by skill; afterwards it is at hand.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from calls.needs import Needs
from routing.agent import AgentProfile, Grade, can_serve
from routing.in_turn import SECOND, InTurn
from routing.relaxing import in_force
from routing.waiting import Queue

RECENT: Final = 1000
"""How many of the last callers tell what is wanted."""
FINE: Final = 1 << 20
"""Shares of demand are whole numbers of this part, so that their sum does not depend on the order."""


class Wanted:
    """One need: how many of the last callers ``asked`` for it, and how many ``free`` agents meet it."""

    __slots__ = ("asked", "free", "need")

    def __init__(self, need: tuple[str, int]) -> None:
        self.need = need
        self.asked = 0
        self.free = 0


class Reserve:
    """The ``free`` agents who could serve an emergency queue, of whom ``keep`` are kept for it.

    They are of these ``profiles``, in which so many are ``there``.
    """

    __slots__ = ("free", "keep", "needs", "profiles", "queue_id", "there")

    def __init__(self, queue: Queue) -> None:
        self.queue_id = queue.queue_id
        self.needs = queue.needs
        self.keep = queue.reserve
        self.free: dict[str, Profile] = {}
        self.profiles: list[Profile] = []
        self.there = 0

    def spares(self) -> bool:
        """Whether it leaves anybody to other callers when all who are there are free."""
        return self.there > self.keep


class Profile:
    """Agents with the same skills and grade: who is free and who rests, by ``since``; whose phone rings for a call that
    gives way, the last ring first; how many are ``ready`` for an emergency, or ``there`` for others.

    Only agents whose phone can be reached are counted.
    """

    __slots__ = (
        "classes",
        "free",
        "like",
        "place",
        "ready",
        "reserves",
        "resting",
        "there",
        "urgent",
        "wanted",
        "yielding",
    )

    def __init__(self, like: AgentProfile) -> None:
        self.like = like
        self.place = (list(Grade).index(like.grade), len(like.skills), like.skills)
        self.free = InTurn()
        self.resting = InTurn()
        self.yielding = InTurn()
        self.ready = 0
        self.there = 0
        self.classes: list[CallClass] = []
        self.urgent: list[CallClass] = []
        self.wanted: list[Wanted] = []
        self.reserves: list[Reserve] = []

    def open(self) -> bool:
        """Whether other callers than those in need may take one of these agents now."""
        return all(len(reserve.free) > reserve.keep for reserve in self.reserves)

    def there_for_others(self) -> bool:
        """Whether other callers than those in need can hope for one of these: not if all who are there are kept."""
        return self.there > 0 and all(reserve.spares() for reserve in self.reserves)

    def has_for_others(self) -> bool:
        """Whether one of these can be rung for a caller in no emergency."""
        return self.free.first is not None and self.open()

    def has_for_emergencies(self) -> bool:
        """Whether one of these can be rung at all."""
        return any(one.first is not None for one in (self.free, self.resting, self.yielding))

    def wanted_elsewhere(self) -> int:
        """How much would be missed if one of these were taken: for each need that they meet, how often it is asked for
        by the number of free agents who meet it. What this caller asks for is met by every candidate alike."""
        return sum(wanted.asked * FINE // wanted.free for wanted in self.wanted if wanted.asked)

    def take(self, agent_id: str) -> None:
        """One of these cannot be rung any more."""
        self.resting.drop(agent_id)
        self.yielding.drop(agent_id)
        if agent_id in self.free:
            self.free.drop(agent_id)
            for wanted in self.wanted:
                wanted.free -= 1
            for reserve in self.reserves:
                del reserve.free[agent_id]

    def give(self, since: int, agent_id: str) -> list[Reserve]:
        """One of these is free; the reserves that this has filled."""
        self.free.put(since, agent_id)
        for wanted in self.wanted:
            wanted.free += 1
        for reserve in self.reserves:
            reserve.free[agent_id] = self
        return [reserve for reserve in self.reserves if len(reserve.free) == reserve.keep + 1]


Place = tuple[bool, float, int, str]
"""Where a caller stands among all who wait; the smaller, the sooner."""


class CallClass:
    """Callers of one queue with the same needs in force, by the time at which they came.

    ``profiles`` can serve them, those of the lowest grade and of the fewest skills first; ``fits`` are the same for
    looking up. ``waiting`` does not hold those who wait for their preferred agent.
    """

    __slots__ = ("fits", "needs", "profiles", "queue", "target", "usual", "waiting")

    def __init__(self, queue: Queue, needs: Needs) -> None:
        self.queue = queue
        self.usual = not queue.emergency
        self.target = queue.target_seconds
        self.needs = needs
        self.waiting = InTurn()
        self.profiles: list[Profile] = []
        self.fits: set[Profile] = set()

    def place(self, queued: int, call_id: str, at: int) -> Place:
        """Emergency before all; then whoever is most endangered against the own target (waited / target), which ages
        every queue and starves none; then the longest waiting."""
        return (self.usual, (queued - at) / SECOND / self.target, queued, call_id)

    def somebody_on_duty(self) -> bool:
        """Whether anybody is there who could serve these.

        For an emergency people on a break do not count, and for others not those whom a reserve keeps.
        """
        if self.queue.emergency:
            return any(profile.ready for profile in self.profiles)
        return any(profile.there_for_others() for profile in self.profiles)


class Classes:
    """All classes and profiles that have come up, and what the last callers asked for."""

    def __init__(self, queues: Mapping[str, Queue]) -> None:
        self._queues = queues
        self._classes: dict[tuple[str, Needs], CallClass] = {}
        self._relaxed: dict[tuple[str, Needs, int], CallClass] = {}
        self._profiles: dict[tuple[Needs, Grade], Profile] = {}
        self._wanted: dict[tuple[str, int], Wanted] = {}
        self._reserves = [Reserve(queue) for queue in queues.values() if queue.emergency and queue.reserve]
        self._profiles_by_skill: dict[str, list[Profile]] = {}
        self._classes_by_skill: dict[str, list[CallClass]] = {}
        self._recent: deque[Needs] = deque()

    def class_after(self, queue_id: str, needs: Needs, step: int) -> CallClass:
        """The class of callers who asked for this, after so many steps of relaxation; raises KeyError for a queue that
        is not configured."""
        found = self._relaxed.get((queue_id, needs, step))
        if found is None:
            found = self._class_of(queue_id, in_force(needs, self._queues[queue_id], step))
            self._relaxed[queue_id, needs, step] = found
        return found

    def _class_of(self, queue_id: str, needs: Needs) -> CallClass:
        found = self._classes.get((queue_id, needs))
        if found is None:
            found = self._classes[queue_id, needs] = CallClass(self._queues[queue_id], needs)
            self._classes_by_skill.setdefault(_rarest(needs), []).append(found)
            for profile in self._who_can(needs):
                _fit(found, profile)
        return found

    def profile_of(self, like: AgentProfile) -> Profile:
        """The profile of these agents."""
        found = self._profiles.get((like.skills, like.grade))
        if found is None:
            found = self._profiles[like.skills, like.grade] = Profile(like)
            skills = ["", *(skill for skill, _ in like.skills)]
            for skill in skills:
                self._profiles_by_skill.setdefault(skill, []).append(found)
            for call_class in [one for skill in skills for one in self._classes_by_skill.get(skill, ())]:
                if can_serve(like, call_class.needs):
                    _fit(call_class, found)
            found.wanted = [one for need, one in self._wanted.items() if can_serve(like, (need,))]
            found.reserves = [one for one in self._reserves if can_serve(like, one.needs)]
            for reserve in found.reserves:
                reserve.profiles.append(found)
        return found

    def in_the_way(self) -> list[Reserve]:
        """The reserves that keep everybody who is there from a caller who waits."""
        in_vain = (one for one in self._classes.values() if one.usual and one.waiting.first)
        unserved = [one for one in in_vain if not one.somebody_on_duty()]
        kept = [profile for alike in unserved for profile in alike.profiles if profile.there]
        return list({one.queue_id: one for profile in kept for one in profile.reserves if not one.spares()}.values())

    def came(self, needs: Needs) -> None:
        """Another caller asks for this; the oldest of the last ones is forgotten."""
        self._recent.append(needs)
        for need in needs:
            self._wanted_of(need).asked += 1
        if len(self._recent) > RECENT:
            for need in self._recent.popleft():
                self._wanted[need].asked -= 1

    def _wanted_of(self, need: tuple[str, int]) -> Wanted:
        found = self._wanted.get(need)
        if found is None:
            found = self._wanted[need] = Wanted(need)
            for profile in self._who_can((need,)):
                profile.wanted.append(found)
                found.free += len(profile.free)
        return found

    def _who_can(self, needs: Needs) -> Iterable[Profile]:
        several = [self._profiles_by_skill.get(skill, []) for skill in _skills(needs)]
        fewest = min(several, key=len, default=self._profiles_by_skill.get("", []))
        return [profile for profile in fewest if can_serve(profile.like, needs)]


def _fit(call_class: CallClass, profile: Profile) -> None:
    insort(call_class.profiles, profile, key=lambda one: one.place)
    call_class.fits.add(profile)
    (profile.urgent if call_class.queue.emergency else profile.classes).append(call_class)


def _skills(needs: Needs) -> list[str]:
    """Without grades: those are no skills of an agent."""
    return [skill for skill, _ in needs if not skill.startswith("grade:")]


def _rarest(needs: Needs) -> str:
    """A skill under which whoever can serve these needs will find them; "" if they ask for none."""
    return next(iter(_skills(needs)), "")

"""How long does one decision take in a house far larger than any, and how much longer when ten times as many wait?

Longer than 300 lines, since house, day, naive scan and table are read together.

A floor of agents and waiting calls is filled and then lived on a virtual clock: callers come and give up, agents get
free, needs relax. Timed is what the engine does for one caller who comes or one agent who gets free: telling the floor,
deciding, and reserving whoever is rung. A naive scan (every agent for a caller, every caller for an agent) answers
some of the same questions by turns, in the same run. All times are CPU time of this thread.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from statistics import fmean, quantiles
from time import thread_time_ns

import psutil

from calls.events import Duty
from calls.needs import Needs
from routing.agent import Agent, AgentProfile, AgentState, Grade, answered, can_serve, is_free, released, reserve
from routing.assign import Ring, assign
from routing.floor import Floor
from routing.relaxing import in_force, step_after
from routing.waiting import Queue, Relaxation, WaitingCall

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
KINDS = ("lang", "desk", "region", "clinic", "topic")
CYCLE = timedelta(milliseconds=20)
"""Virtual time from one agent who gets free to the next."""
NAIVE_EVERY = 400
"""One decision in so many is also asked of the naive scan."""


SIZES = {
    "agents": 10_000,
    "profiles": 1_000,
    "skills": 200,
    "per-profile": 8,
    "waiting": 50_000,
    "signatures": 2_000,
    "queues": 10,
    "reserve": 0,
    "cycles": 8_000,
    "seed": 1,
}


@dataclass(frozen=True)
class House:
    """What the arguments ask for: queues, who works there, and what callers ask for, ``demand`` being cumulative."""

    queues: dict[str, Queue]
    agents: list[Agent]
    signatures: list[tuple[str, Needs]]
    demand: list[float]


@dataclass
class Times:
    """Nanoseconds of each decision, ours and the naive scan's."""

    ours: list[int] = field(default_factory=list)
    naive: list[int] = field(default_factory=list)

    def p99_us(self) -> float:
        return quantiles(self.ours, n=100)[98] / 1000


def a_house(asked: argparse.Namespace, random: Random) -> House:
    """Each signature asks for a few of the skills of some profile, at levels that its agents have, so that it can be
    served. The n-th skill and the n-th signature have a share of 1/n to the power of ``--skew``."""
    queues = the_queues(asked.queues, asked.reserve)
    skills = [f"{KINDS[number % len(KINDS)]}:s{number}" for number in range(asked.skills)]
    popular = zipf(asked.skills, asked.skew / 2)
    profiles: dict[Needs, Grade] = {}
    while len(profiles) < asked.profiles:
        held: dict[str, int] = {}
        while len(held) < asked.per_profile:
            held[random.choices(skills, cum_weights=popular)[0]] = random.randint(1, 10)
        profiles[tuple(sorted(held.items()))] = random.choice(list(Grade))
    agents = [an_agent(f"agent-{number}", *random.choice(list(profiles.items()))) for number in range(asked.agents)]
    signatures: dict[tuple[str, Needs], None] = {}
    while len(signatures) < asked.signatures:
        some = random.sample(random.choice(list(profiles)), random.randint(2, 3))
        needs = tuple(sorted((skill, random.randint(1, level)) for skill, level in some))
        signatures[random.choice(list(queues)), needs] = None
    return House(queues, agents, list(signatures), zipf(asked.signatures, asked.skew))


def the_queues(count: int, reserve: int) -> dict[str, Queue]:
    """By id; the first is for emergencies."""
    relaxation = (
        Relaxation(after_seconds=60, levels=tuple((f"{kind}:*", 3) for kind in KINDS)),
        Relaxation(after_seconds=240, levels=(("region:*", 0),)),
    )
    queues = [
        Queue(
            queue_id=f"queue-{number}",
            label="",
            extension="",
            target_seconds=10.0 + 5 * number,
            target_share=0.8,
            relaxation=relaxation,
        )
        for number in range(count)
    ]
    queues[0] = replace(queues[0], emergency=True, reserve=reserve, needs=(("grade:nurse", 1),))
    return {queue.queue_id: queue for queue in queues}


def zipf(count: int, skew: float) -> list[float]:
    """Cumulative weights of the first, the second, ... of so many."""
    return list(accumulate((number + 1) ** -skew for number in range(count)))


def an_agent(agent_id: str, skills: Needs, grade: Grade) -> Agent:
    """Who talks with somebody."""
    profile = AgentProfile(agent_id=agent_id, name="", grade=grade, skills=skills, extension="1")
    return Agent(
        profile=profile, since=START, duty=Duty.READY, state=AgentState.TALKING, call_id="before", reachable=True
    )


class Day:
    """One floor with so many waiting; every agent talks, or, for a ``quiet`` day on which nobody waits, every other."""

    def __init__(self, house: House, waiting: int, seed: int, *, quiet: bool = False) -> None:
        self.house = house
        self.random = Random(seed)
        self.now = START
        self.came = 0
        self.ids: list[str] = []
        agents = [released(agent, START, 0) if quiet and i % 2 else agent for i, agent in enumerate(house.agents)]
        self.floor = Floor(house.queues, agents)
        for number in range(waiting):
            self.floor.put(self.a_caller(START - timedelta(seconds=300 * self.random.random())))
            if number % 1000 == 0:
                assign(self.floor, self.now)
        assign(self.floor, self.now)
        self.forget()

    def forget(self) -> None:
        """Time anew: most classes have come up by now, as they have in a service that runs."""
        self.arrivals, self.freed, self.passing = Times(), Times(), Times()

    def a_caller(self, at: datetime) -> WaitingCall:
        queue, needs = self.random.choices(self.house.signatures, cum_weights=self.house.demand)[0]
        self.came += 1
        call_id = f"call-{self.came}"
        self.ids.append(call_id)
        return WaitingCall(call_id=call_id, queue=queue, needs=needs, queued_at=at, waiting_since=at)

    def live(self, cycles: int, arrivals: int) -> None:
        """In each cycle so many callers come, one agent gets free, and all but one caller give up: as many wait on."""
        for number in range(cycles):
            self.now += CYCLE
            self.passing.ours.append(self.decided(lambda: None))
            compared = number % NAIVE_EVERY == 0
            for _ in range(arrivals):
                self.a_caller_comes(compared)
            for _ in range(arrivals - 1):
                self.somebody_gives_up()
            self.an_agent_gets_free(compared)

    def a_caller_comes(self, compared: bool) -> None:
        call = self.a_caller(self.now)
        if compared:
            self.arrivals.naive.append(timed(lambda: scan_agents(self.floor, call, self.now)))
        self.arrivals.ours.append(self.decided(lambda: self.floor.put(call)))

    def an_agent_gets_free(self, compared: bool) -> None:
        agent = self.somebody_who_talks()
        idle = released(agent, self.now, 0)
        if compared:
            self.freed.naive.append(timed(lambda: scan_calls(self.floor, idle, self.now)))
        self.freed.ours.append(self.decided(lambda: self.floor.agents.__setitem__(agent.profile.agent_id, idle)))

    def decided(self, happens: Callable[[], None]) -> int:
        """Nanoseconds of telling the floor, deciding and reserving; the talk begins at once, untimed."""
        floor, now, rung = self.floor, self.now, []

        def whole() -> None:
            happens()
            for decision in assign(floor, now):
                if isinstance(decision, Ring):
                    floor.agents[decision.agent_id] = reserve(floor.agents[decision.agent_id], decision.call_id, 1, now)
                    floor.drop(decision.call_id)
                    rung.append(decision)

        took = timed(whole)
        for ring in rung:
            floor.agents[ring.agent_id] = answered(floor.agents[ring.agent_id], ring.call_id, now)
        return took

    def somebody_gives_up(self) -> None:
        while self.ids:
            index = self.random.randrange(len(self.ids))
            self.ids[index], self.ids[-1] = self.ids[-1], self.ids[index]
            call_id = self.ids.pop()
            if call_id in self.floor.waiting:
                self.floor.drop(call_id)
                return

    def somebody_who_talks(self) -> Agent:
        while True:
            agent = self.floor.agents[self.random.choice(self.house.agents).profile.agent_id]
            if agent.state is AgentState.TALKING:
                return agent


def scan_agents(floor: Floor, call: WaitingCall, now: datetime) -> Agent | None:
    """Every agent: of those who are free and can serve the call, the longest idle."""
    capable = [one for one in floor.agents.values() if is_free(one, now) and can_serve(one.profile, call.needs)]
    return min(capable, key=lambda agent: (agent.since, agent.profile.agent_id), default=None)


def scan_calls(floor: Floor, agent: Agent, now: datetime) -> WaitingCall | None:
    """Every waiting call: of those whom the agent can serve, the most pressing."""

    def served(call: WaitingCall) -> bool:
        queue = floor.queues[call.queue]
        step = step_after(queue, (now - call.waiting_since).total_seconds())
        return can_serve(agent.profile, in_force(call.needs, queue, step))

    def place(call: WaitingCall) -> tuple[bool, float]:
        queue = floor.queues[call.queue]
        return (not queue.emergency, -(now - call.queued_at).total_seconds() / queue.target_seconds)

    return min((call for call in floor.waiting.values() if served(call)), key=place, default=None)


def timed(work: Callable[[], object]) -> int:
    began = thread_time_ns()
    work()
    return thread_time_ns() - began


def row(name: str, waiting: int, times: Times) -> str:
    cuts = quantiles(times.ours, n=100)
    mean = fmean(times.ours)
    scan = fmean(times.naive) / 1000 if times.naive else 0.0
    return f"{name:<18}{waiting:>8,}{1e9 / mean:>11,.0f}{cuts[49] / 1000:>9.1f}{cuts[98] / 1000:>9.1f}" + (
        f"{scan:>12,.0f}{scan * 1000 / mean:>9,.0f}" if scan else ""
    )


def report(asked: argparse.Namespace, house: House, days: list[Day], mib: float) -> dict[str, float]:
    """Print the table of a quiet day and those on which few and many wait; the figures of the last line."""
    quiet, few, many = days
    used = len({agent.profile.skills for agent in house.agents})
    signatures = len({(call.queue, call.needs) for call in many.floor.waiting.values()})
    print(f"{asked.agents:,} agents in {used:,} profiles of {asked.per_profile} of {asked.skills} skills;")
    print(
        f"{len(many.floor.waiting):,} callers wait in {signatures:,} of {asked.signatures:,} signatures: {mib:.0f} MiB"
    )
    print(f"{'':<18}{'waiting':>8}{'a second':>11}{'p50 us':>9}{'p99 us':>9}{'naive us':>12}{'x naive':>9}")
    for day in days:
        waiting = len(day.floor.waiting)
        print(row("a caller comes", waiting, day.arrivals))
        print(row("an agent is free", waiting, day.freed))
        print(row("time passes", waiting, day.passing))
    of_many, of_few = (many.arrivals, many.freed), (few.arrivals, few.freed)
    scanned, decided = (
        sum(fmean(kind) for kind in kinds) for kinds in zip(*((t.naive, t.ours) for t in of_many), strict=True)
    )
    return {
        "p99_us": round(max(times.p99_us() for times in of_many), 1),
        "over_naive": round(scanned / decided),
        "p99_growth": round(max(more.p99_us() / less.p99_us() for more, less in zip(of_many, of_few, strict=True)), 2),
        "quiet_p99_us": round(max(quiet.arrivals.p99_us(), quiet.freed.p99_us()), 1),
        "profiles": used,
        "signatures": signatures,
        "mib": round(mib),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--skew", type=float, default=1.0, help="exponent of Zipf's law; half of it for skills")
    asked = parser.parse_args()
    house = a_house(asked, Random(asked.seed))
    days = []
    for waiting in (0, asked.waiting // 10, asked.waiting):
        before = psutil.Process().memory_info().rss
        print(f"{waiting:,} callers wait ...", file=sys.stderr, flush=True)
        day = Day(house, waiting, asked.seed, quiet=not waiting)
        mib = (psutil.Process().memory_info().rss - before) / 2**20
        print(f"{asked.cycles:,} cycles ...", file=sys.stderr, flush=True)
        arrivals = 2 if waiting else 1
        day.live(asked.cycles // 2, arrivals)
        day.forget()
        day.live(asked.cycles, arrivals)
        days.append(day)
    print(json.dumps(report(asked, house, days, mib)))


if __name__ == "__main__":
    main()

"""What comes of the announced waits? One small event loop plays a case, and ghosts see the potential waits.

The loop of simulation/world would do but for the ghosts, who are no callers. Talks and patience are exponential,
arrivals Poisson. The estimator under test is fed as the engine feeds it; its prior is a third off.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from random import Random

from benchmarks.estimate.cases import EMERGENCY, HANDLE_SECONDS, Case
from calls.events import Duty
from routing import agent as agents
from routing.agent import Agent, AgentProfile, AgentState, Grade
from routing.estimate import Estimate, Estimator
from routing.waiting import Queue, WaitingCall

START = datetime(2026, 3, 4, tzinfo=UTC)
PRIOR_OFF = 4 / 3
"""What the estimator is told of the mean handle time at the start, over the truth."""
WARM_UP = 40
"""In mean handle times: the queue fills, and the estimator learns."""
AFTER_STEP = 2
"""For so many mean handle times an arrival counts as after the step."""


@dataclass(slots=True)
class Caller:
    """Somebody in line; ``ghost`` stands just before him, never leaves, and takes no agent's time in his turn."""

    call: WaitingCall
    came: float
    ghost: Ghost | None = None
    gone: bool = False


@dataclass(slots=True)
class Ghost:
    """One announcement, by every estimator (s), and the potential wait that came of it."""

    ours: Estimate
    hol: float
    last_served: float
    qlm: float
    after_step: bool
    wait: float | None = None


class Play:
    """One run of one case; moments are seconds from its start."""

    def __init__(self, case: Case, random: Random, every: int) -> None:
        self.case, self.random, self.every = case, random, every
        self.at, self.stepped, self.came, self.count = 0.0, -1e9, 0, 0
        self.ghosts: list[Ghost] = []
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.lines: dict[str, deque[Caller]] = {name: deque() for name in case.load}
        self.waiting = dict.fromkeys(case.load, 0)
        self.last_wait = dict.fromkeys(case.load, 0.0)
        self.queues = {name: _a_queue(name, case.target.get(name, 20.0)) for name in case.load}
        told = {name: case.handle_seconds(name) * PRIOR_OFF for name in case.load}
        self.estimator = Estimator(self.queues, told, HANDLE_SECONDS)
        self.serves = {
            f"{'-'.join(serves)}-{number}": serves for serves, size in case.crews.items() for number in range(size)
        }
        self.free: dict[str, None] = {}
        self.agents = {agent_id: _an_agent(agent_id, serves) for agent_id, serves in self.serves.items()}
        for agent_id in self.agents:
            self.declare(agent_id, Duty.READY)
        for name in case.load:
            self.after(self.until_next(name), partial(self.arrive, name))
        if case.steps:
            self.step(0)

    def run(self, arrivals: int) -> list[Ghost]:
        """Until so many have come; the ghosts whose turn has come."""
        while self.came < arrivals:
            self.at, _, do = heapq.heappop(self.events)
            do()
        return [ghost for ghost in self.ghosts if ghost.wait is not None]

    def now(self) -> datetime:
        return START + timedelta(seconds=self.at)

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (self.at + seconds, self.count, do))

    def until_next(self, name: str) -> float:
        return self.random.expovariate(self.case.load[name] / self.case.handle_seconds(name))

    def arrive(self, name: str) -> None:
        self.after(self.until_next(name), partial(self.arrive, name))
        self.came += 1
        now = self.now()
        call = WaitingCall(
            call_id=str(self.came), queue=name, needs=((f"desk:{name}", 1),), queued_at=now, waiting_since=now
        )
        caller = Caller(call, self.at)
        self.estimator.queued(call, now)
        capable = [agent_id for agent_id in self.free if name in self.serves[agent_id]]
        if capable:
            self.take(min(capable, key=lambda agent_id: len(self.serves[agent_id])), caller)
            return
        if self.at > WARM_UP * HANDLE_SECONDS and self.came % self.every == 0:
            caller.ghost = self.announce(call)
            self.ghosts.append(caller.ghost)
        self.lines[name].append(caller)
        self.waiting[name] += 1
        if self.case.patience < inf:
            self.after(
                self.random.expovariate(1 / (self.case.patience * HANDLE_SECONDS)), partial(self.give_up, caller)
            )

    def announce(self, call: WaitingCall) -> Ghost:
        ours = self.estimator.estimate(call, self.now())
        assert ours is not None, "there is always somebody on duty"
        head = next((caller for caller in self.lines[call.queue] if not caller.gone), None)
        on_duty = sum(agent.duty is Duty.READY for agent in self.agents.values())
        leaving = 1 / (self.case.patience * HANDLE_SECONDS)
        qlm = sum(1 / (on_duty / HANDLE_SECONDS + ahead * leaving) for ahead in range(self.waiting[call.queue] + 1))
        return Ghost(
            ours=ours,
            hol=self.at - head.came if head else 0.0,
            last_served=self.last_wait[call.queue],
            qlm=qlm,
            after_step=self.at - self.stepped < AFTER_STEP * HANDLE_SECONDS,
        )

    def give_up(self, caller: Caller) -> None:
        if not caller.gone:
            caller.gone = True
            self.waiting[caller.call.queue] -= 1
            self.estimator.left(caller.call.call_id, self.now())

    def take(self, agent_id: str, caller: Caller) -> None:
        caller.gone = True
        self.last_wait[caller.call.queue] = self.at - caller.came
        self.tell(agents.answered(self.agents[agent_id], caller.call.call_id, self.now()))
        seconds = self.random.expovariate(1 / self.case.handle_seconds(caller.call.queue))
        self.after(seconds, partial(self.talk_ended, agent_id))

    def talk_ended(self, agent_id: str) -> None:
        now = self.now()
        self.tell(agents.woke(agents.released(self.agents[agent_id], now, 0.0), now))
        self.look_for_work(agent_id)

    def declare(self, agent_id: str, duty: Duty) -> None:
        self.tell(agents.on_duty(self.agents[agent_id], duty, "", self.now()))
        self.look_for_work(agent_id)

    def tell(self, agent: Agent) -> None:
        agent_id = agent.profile.agent_id
        self.agents[agent_id] = agent
        self.estimator.agent(agent, self.now())
        self.free.pop(agent_id, None)
        if agent.state is AgentState.READY:
            self.free[agent_id] = None

    def look_for_work(self, agent_id: str) -> None:
        """Whoever is first in the router's order; ghosts on the way learn that their turn has come."""
        while agent_id in self.free:
            heads = [head for name in self.serves[agent_id] if (head := self.head(name))]
            if not heads:
                return
            first = min(heads, key=self.place)
            if first.ghost:
                first.ghost.wait, first.ghost = self.at - first.came, None
            else:
                self.lines[first.call.queue].popleft()
                self.waiting[first.call.queue] -= 1
                self.take(agent_id, first)

    def place(self, caller: Caller) -> tuple[bool, float, float]:
        queue = self.queues[caller.call.queue]
        return (not queue.emergency, (caller.came - self.at) / queue.target_seconds, caller.came)

    def head(self, name: str) -> Caller | None:
        """The first who stands there still, himself or his ghost."""
        line = self.lines[name]
        while line and line[0].gone and not line[0].ghost:
            line.popleft()
        return line[0] if line else None

    def step(self, number: int) -> None:
        """Another number of agents is on duty from now on; who talks leaves after the talk."""
        seconds, wanted = self.case.steps[number % len(self.case.steps)]
        self.after(seconds * HANDLE_SECONDS, partial(self.step, number + 1))
        self.stepped = self.at
        for index, agent_id in enumerate(self.agents):
            duty = Duty.READY if index < wanted else Duty.OFF
            if self.agents[agent_id].duty is not duty:
                self.declare(agent_id, duty)


def _an_agent(agent_id: str, serves: tuple[str, ...]) -> Agent:
    skills = tuple((f"desk:{name}", 1) for name in serves)
    profile = AgentProfile(agent_id=agent_id, name="", grade=Grade.DISPATCHER, skills=skills, extension="1")
    return agents.reached(agents.off_duty(profile, START), True)


def _a_queue(name: str, target_seconds: float) -> Queue:
    return Queue(
        queue_id=name,
        label="",
        extension="",
        target_seconds=target_seconds,
        target_share=0.8,
        emergency=name == EMERGENCY,
    )

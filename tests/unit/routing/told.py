"""A centre for tests of the estimate: tells an estimator what happens, as the engine does."""

from __future__ import annotations

from datetime import datetime

from routing import agent as agents
from routing.agent import Agent
from routing.estimate import Estimate, Estimator, Expectation
from routing.pace import SELDOM
from routing.waiting import Queue
from tests.builders import NOON, a_queue, a_waiting_call, an_agent, seconds

HANDLE = 300.0
"""The configured mean handle time, in seconds."""


def qlm(size: float, ahead: int, leaving: float = SELDOM) -> float:
    """The expected wait (s) with so many agents and callers ahead; ``leaving`` per second before anybody has left."""
    return sum(1 / (size / HANDLE + left * leaving) for left in range(ahead + 1))


class Centre:
    """``at`` counts seconds from NOON."""

    def __init__(self, *queues: Queue) -> None:
        self.queues = {queue.queue_id: queue for queue in queues or (a_queue(),)}
        self.estimator = Estimator(self.queues, {}, HANDLE)
        self.agents: dict[str, Agent] = {}
        self.at = 0.0
        self.calls = 0

    @property
    def now(self) -> datetime:
        return NOON + seconds(self.at)

    def set(self, agent: Agent) -> None:
        self.agents[agent.profile.agent_id] = agent
        self.estimator.agent(agent, self.now)

    def on_duty(self, count: int, skills: str = "", name: str = "agent", talking: bool = True) -> None:
        for number in range(count):
            agent = an_agent(f"{name}{number}", skills)
            self.set(agents.answered(agent, f"before-{name}-{number}", self.now) if talking else agent)

    def caller(self, needs: str = "", waited: float = 0.0, queue: str = "general") -> str:
        self.calls += 1
        call_id = f"call-{self.calls:05}"
        came = self.now - seconds(waited)
        call = a_waiting_call(call_id, needs, queue=queue, queued_at=came, waiting_since=came)
        self.estimator.queued(call, self.now)
        return call_id

    def callers(self, count: int, needs: str = "", queue: str = "general") -> None:
        for number in range(count):
            self.caller(needs, waited=count - number, queue=queue)

    def expected(self) -> list[Expectation]:
        """What the last callers of each kind must expect."""
        return [self.estimator.expectation(kind, self.now) for kind in self.estimator.kinds()]

    def answer(self, agent_id: str, call_id: str) -> None:
        self.set(agents.answered(self.agents[agent_id], call_id, self.now))

    def put_down(self, agent_id: str) -> None:
        self.set(agents.woke(agents.released(self.agents[agent_id], self.now, 0.0), self.now))

    def asked(self, needs: str = "", queue: str = "general") -> Estimate:
        said = self.said(needs, queue)
        assert said is not None
        return said

    def said(self, needs: str = "", queue: str = "general") -> Estimate | None:
        """Somebody comes now and asks."""
        call = a_waiting_call("zz", needs, queue=queue, queued_at=self.now, waiting_since=self.now)
        return self.estimator.estimate(call, self.now)

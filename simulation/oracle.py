"""What does theory say of a queue of equal callers and equal agents? Erlang C, Erlang A and M/M/n/K, in closed form.

All from one recursion over the states "so many callers are in the centre", each weighed against the most likely one:
no factorial, no power, so 300 agents are as exact as 5. Checked against pyworkforce and published figures in
tests/simulation/test_oracle.py.

Sources: Gans, Koole, Mandelbaum 2003, "Telephone call centers", M&SOM 5:79-141 (Erlang C and B); Mandelbaum and Zeltyn
2007, "Service engineering in action: the Palm/Erlang-A queue" (Erlang A); Kleinrock 1975, Queueing Systems I, ch. 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

NEGLIGIBLE = 1e-15
"""States less likely than this, against the most likely one, are left out."""


@dataclass(frozen=True, slots=True)
class Theory:
    """The steady state of one queue; times in the unit in which its rates were given.

    ``lost`` is the share of all who come. The others are of those who enter: ``waited`` those not served at once,
    ``mean_wait`` over all of them, ``abandoned`` those who hang up. ``occupancy`` is the share of agents who talk.
    """

    lost: float
    waited: float
    mean_wait: float
    abandoned: float
    occupancy: float


def steady_state(
    arrivals: float, talk: float, agents: int, places: float = math.inf, patience: float = math.inf
) -> Theory:
    """``arrivals`` per unit of time, mean ``talk`` and mean ``patience`` (exponential both), ``places`` to wait.

    Raises ValueError for a queue without an end that nobody ever leaves: load not below the agents.
    """
    load = arrivals * talk
    if load >= agents and math.isinf(patience) and math.isinf(places):
        raise ValueError(f"the queue of {load:g} Erlang for {agents} agents grows without an end")
    states = _states(arrivals, talk, agents, places, patience)
    queue = states[agents:]
    full = states[agents + int(places)] if math.isfinite(places) and len(queue) > places else 0.0
    length = math.fsum(waiting * share for waiting, share in enumerate(queue))
    entering = arrivals * (1 - full)
    busy = math.fsum(state * share for state, share in enumerate(states[:agents])) + agents * math.fsum(queue)
    return Theory(
        lost=full,
        waited=(math.fsum(queue) - full) / (1 - full),
        mean_wait=length / entering,
        abandoned=length / patience / entering,
        occupancy=busy / agents,
    )


def served_within(target: float, arrivals: float, talk: float, agents: int, patience: float = math.inf) -> float:
    """The share of all callers that is answered within ``target``, places without limit.

    Mandelbaum and Zeltyn 2007: someone of endless patience who comes would wait longer than x with a probability in
    proportion to the integral from x on of exp(arrivals * patience * (1 - exp(-u / patience)) - agents * u / talk).
    """
    delayed = steady_state(arrivals, talk, agents, patience=patience).waited
    if math.isinf(patience):
        return 1 - delayed * math.exp(-(agents / talk - arrivals) * target)

    def density(wait: float) -> float:
        return math.exp(arrivals * patience * -math.expm1(-wait / patience) - agents * wait / talk)

    longest = talk / agents
    while density(longest) > NEGLIGIBLE:
        longest *= 2
    served = _integral(lambda wait: density(wait) * math.exp(-wait / patience), min(target, longest))
    return 1 - delayed * (1 - served / _integral(density, longest))


def _integral(of: Callable[[float], float], until: float, steps: int = 4000) -> float:
    """From 0 on, by Simpson's rule."""
    width = until / steps
    inner = math.fsum(of(step * width) * (4 if step % 2 else 2) for step in range(1, steps))
    return (of(0.0) + inner + of(until)) * width / 3


def _states(arrivals: float, talk: float, agents: int, places: float, patience: float) -> list[float]:
    """The probability of each number of callers in the centre, from 0 on."""

    def ending(state: int) -> float:
        return min(state, agents) / talk + max(0, state - agents) / patience

    mode = min(int(arrivals * talk), agents)
    while mode < agents + places and ending(mode + 1) < arrivals:
        mode += 1
    up, down = [1.0], [1.0]
    while up[-1] > NEGLIGIBLE and mode + len(up) <= agents + places:
        up.append(up[-1] * arrivals / ending(mode + len(up)))
    for state in range(mode, 0, -1):
        down.append(down[-1] * ending(state) / arrivals)
    weights = [*reversed(down[1:]), *up]
    whole = math.fsum(weights)
    return [weight / whole for weight in weights]

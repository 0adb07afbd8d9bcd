"""How fast does a menu go, and how long does a proof take? The machine alone on one core, then with callers.

Callers press what a seeded source draws in the sample's hotline; every lookup fails. Then a menu of 300 nodes in the
sample is checked, from the text of the file on. Then 50 callers are served over sockets (benchmarks/ivr_callers).
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.ivr_callers import step_p99_ms
from config.load import check, load
from config.located import read
from ivr.dialogue import AnswerFound, CallbackTaken, CallerFound, Digits, Found, Input, Silence, Started
from ivr.machine import begin, step
from ivr.menu import AnswerNode, CallbackNode
from ivr.secret import Secret
from ivr.session import MenuSession, Phase

SAMPLE = Path(__file__).parent.parent / "config" / "sample" / "assistline.yaml"
ROUNDS = 5
SESSIONS = 4000
LEVELS = 74
"""Of four nodes each, in the large menu."""
KEYS: list[Input] = [*(Digits(Secret(key)) for key in "1234567"), Digits(Secret("4242424242")), Silence()]
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def steps_per_second() -> float:
    """One round: sessions from the first step to the last."""
    configuration = load(SAMPLE)
    line, draw, steps = configuration.lines["hotline"], random.Random(4), 0
    menu = configuration.menus[line.menu or ""]
    began = time.process_time()
    for _ in range(SESSIONS):
        session, _ = step(begin(line, menu), Started(), NOW)
        steps += 1
        while session.phase is not Phase.ENDED:
            session, _ = step(session, following(session, draw), NOW)
            steps += 1
    return steps / (time.process_time() - began)


def following(session: MenuSession, draw: random.Random) -> Input:
    """What comes next: a key, or the failure of a lookup."""
    if session.phase is Phase.ASKING:
        return draw.choice(KEYS)
    match session.menu.nodes[session.node]:
        case AnswerNode():
            return AnswerFound(Found.FAILED)
        case CallbackNode():
            return CallbackTaken(False)
    return CallerFound(Found.FAILED)


def proof_seconds() -> float:
    """CPU time of `assistline check` over the sample with the large menu as that of one line."""
    whole = read(SAMPLE).values
    whole["menus"]["baku"] = a_large_menu()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.yaml"
        file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
        began = time.process_time()
        faults = check(file, NOW.date())
        taken = time.process_time() - began
    assert not faults, faults
    return taken


def a_large_menu() -> dict[str, Any]:
    """300 nodes: levels of choices, each below a lookup, an answer and a look at the clock."""
    nodes: dict[str, Any] = {
        "language": {
            "kind": "language",
            "prompts": ["choose-language"],
            "options": {"1": "ru", "2": "en"},
            "next": "a0",
        },
        "operator": {"kind": "queue", "queue": "operator"},
        "emergency": {"kind": "queue", "queue": "emergency"},
        "clinics": {"kind": "queue", "queue": "clinics"},
    }
    for level in range(LEVELS):
        after = f"a{level + 1}" if level + 1 < LEVELS else "clinics"
        nodes |= {
            f"a{level}": {"kind": "lookup", "found": f"b{level}", "unknown": f"c{level}", "failed": f"d{level}"},
            f"b{level}": {
                "kind": "answer",
                "about": "x",
                "answers": {"paid": ["claim-paid"], "open": ["claim-open"]},
                "next": f"d{level}",
                "otherwise": after,
            },
            f"c{level}": {"kind": "hours", "open": f"b{level}", "closed": f"d{level}"},
            f"d{level}": {"kind": "choice", "prompts": ["anything-else"], "options": {"1": after, "2": "language"}},
        }
    return {"start": "language", "operator": "operator", "emergency": "emergency", "nodes": nodes}


def main() -> None:
    """Print the medians, and as JSON at the end."""
    figures = {
        "steps_per_second": round(statistics.median(steps_per_second() for _ in range(ROUNDS))),
        "proof_nodes": len(a_large_menu()["nodes"]),
        "proof_seconds": round(statistics.median(proof_seconds() for _ in range(ROUNDS)), 2),
        "step_p99_ms": round(asyncio.run(step_p99_ms()), 1),
    }
    print(f"menu steps per second on one core  {figures['steps_per_second']:>10,}")
    print(f"check of a menu of {figures['proof_nodes']} nodes, s      {figures['proof_seconds']:>10}")
    print(f"step of 50 callers at once, p99, ms    {figures['step_p99_ms']:>10}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

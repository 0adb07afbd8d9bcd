"""Is the drawing in docs/call-states.md the transition table? A failure prints the drawing that should stand there."""

from __future__ import annotations

import re
from pathlib import Path

from calls.call import CallState
from calls.events import CallEnded
from calls.lifecycle import TRANSITIONS

PAGE = (Path(__file__).parents[3] / "docs" / "call-states.md").read_text(encoding="utf-8")


def drawing() -> str:
    """Every change of state as Mermaid; what leaves a state as it is, is not drawn."""
    edges: dict[tuple[CallState, CallState], list[str]] = {}
    for event, changes in TRANSITIONS.items():
        for before, after in changes.items():
            if before is not after and event is not CallEnded:
                edges.setdefault((before, after), []).append(event.__name__)
    names = [f'    state "{state}" as {_name(state)}' for state in CallState if state is not CallState.ENDED]
    arrows = [
        f"    {_name(before)} --> {_name(after)}: {', '.join(events)}"
        for (before, after), events in sorted(edges.items(), key=lambda edge: [*CallState].index(edge[0][0]))
    ]
    inner = "\n".join([*names, "    [*] --> menu: CallStarted", *arrows])
    return (
        f'stateDiagram-v2\n  state "a call" as call {{\n{inner}\n  }}\n  call --> ended: CallEnded\n  ended --> [*]\n'
    )


def _name(state: CallState) -> str:
    return state.value.replace("-", "_")


def test_every_state_can_end() -> None:
    """So that one arrow may stand for all."""
    assert TRANSITIONS[CallEnded] == dict.fromkeys([state for state in CallState if state.value != "ended"], "ended")


def test_the_page_draws_the_table() -> None:
    drawn = re.search(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    assert drawn and drawn[1] == drawing(), f"docs/call-states.md should hold:\n\n{drawing()}"


def test_the_page_tells_of_every_state_who_owns_the_call() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE) == list(CallState)

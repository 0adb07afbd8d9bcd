"""Which rows are at hand while facts are projected? Those of the calls and agents that the facts name."""

from __future__ import annotations

from collections.abc import Iterable

from storage.rows import KEYS, AgentRow, AgentStateRow, AlarmRow, CallbackRow, CallRow, Doing, Row, WaitRow

BUSY = frozenset({Doing.RINGING, Doing.TALK})


class Known:
    """Rows by what they are about: a call's row, alarm, promises and last wait, an agent's row and lasting state.

    ``changed`` gathers what was put after the start, the last version of each row, in the order of first change.
    """

    def __init__(self, stored: Iterable[Row] = ()) -> None:
        self.calls: dict[str, CallRow] = {}
        self.alarms: dict[str, AlarmRow] = {}
        self.callbacks: dict[str, CallbackRow] = {}
        self.agents: dict[str, AgentRow] = {}
        self.last_waits: dict[str, WaitRow] = {}
        self.states: dict[str, AgentStateRow] = {}
        self.changed: dict[tuple[object, ...], Row] = {}
        self.put(stored)
        self.changed.clear()

    def put(self, rows: Iterable[Row]) -> None:
        """Take rows in, each in place of the one with the same key."""
        for row in rows:
            self.changed[type(row), *(getattr(row, name) for name in KEYS[type(row)])] = row
            match row:
                case CallRow():
                    self.calls[row.call_id] = row
                case AlarmRow():
                    self.alarms[row.call_id] = row
                case CallbackRow():
                    self.callbacks[row.callback_id] = row
                case AgentRow():
                    self.agents[row.agent_id] = row
                case WaitRow():
                    last = self.last_waits.get(row.call_id)
                    if last is None or row.nth >= last.nth:
                        self.last_waits[row.call_id] = row
                case AgentStateRow() if row.until is None:
                    self.states[row.agent_id] = row

    def open_wait(self, call_id: str) -> WaitRow | None:
        """The wait that the caller is in."""
        wait = self.last_waits.get(call_id)
        return wait if wait and wait.ended is None else None

    def occupied_by(self, call_id: str) -> list[AgentStateRow]:
        """Agents who ring or talk for this call."""
        return [row for row in self.states.values() if row.call_id == call_id and row.state in BUSY]

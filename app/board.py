"""What does the live board show? The JSON of ``GET /api/v1/live`` as lines of text for a terminal of a given size.

Calm while all is well: colour, bars and marks appear with trouble, and never colour alone. Alarms stand on top, then
the queues; people and calls share what is left of the height, and what does not fit is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import zip_longest

from rich.console import Group
from rich.text import Text

from app.cells import Row, ago, count, figure, fit, moment, percent, row_in, rows_in, span, word
from routing.agent import NO_ANSWER

WIDE = 130
"""From so many columns on, people and calls stand side by side and the queues show the day's counts."""

LEFT_HALF = 80
LEAST_QUEUES, LEAST_BELOW = 3, 9
COUNTS = (("offered", 8), ("answered", 9), ("abandoned", 10), ("ASA", 7), ("ahead", 8))
"""``ahead`` is what the last caller has still to wait."""

AGENT_STATES: Mapping[str, tuple[str, str, str]] = {
    "ringing": ("◎", "yellow", "ringing"),
    "talking": ("◆", "cyan", "talking"),
    "wrap-up": ("◇", "cyan", "wrap-up"),
    "ready": ("●", "green", "ready"),
    "paused": ("‖", "yellow", "paused"),
    "offline": ("○", "bright_black", "off"),
}
CALL_STATES: Mapping[str, tuple[str, str]] = {
    "waiting": ("waiting", "yellow"),
    "fallback": ("waiting, by fallback", "red"),
    "last-resort": ("last resort", "red"),
    "ringing": ("ringing", "yellow"),
    "talk": ("talking", "cyan"),
    "fallback-talk": ("talking, by fallback", "cyan"),
    "menu": ("in the menu", ""),
    "survey": ("gives a mark", ""),
}
"""Glyph, colour and word of each state, in the order in which people and calls are shown."""

QUIET = "bright_black"
LOUD = "bold white on red"


def board(live: Row, width: int, height: int, zone: tzinfo = UTC) -> Group:
    """The whole board, at most ``height`` lines of ``width`` columns; times of day are in ``zone``."""
    now = moment(live, "at") or datetime.now(UTC)
    lines = [header(live, now, width, zone), *alarms(live, now, width), *left_by_menus(live, now), Text()]
    lines += queues(live, width, max(LEAST_QUEUES, height - len(lines) - LEAST_BELOW))
    room = height - len(lines) - 1
    if width >= WIDE:
        left = max(LEFT_HALF, width // 2 - 1)
        lines += [Text(), *beside(people(live, now, left, room), calls(live, now, width - left - 2, room), left)]
    elif room > 3:
        wanted = len(calls(live, now, width, room))
        above = people(live, now, width, room - min(wanted, room // 2) - 1)
        lines += [Text(), *above, Text(), *calls(live, now, width, room - len(above) - 1)]
    return Group(*(fit(line, width) for line in lines[:height]))


def header(live: Row, now: datetime, width: int, zone: tzinfo) -> Text:
    """Who and when; whether Asterisk is linked; since when the day is counted, if we started in the middle of it."""
    node, begun = row_in(live, "node"), moment(live, "counted_since")
    told = f"  {word(node, 'id')}  {now.astimezone(zone):%H:%M:%S}"
    if begun and begun.astimezone(zone).date() == now.astimezone(zone).date():
        told += f"  figures since {begun.astimezone(zone):%H:%M}"
    linked = Text.assemble("Asterisk connected ", ("●", "green"), " ")
    link = linked if node.get("connected") is True else Text(" ✕ ASTERISK NOT CONNECTED ", LOUD)
    left = Text.assemble((" Assistline", "bold"), (told, QUIET))
    return Text.assemble(fit(left, width - link.cell_len), link)


def alarms(live: Row, now: datetime, width: int) -> list[Text]:
    """Loud, oldest first, three at most; how to clear them stands below."""
    standing, labels = rows_in(live, "alarms"), labels_of(live, "queues", "queue")
    if not standing:
        return []
    lines = [Text()]
    for alarm in standing[:3]:
        queue = labels.get(word(alarm, "queue"), word(alarm, "queue"))
        since, call_id = ago(alarm, "at", now), word(alarm, "call_id")
        lines.append(fit(f" ▲ ALARM  {queue}: a caller left unanswered {since} ago   {call_id}", width, LOUD))
    more = f"{len(standing) - 3} more.  " if len(standing) > 3 else ""
    return [*lines, Text(f"   {more}Dial *9 to ring back the oldest, or: assistline clear CALL", "red")]


def left_by_menus(live: Row, now: datetime) -> list[Text]:
    """A line, if there is anything to tell: whom to ring back, and the share of callers who needed no agent."""
    promised, share = rows_in(live, "callbacks"), figure(row_in(live, "menus"), "contained_share")
    told = []
    if promised:
        told.append(Text(f"{len(promised)} to ring back, the oldest for {ago(promised[0], 'at', now)}", "yellow"))
    if share is not None:
        told.append(Text(f"resolved without an agent {percent(share)}", QUIET))
    return [Text.assemble(" ", Text("   ").join(told))] if told else []


def queues(live: Row, width: int, most: int) -> list[Text]:
    """A heading and a line a queue, at most ``most`` lines: emergency and the most endangered are never left out."""
    rows = rows_in(live, "queues")
    counts = COUNTS if width >= WIDE else ()
    bar = 24 if counts else 10
    label = max(10, min(30, width - 50 - bar - sum(size + 1 for _, size in counts)))
    columns = [(name, 6) for name in ("30 min", "today", "aim")] + list(counts)
    lines = [
        joined(
            fit(" Queues", label + 1, "bold"),
            fit("waiting", 7, QUIET, right=True),
            fit(" longest wait / target", bar + 19, QUIET),
            *(fit(name, size, QUIET, right=True) for name, size in columns),
        )
    ]
    chosen = sorted(rows, key=_urgency, reverse=True)[: len(rows) if len(rows) < most else most - 2]
    lines += [_queue(row, label, bar, bool(counts)) for row in rows if row in chosen]
    if len(chosen) < len(rows):
        lines.append(Text(f"   and {len(rows) - len(chosen)} more queues", QUIET))
    return lines


def _urgency(row: Row) -> tuple[bool, float]:
    return row.get("emergency") is True, (figure(row, "longest_wait_s") or 0.0) / (figure(row, "target_s") or 1.0)


def _queue(row: Row, label: int, bar: int, counts: bool) -> Text:
    waiting, longest, target = figure(row, "waiting"), figure(row, "longest_wait_s"), figure(row, "target_s")
    colour, state = _danger(longest, target)
    style = f"bold {colour}" if waiting else ""
    mark = "!" if row.get("emergency") is True else " "
    aim = figure(row, "target_share")
    cells = [
        fit(mark + (word(row, "label") or word(row, "queue")), label + 1, style),
        fit(count(waiting) if waiting else "·", 7, style or QUIET, right=True),
        Text(),
        _bar(longest, target, bar, colour),
        fit(Text.assemble((span(longest), style or QUIET), (f" / {span(target)} ", QUIET), (state, style)), 17),
        _level(figure(row, "service_level_30m"), aim),
        _level(figure(row, "service_level"), aim),
        fit(percent(aim), 6, QUIET, right=True),
    ]
    if counts:
        told = [count(figure(row, name)) for name in ("offered", "answered", "abandoned")]
        told.append(span(figure(row, "average_speed_of_answer_s")))
        told.append(span(figure(row, "expected_wait_s")) if waiting else "·")
        cells += [fit(value, size, right=True) for value, (_, size) in zip(told, COUNTS, strict=True)]
    return joined(*cells)


def _danger(longest: float | None, target: float | None) -> tuple[str, str]:
    """Colour and word of the longest wait: soon past half the target, late past it."""
    if longest is None or not target or longest <= target / 2:
        return "green", ""
    return ("red", "late") if longest > target else ("yellow", "soon")


def _bar(longest: float | None, target: float | None, size: int, colour: str) -> Text:
    """Full when the target is reached; nothing at all while nobody waits."""
    if longest is None or not target:
        return Text(" " * size)
    full = round(min(1.0, longest / target) * size)
    return Text.assemble(("━" * full, colour), ("─" * (size - full), QUIET))


def _level(level: float | None, aim: float | None) -> Text:
    below = level is not None and aim is not None and level < aim
    return fit(percent(level) + ("▼" if below else " "), 6, "yellow" if below else "", right=True)


def people(live: Row, now: datetime, width: int, height: int) -> list[Text]:
    """A heading with everybody by state, then as many people as there is room for, the busy ones first."""
    rows = sorted(rows_in(live, "agents"), key=lambda row: _place(AGENT_STATES, word(row, "state")))
    by_state = Counter(word(row, "state") for row in rows)
    heading = Text(" Agents", "bold")
    for state, (glyph, colour, name) in AGENT_STATES.items():
        if by_state[state]:
            heading = Text.assemble(heading, "  ", (glyph, colour), f" {by_state[state]} {name}")
    columns = max(1, min(width // 26, -(-len(rows) // max(1, height - 1))))
    size = (width - 1) // columns
    cells = _as_many([_agent(row, now, size - 2) for row in rows], columns * (height - 1), "and {} more")
    depth = -(-len(cells) // columns)
    grid = [Text.assemble(" ", *(fit(cell, size) for cell in cells[start::depth])) for start in range(depth)]
    return [heading, *grid][: max(0, height)]


def _agent(row: Row, now: datetime, size: int) -> Text:
    state, name = word(row, "state"), word(row, "name") or word(row, "agent_id")
    glyph, colour, _ = AGENT_STATES.get(state, ("?", "", ""))
    if state == "offline":
        return fit(f"{glyph} {name}", size, QUIET)
    no_phone = row.get("reachable") is False and state in ("ready", "paused")
    misses, note = figure(row, "misses"), word(row, "reason") if state == "paused" else ""
    if misses and state in ("ready", "ringing"):
        note = f"missed {misses:g}"
    if no_phone:
        note = "no phone"
    style = "red" if no_phone or note == NO_ANSWER else "yellow" if misses else QUIET
    end = Text.assemble(" ", (note, style), " " if note else "", (ago(row, "since", now), QUIET))
    return Text.assemble((glyph, colour), " ", fit(name, size - 2 - end.cell_len), end)


def calls(live: Row, now: datetime, width: int, height: int) -> list[Text]:
    """A heading with the calls by line, then as many as there is room for: emergencies, then who waits longest."""
    lines, names = labels_of(live, "lines", "line"), labels_of(live, "queues", "queue")
    names |= {word(row, "agent_id"): word(row, "name") for row in rows_in(live, "agents")}
    urgent = {word(row, "queue") for row in rows_in(live, "queues") if row.get("emergency") is True}

    def order(row: Row) -> tuple[int, bool, float]:
        return (
            _place(CALL_STATES, word(row, "state")),
            word(row, "queue") not in urgent,
            -(figure(row, "waited_s") or 0),
        )

    rows = sorted(rows_in(live, "calls"), key=order)
    by_line = Counter(lines.get(word(row, "line"), word(row, "line")) for row in rows)
    told = " · ".join(f"{line} {number}" for line, number in by_line.most_common()) or "none"
    heading = Text.assemble((" Calls", "bold"), f"  {len(rows)}  " if rows else "  ", (told, QUIET))
    body = [_call(row, lines, names, now, width) for row in rows]
    return [heading, *_as_many(body, height - 1, "   and {} more")][: max(0, height)]


def _call(row: Row, lines: Mapping[str, str], names: Mapping[str, str], now: datetime, width: int) -> Text:
    line, queue, agent = word(row, "line"), word(row, "queue"), word(row, "agent_id")
    doing, colour = CALL_STATES.get(word(row, "state"), (word(row, "state"), ""))
    waited = figure(row, "waited_s")
    rest = max(20, width - 16)
    whither = lines.get(line, line) + (f" → {names.get(queue, queue)}" if queue not in ("", line) else "")
    return joined(
        fit(f"   {whither}", rest // 2),
        fit(f"{doing}: {names.get(agent) or agent}" if agent else doing, rest - rest // 2, colour),
        fit(ago(row, "since", now) if waited is None else span(waited), 8, right=True),
        fit(word(row, "lang"), 4, QUIET, right=True),
    )


def beside(left: Sequence[Text], right: Sequence[Text], size: int) -> list[Text]:
    """Two columns; the left one is ``size`` wide."""
    return [Text.assemble(fit(one, size), "  ", other) for one, other in zip_longest(left, right, fillvalue=Text())]


def joined(*cells: Text) -> Text:
    return Text(" ").join(cells)


def labels_of(live: Row, rows: str, key: str) -> dict[str, str]:
    """What people call the rows, by id."""
    return {word(row, key): word(row, "label") or word(row, key) for row in rows_in(live, rows)}


def _place(order: Mapping[str, object], state: str) -> int:
    """The place of a state in its table; an unknown one comes last."""
    return [*order, state].index(state)


def _as_many(cells: list[Text], room: int, rest: str) -> list[Text]:
    """All of them, or as many as fit and a last one that counts the rest."""
    if len(cells) <= max(0, room):
        return cells
    return [*cells[: max(0, room - 1)], Text(rest.format(len(cells) - max(0, room - 1)), QUIET)]

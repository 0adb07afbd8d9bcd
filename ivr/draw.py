"""How does a menu look on paper? Its nodes and ways as a chart, written as Mermaid or as SVG.

The keys that work everywhere are not drawn: ``0`` and the emergency key lead from every question to the two nodes that
stand beside the start. The layout of the SVG is our own, nodes in rows by their distance from the start: what lays out
graphs well is either no pure Python (Graphviz) or under a licence that this project cannot take in (igraph, grandalf).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.graph import targets
from ivr.menu import LanguageNode, Menu, Node

WIDTH, HEIGHT, ACROSS, DOWN, MARGIN = 168, 46, 30, 64, 24
"""Pixels: of a box, between boxes side by side, between rows, around it all."""
SWEEPS = 4
"""How often the rows are put into the order of what they hang from; further sweeps change little."""

MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})

Taken = Mapping[tuple[str, str, str], int]
"""How many callers took a choice at a node of a menu: (menu, node, choice) -> callers."""

COLOURS = {"queue": "#cfe8cf", "last-resort": "#cfe8cf", "voicemail": "#cfe8cf", "callback": "#cfe8cf"}
COLOURS |= {"transfer": "#cfe8cf", "hangup": "#e4e4e4", "lookup": "#fbe7c0", "answer": "#fbe7c0", "hours": "#fbe7c0"}
COLOURS |= {"branch": "#fbe7c0"}
EMERGENCY, OTHER = "#f6c8c4", "#d6e4f5"
LEGEND = "font-family='sans-serif' font-size='12'"


@dataclass(frozen=True, slots=True)
class Arrow:
    """From node to node; ``label`` tells when it is taken, and by how many callers, if that is known."""

    source: str
    target: str
    label: str


def arrows(menu: Menu, taken: Taken) -> list[Arrow]:
    """The ways of a menu, several between the same two nodes as one."""
    labels: dict[tuple[str, str], list[str]] = {}
    for name, node in menu.nodes.items():
        for when, choice, target in _ways(node):
            count = taken.get((menu.menu_id, name, choice))
            labels.setdefault((name, target), []).append(f"{when} ({count})".strip() if count else when)
    return [Arrow(*ends, label=", ".join(filter(None, together))) for ends, together in labels.items()]


def _ways(node: Node) -> Iterator[tuple[str, str, str]]:
    """When, under which name history knows it, and where to."""
    if isinstance(node, LanguageNode):
        yield from ((f"{key} {lang}", lang, node.next) for key, lang in node.options.items())
        return
    for field, key, target in targets(node):
        yield key or ("" if field == "next" else field), target, target


def mermaid(menu: Menu, taken: Taken) -> str:
    """The chart as a Mermaid flowchart, as GitHub shows it."""
    ids = {name: f"n{index}" for index, name in enumerate(menu.nodes)}
    lines = ["flowchart TD", f'  call(("{menu.menu_id}")) --> {ids[menu.start]}']
    lines += [f"  {ids[name]}[{_quoted(chr(10).join(_text(name, node)))}]" for name, node in menu.nodes.items()]
    for arrow in arrows(menu, taken):
        label = f"|{_quoted(arrow.label)}|" if arrow.label else ""
        lines.append(f"  {ids[arrow.source]} -->{label} {ids[arrow.target]}")
    lines += [f"  style {ids[menu.emergency]} fill:{EMERGENCY}"]
    return "\n".join(lines) + "\n"


def svg(menus: list[Menu], taken: Taken) -> str:
    """The charts one below the other, as one SVG document."""
    drawn, height, width = [], MARGIN, 0
    for menu in menus:
        rows = _rows(menu)
        across = max(len(row) for row in rows) * (WIDTH + ACROSS) + 4 * MARGIN
        drawn.append(f"<g transform='translate(0 {height})'>{_chart(menu, rows, taken)}</g>")
        height += MARGIN + len(rows) * (HEIGHT + DOWN)
        width = max(width, across)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}' {LEGEND}>"
    arrow = "<marker id='to' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='8' markerHeight='8' orient='auto'>"
    defined = f"<defs>{arrow}<path d='M0 0 8 4 0 8Z' fill='#555'/></marker></defs>"
    white = f"<rect width='{width}' height='{height}' fill='white'/>"
    return "\n".join([head, defined, white, *drawn, "</svg>"]) + "\n"


def _chart(menu: Menu, rows: list[list[str]], taken: Taken) -> str:
    places = {
        name: (2 * MARGIN + column * (WIDTH + ACROSS), MARGIN + row * (HEIGHT + DOWN))
        for row, names in enumerate(rows)
        for column, name in enumerate(names)
    }
    keys = f"{menu.menu_id}: 0 {menu.operator}, {menu.emergency_key} {menu.emergency}, from everywhere"
    parts = [f"<text x='{2 * MARGIN}' y='8' font-weight='bold'>{_escaped(keys)}</text>"]
    parts += [_line(places[arrow.source], places[arrow.target], arrow.label) for arrow in arrows(menu, taken)]
    parts += [_box(menu, name, *places[name]) for name in places]
    return "\n".join(parts)


def _box(menu: Menu, name: str, x: int, y: int) -> str:
    node = menu.nodes[name]
    fill = EMERGENCY if name == menu.emergency else COLOURS.get(node.kind, OTHER)
    first, second = _text(name, node)
    return (
        f"<rect x='{x}' y='{y}' width='{WIDTH}' height='{HEIGHT}' rx='6' fill='{fill}' stroke='#555'/>"
        f"<text x='{x + 8}' y='{y + 19}' font-weight='bold'>{_escaped(first)}</text>"
        f"<text x='{x + 8}' y='{y + 36}'>{_escaped(second)}</text>"
    )


def _line(source: tuple[int, int], target: tuple[int, int], label: str) -> str:
    """Downwards from the lower edge to the upper one; to the right from side to side; back around the left side."""
    (x1, y1), (x2, y2) = source, target
    if y2 > y1:
        x1, y1, x2 = x1 + WIDTH // 2, y1 + HEIGHT, x2 + WIDTH // 2
        curve = f"M{x1} {y1}C{x1} {y1 + DOWN // 2} {x2} {y2 - DOWN // 2} {x2} {y2}"
    elif x2 > x1:
        x1, y1, y2 = x1 + WIDTH, y1 + HEIGHT // 2, y2 + HEIGHT // 2
        curve = f"M{x1} {y1}C{x1 + ACROSS} {y1} {x2 - ACROSS} {y2} {x2} {y2}"
    else:
        y1, y2, out = y1 + HEIGHT // 2, y2 + HEIGHT // 2, x2 - MARGIN
        curve = f"M{x1} {y1}C{out} {y1} {out} {y2} {x2} {y2}"
    text = f"<text x='{(x1 + 2 * x2) // 3 + 4}' y='{(y1 + 2 * y2) // 3}' fill='#333'>{_escaped(label)}</text>"
    return f"<path d='{curve}' fill='none' stroke='#555' marker-end='url(#to)'/>{text if label else ''}"


def _rows(menu: Menu) -> list[list[str]]:
    """Nodes by their distance from the start, each row in the order of what it hangs from."""
    rows, seen = [list(dict.fromkeys((menu.start, menu.operator, menu.emergency)))], set[str]()
    seen.update(rows[0])
    while True:
        below = [target for name in rows[-1] for *_, target in targets(menu.nodes[name]) if target not in seen]
        if not below:
            break
        rows.append(list(dict.fromkeys(below)))
        seen.update(below)
    rows += [[name] for name in menu.nodes if name not in seen]
    above = {name: [other for other in menu.nodes if name in _below(menu, other)] for name in menu.nodes}
    for _ in range(SWEEPS):
        column = {name: place for row in rows for place, name in enumerate(row)}
        for row in rows[1:]:
            row.sort(key=lambda name: sum(column[other] for other in above[name]) / (len(above[name]) or 1))
            column |= {name: place for place, name in enumerate(row)}
    return rows


def _below(menu: Menu, name: str) -> set[str]:
    return {target for *_, target in targets(menu.nodes[name])}


def _text(name: str, node: Node) -> tuple[str, str]:
    """The node's name, and in short what it is."""
    about = getattr(node, "queue", "") or getattr(node, "about", "") or getattr(node, "field", "") or ""
    return name, f"{node.kind} {about}".strip()


def _quoted(text: str) -> str:
    return '"' + _escaped(text).replace("\n", "<br>") + '"'


def _escaped(text: str) -> str:
    return text.translate(MARKUP)

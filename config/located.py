"""Where in the file does each value stand? YAML read with its places, and a collector of faults that knows them.

The scalars are those a reader expects: `101`, `0.8`, `true`, `null`. Everything else is text, so `+44…`, `0101`,
`09:00`, `no` and `off` mean what they say (YAML 1.1 would make other things of them). Keys are always text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from config.errors import Fault

Way = tuple[str | int, ...]
"""The keys and indexes that lead from the top of the file to a value."""

_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass
class Located:
    """One file: its plain values, the place (line, column, from 0) of each, and the faults found so far."""

    file: Path
    values: Any = None
    places: dict[Way, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, way: Way, reason: str, place: tuple[int, int] | None = None) -> None:
        """Note a fault at ``place``; without one at ``way``, or at the nearest thing around it that is in the file."""
        known = way
        while known and known not in self.places:
            known = known[:-1]
        line, column = place or self.places.get(known, (0, 0))
        self.faults.append(Fault(self.file, line + 1, column + 1, ".".join(map(str, way)), reason))


def read(file: Path, text: str | None = None) -> Located:
    """The file's values with their places; what cannot be read becomes a fault and leaves ``values`` None.

    A ``text`` that is given stands for what is in the file.
    """
    located = Located(file)
    try:
        tree = yaml.compose(file.read_text(encoding="utf-8") if text is None else text, Loader=yaml.SafeLoader)
    except OSError as refused:
        located.fault((), f"cannot be read ({refused.strerror}): give the path of a file that this user may read")
    except UnicodeDecodeError as wrong:
        located.fault((), f"is not UTF-8 text (byte {wrong.start}): save it as UTF-8")
    except yaml.reader.ReaderError as wrong:
        located.fault((), f"holds the character {wrong.character!r} that YAML forbids: take it out")
    except yaml.MarkedYAMLError as wrong:
        place = (wrong.problem_mark.line, wrong.problem_mark.column) if wrong.problem_mark else None
        context = f"{wrong.context}: " if wrong.context else ""
        located.fault((), f"is not YAML: {context}{wrong.problem}; look at the indents, colons and quotes here", place)
    except RecursionError:
        located.fault((), "is nested more deeply than any configuration: look for brackets that are not closed")
    else:
        if isinstance(tree, yaml.MappingNode):
            located.values = _value(tree, (), located, set())
        else:
            located.fault((), "must be a mapping of sections: start from config/sample/assistline.yaml")
    return located


def _value(node: yaml.Node, way: Way, located: Located, seen: set[int]) -> Any:
    """The plain value of a node; notes its place, and faults of what is not understood here."""
    located.places.setdefault(way, (node.start_mark.line, node.start_mark.column))
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if id(node) in seen:
        located.fault(way, "is an alias (*name), which is not understood here: write the value out")
        return None
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*way, index), located, seen) for index, item in enumerate(node.value)]
    assert isinstance(node, yaml.MappingNode)
    return _mapping(node, way, located, seen)


def _mapping(node: yaml.MappingNode, way: Way, located: Located, seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            located.fault(way, "has a key that is no plain word: use a word")
            continue
        key = key_node.value
        place = (key_node.start_mark.line, key_node.start_mark.column)
        if key in found:
            first = located.places[(*way, key)][0] + 1
            located.fault((*way, key), f"stands here a second time (first in line {first}): keep one", place)
            continue
        located.places[(*way, key)] = place
        found[key] = _value(value_node, (*way, key), located, seen)
    return found


def _scalar(node: yaml.ScalarNode) -> Any:
    text = node.value
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text

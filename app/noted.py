"""Which entries have changed since somebody asked? A mapping that notes each key that is set or taken out."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, MutableMapping, ValuesView
from typing import TypeVar

Value = TypeVar("Value")


class Noted(MutableMapping[str, Value]):
    """Writes through to ``values``; ``changed`` are the keys, in the order in which they changed, for the asker to
    clear. At first all are."""

    def __init__(self, values: MutableMapping[str, Value]) -> None:
        self._values = values
        self.changed = dict.fromkeys(self._values)

    def __getitem__(self, key: str) -> Value:
        return self._values[key]

    def __setitem__(self, key: str, value: Value) -> None:
        self._values[key] = value
        self.changed[key] = None

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self.changed[key] = None

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def items(self) -> ItemsView[str, Value]:
        """As of a dict: faster than one by one."""
        return self._values.items()

    def values(self) -> ValuesView[Value]:
        """As of a dict: faster than one by one."""
        return self._values.values()

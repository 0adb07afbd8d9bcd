"""How does what a caller typed stay out of logs, events and tracebacks? By a wrapper that shows nothing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """Digits that a caller typed. Printing, formatting and repr show no digit; ``reveal`` is the only way in."""

    _digits: str = field(repr=False)

    def reveal(self) -> str:
        """The digits themselves: for comparing and checking only."""
        return self._digits

"""What can be wrong with the history: one exception family for this folder."""

from __future__ import annotations


class StorageFault(Exception):
    """Something is wrong with what Assistline stores; the message says what, never whom it is about."""


class DatabaseAway(StorageFault):
    """The database cannot be reached, or refuses work at present; nothing was lost, it will be tried again."""


class RowRefused(StorageFault):
    """The database is there and will not take this row, however often it is tried."""

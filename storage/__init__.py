"""What lasts: the append-only history of events and its projections in SQL."""

from storage.migrations import migrate as migrate

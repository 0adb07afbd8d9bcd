"""What lasts: the append-only history of events and its projections in SQL."""

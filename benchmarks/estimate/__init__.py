"""How far off is the wait that we announce? `make bench ENTRY=estimate`."""

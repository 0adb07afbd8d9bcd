"""HTTP: the live view, health, and what other programs ask of us."""

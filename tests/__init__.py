"""Every test, and what tests share. A package of its own, since a library of the lock installs a `tests` too."""

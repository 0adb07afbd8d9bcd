"""What was measured? Tests hand in figures, and they stand in a table at the end of the run, passed or failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Measured = Callable[[str, str, str], None]
"""What was measured, the figure, and the bound it is held to ("" where there is none)."""

FIGURES = pytest.StashKey[list[tuple[str, str, str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[FIGURES] = []


@pytest.fixture(scope="session")
def measured(request: pytest.FixtureRequest) -> Measured:
    """Put a row into the table."""
    figures = request.config.stash[FIGURES]
    return lambda what, figure, bound: figures.append((what, figure, bound))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = terminalreporter.config.stash[FIGURES]
    if not figures:
        return
    widths = [max(len(row[column]) for row in figures) for column in range(2)]
    terminalreporter.section("measured")
    for what, figure, bound in figures:
        terminalreporter.line(f"{what:<{widths[0]}}  {figure:<{widths[1]}}  {bound}".rstrip())

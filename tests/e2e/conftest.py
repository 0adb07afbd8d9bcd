"""What do the tests share? A centre that runs for all tests of a file, and a table of what they have measured, at the
end of the run, passed or failed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from tests.e2e.centre import LiveCentre, live_centre

Measured = Callable[[str, str, str], None]
"""What was measured, the figure, and the bound it is held to ("" where there is none)."""

MEASURED = "measured"
"""The name under which a test's report carries its rows, also out of a process that runs some of the files."""


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Put a row into the table."""
    properties = request.node.user_properties
    return lambda what, figure, bound: properties.append((MEASURED, (what, figure, bound)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    figures = [
        row
        for report in sorted(reports, key=lambda report: str(getattr(report, "nodeid", "")))
        if getattr(report, "when", None) == "call"
        for name, row in report.user_properties
        if name == MEASURED
    ]
    if not figures:
        return
    widths = [max(len(row[column]) for row in figures) for column in range(2)]
    terminalreporter.section("measured")
    for what, figure, bound in figures:
        terminalreporter.line(f"{what:<{widths[0]}}  {figure:<{widths[1]}}  {bound}".rstrip())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LiveCentre]:
    """A centre for all tests of a file: the sample, and what the file's ``CHANGE`` does to its values."""
    async with live_centre(tmp_path_factory.mktemp("centre"), change=request.module.CHANGE) as centre:
        yield centre


@pytest_asyncio.fixture(loop_scope="module")
async def centre(house: LiveCentre) -> AsyncIterator[LiveCentre]:
    """The same for one test, after which all have put down and are off duty."""
    yield house
    await house.clear()

"""How does a new process go on from what history knows?"""

from __future__ import annotations

import pytest

from app.past import wait_end
from metrics.waits import WaitEnd
from storage.rows import WaitResult, WaitRow
from tests.builders import NOON


@pytest.mark.parametrize(
    ("result", "seconds", "end"),
    [
        (WaitResult.ANSWERED, 3.0, WaitEnd.ANSWERED),
        (WaitResult.TRANSFERRED, 60.0, WaitEnd.MOVED),
        (WaitResult.ABANDONED, 4.9, WaitEnd.SHORT_ABANDONED),
        (WaitResult.ABANDONED, 5.0, WaitEnd.ABANDONED),
        (WaitResult.FALLBACK, 2.0, WaitEnd.ABANDONED),
        (WaitResult.LAST_RESORT, 30.0, WaitEnd.ABANDONED),
    ],
)
def test_the_figures_count_a_stored_wait_as_they_would_have_counted_it_live(
    result: WaitResult, seconds: float, end: WaitEnd
) -> None:
    row = WaitRow(call_id="c", nth=1, queue="general", began=NOON, ended=NOON, result=result, wait_seconds=seconds)
    assert wait_end(row) is end

"""Does the list of seeded faults still fit the code? The faults themselves are hunted by `make mutants`."""

from __future__ import annotations

import pytest

from tests.mutants.faults import FAULTS, OTHER_PROCESS, Fault, occurrences
from tests.unit.routing import test_sequences
from tests.unit.routing.laws import ENDINGS, LAWS


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_text_of_each_fault_is_found_exactly_once(fault: Fault) -> None:
    assert occurrences(fault) == 1
    assert fault.new != fault.old


def test_each_law_is_broken_by_a_fault_and_each_fault_breaks_a_law() -> None:
    laws = {law.__name__ for law in (*LAWS, *ENDINGS)}
    broken = {fault.law for fault in FAULTS}
    assert hasattr(test_sequences, OTHER_PROCESS)
    assert broken - {OTHER_PROCESS} == laws

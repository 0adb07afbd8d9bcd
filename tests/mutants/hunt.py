"""A profile of hypothesis for `make mutants`: the first example that fails is enough, and every hunt goes alike."""

from __future__ import annotations

from hypothesis import Phase, settings

settings.register_profile("hunt", phases=[Phase.generate], database=None, derandomize=True, report_multiple_bugs=False)

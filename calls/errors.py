"""What can be wrong with the shared words of a call: one exception family for this folder."""

from __future__ import annotations


class CallFault(Exception):
    """Something said about a call makes no sense; the message tells what and where it came from."""


class BadNeeds(CallFault):
    """A text of needs could not be read; the expected form is ``lang:ru=3&desk:approvals=1``."""


class IllegalEvent(CallFault):
    """An event arrived that the call's present state does not allow; the call is left as it was."""

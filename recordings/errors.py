"""What can be wrong with a recording: one exception family for this folder."""

from __future__ import annotations


class RecordingFault(Exception):
    """A recording cannot be made of what was recorded; its legs are left where they are."""


class BadLegs(RecordingFault):
    """The legs' start times cannot all be right: together they would span more than any call does."""

"""What can go wrong between us and Asterisk, in words for an operator."""

from __future__ import annotations


class TelephonyError(Exception):
    """Asterisk could not be told, or did not do, what was asked."""


class AmiDown(TelephonyError):
    """There is no AMI connection; an action that was under way may have been done, and is never sent again."""


class AmiTimeout(TelephonyError):
    """Asterisk did not answer the action in time; it may still do it."""


class AmiRefused(TelephonyError):
    """Asterisk answered the action with an error; its own words are in the message."""


class AmiUnsafe(TelephonyError):
    """The action was not sent: a key or value holds CR, LF or NUL, is too long, or a header is not ours to set."""


class RenderUnsafe(TelephonyError):
    """A value of the configuration cannot stand in Asterisk's files; none of them was replaced."""

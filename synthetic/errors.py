"""What can go wrong with synthetic people, each said so that a test's reader knows where to look."""

from __future__ import annotations


class SyntheticError(Exception):
    """A synthetic caller or phone could not do what it was asked to do."""


class SippFailed(SyntheticError):
    """SIPp did not start, or ended while telephones still used it; its own last words follow."""


class RegistrationRefused(SyntheticError):
    """Asterisk refused a phone's REGISTER: the account is unknown or the password is wrong."""


class NotAnswered(SyntheticError):
    """The call ended, or the time ran out, before anyone answered."""


class NotHeard(SyntheticError):
    """The expected sound did not arrive in time; what arrived instead follows."""


class StillUp(SyntheticError):
    """The call did not end in the time allowed."""


class NotRung(SyntheticError):
    """The phone was not rung as often as expected in the time allowed."""

"""What can go wrong in an AGI session: one exception family for this folder."""

from __future__ import annotations


class AgiFault(Exception):
    """An AGI session could not go on; the dialplan keeps the caller and goes on without us."""


class AgiHangup(AgiFault):
    """The caller hung up, or Asterisk closed the connection: an ending, not an error."""


class AgiLate(AgiFault):
    """Asterisk did not answer a command within the command's own time; it is stuck, or the network is."""


class AgiMalformed(AgiFault):
    """The other side speaks something that is not AGI."""


class AgiRefused(AgiFault):
    """Asterisk refused a command: unknown, not permitted, wrongly used, or its subroutine is missing."""


class AgiUnsafe(AgiFault):
    """A command was not sent, since its words could be read by Asterisk as something else."""


class AgiOutOfTurn(AgiFault):
    """A command was not sent, since the session has not begun, is over, or still waits for the last reply."""


class UnknownLine(AgiFault):
    """The dialplan asked for the menu of a line that the configuration does not have: render it anew."""


class BadAnswer(AgiFault):
    """A table, a database or a service has said something of a caller that cannot be; it counts as a failure."""


class NotAsked(AgiFault):
    """A lookup has nobody who could be asked: no query in the configuration, or a table with faults."""


class SourceSlow(AgiFault):
    """A source of lookups has been slow of late: nobody is made to wait for it until it answers in time again."""


class TooManyWrongPins(AgiFault):
    """So many PINs of this clinic were wrong lately that none is checked: somebody may be trying them all."""

"""What can be wrong in a menu session: one exception family for this folder."""

from __future__ import annotations


class MenuFault(Exception):
    """A menu session was driven against its own rules; the caller goes on to the line's own queue."""


class IllegalInput(MenuFault):
    """An input came that the session did not wait for; the session is left as it was."""


class NotInMenu(MenuFault):
    """A node names another one that the menu does not have; the configuration was not checked."""


class NotUnderstood(MenuFault):
    """What was typed to try a menu means nothing here; nothing has happened."""


class Unspeakable(MenuFault):
    """There are no recorded pieces that would say this value in this language."""

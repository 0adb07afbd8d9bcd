"""What can stop the service, before it serves or later, each said to the operator in one sentence with what to do."""

from __future__ import annotations


class AppFault(Exception):
    """Assistline cannot start or go on as things are; the message names what is wrong and what to do about it."""


class RuntimeFault(AppFault):
    """A program that Assistline runs (Asterisk, SIPp, redis-server, …) is missing, too old or could not be fetched."""


class EnvironmentFault(AppFault):
    """The Python environment could not be made: no network, no space, or a package index that lacks what is locked."""


class SettingsFault(AppFault):
    """An environment variable has a value that cannot be used, or names a port that somebody else has."""


class PromptFault(AppFault):
    """Something that callers must hear could not be spoken or is not where Asterisk looks for it."""


class EngineFault(AppFault):
    """The engine has failed while it served; callers are in Asterisk's hands until the service is started again."""


class InboxFull(AppFault):
    """More has happened than the engine could handle; its giver must look at Asterisk again."""

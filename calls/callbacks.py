"""How is a promise to ring somebody back named? By the call in which it was made, and by its kind."""

from __future__ import annotations

from enum import StrEnum


class CallbackKind(StrEnum):
    """Why somebody is to be rung back: they asked for it in the menu, or they left a message."""

    CALLBACK = "callback"
    VOICEMAIL = "voicemail"


def callback_id(call_id: str, kind: CallbackKind) -> str:
    """The same for whoever hears of it, however often."""
    return f"{call_id}-{kind}"

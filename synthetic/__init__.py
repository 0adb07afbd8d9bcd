"""Who would call and who would answer? Synthetic callers and agents' phones.

SIPp signals, our own RTP speaks and listens. For the end-to-end tests, the benchmarks and `make demo`; the service
itself never imports it.
"""

from __future__ import annotations

from synthetic.dialog import Dialog, Ending
from synthetic.phone import Answer, Phone, Refusal, Ring
from synthetic.telephones import Telephones
from synthetic.tones import AnySound, Prompt, Silence, Tone

__all__ = [
    "Answer",
    "AnySound",
    "Dialog",
    "Ending",
    "Phone",
    "Prompt",
    "Refusal",
    "Ring",
    "Silence",
    "Telephones",
    "Tone",
]

"""Is there a text, in each language of the house, for whatever callers and agents may hear? A gap would be silence."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import yaml

import prompts
from config.forms import Broken, Written, nodes_of
from config.located import Way
from config.model import Configuration
from ivr.graph import words
from ivr.menu import CONFIRM_PROMPTS, DIGIT_PROMPTS, DIGITS, OPENS, STANDARD_PROMPTS, AnswerNode, GatherNode
from ivr.speech import GRAMMARS, pieces

HOUSE_PROMPTS = (
    *("agent-code-wrong", "agent-not-known", "agent-off", "agent-paused", "agent-ready", "all-agents-busy"),
    *("calling-in", "connecting-emergency", "joining-talk", "leave-message", "nobody-free", "nobody-to-ring-back"),
    *("or-zero-to-wait", "press-one-to-accept", "sorry-technical", "voicemail-thanks", "wake-reserve"),
    "whisper-emergency",
)
"""What the dialplan and the service say whatever is configured; without it Asterisk would hang up."""

TEXTS = Path(str(prompts.__file__)).parent

AMBULANCE_PROMPT = "ambulance-is"
"""What stands before the digits of a line's ambulance number."""


def phrases_have_texts(found: Configuration, written: Written) -> Broken:
    """What is said in every house, numbers among it, and what this configuration names."""
    have_texts = texts()
    for index, lang in enumerate(found.languages):
        have = have_texts.get(lang)
        needed = {*HOUSE_PROMPTS, *STANDARD_PROMPTS, *(f"lang-{other}" for other in found.languages)}
        needed |= pieces(lang) if lang in GRAMMARS else set()
        if have is not None and (lacking := sorted(needed - have)):
            yield ("languages", index), f"has no text for {', '.join(lacking)}: add it to prompts/{lang}.yaml"
    for way, prompt in _named(found):
        silent = [lang for lang in found.languages if prompt not in have_texts.get(lang, {prompt})]
        if silent:
            yield way, f"prompt {prompt!r} has no text in {', '.join(silent)}: add it to prompts/{silent[0]}.yaml"


def texts(folder: Path = TEXTS) -> dict[str, frozenset[str]]:
    """Language -> ids of the prompts that have a text in it now."""
    return _read(tuple((file, file.stat().st_mtime_ns) for file in sorted(folder.rglob("*.yaml"))))


@functools.lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> dict[str, frozenset[str]]:
    """The same files, unchanged, are read once: a service proves configurations for months."""
    found: dict[str, frozenset[str]] = {}
    for file, _ in files:
        phrases = frozenset(yaml.safe_load(file.read_text(encoding="utf-8"))["phrases"])
        found[file.stem] = found.get(file.stem, frozenset()) | phrases
    return found


def _named(found: Configuration) -> Iterator[tuple[Way, str]]:
    """Every prompt that something in the file makes somebody hear, and where."""
    for line_id, line in found.lines.items():
        spoken = {"greeting": line.greeting, "whisper": line.whisper}
        yield from ((("lines", line_id, field), prompt) for field, prompt in spoken.items() if prompt is not None)
        if line.ambulance is not None:
            yield from ((("lines", line_id, "ambulance"), prompt) for prompt in (AMBULANCE_PROMPT, *DIGIT_PROMPTS))
    for way, node in nodes_of(found):
        read_out = isinstance(node, AnswerNode) and any(prompt == DIGITS for _, prompt in words(node))
        filled_in = DIGITS if isinstance(node, AnswerNode) else OPENS
        yield from (((*way, *fields), prompt) for fields, prompt in words(node) if prompt != filled_in)
        if isinstance(node, GatherNode) and node.confirm:
            yield from (((*way, "confirm"), prompt) for prompt in CONFIRM_PROMPTS)
            read_out = True
        yield from ((way, prompt) for prompt in DIGIT_PROMPTS if read_out)

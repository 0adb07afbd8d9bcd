"""A menu with every kind of node, as an insurer's hotline might have it, and the words its tests are written in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from calls.needs import format_needs, parse_needs
from ivr.dialogue import (
    Answer,
    AnswerFound,
    Ask,
    CallbackTaken,
    CallerFound,
    CallerRecord,
    Command,
    Digits,
    End,
    Found,
    HungUp,
    Input,
    Opening,
    Say,
    Silence,
    Started,
    Verdict,
)
from ivr.machine import begin, step
from ivr.menu import (
    AnswerNode,
    BranchNode,
    CallbackNode,
    ChoiceNode,
    EndNode,
    GatherNode,
    HangupNode,
    Line,
    LookupNode,
    Menu,
    QueueNode,
    SayNode,
    SurveyNode,
    TransferNode,
    VoicemailNode,
)
from ivr.secret import Secret
from ivr.session import MenuSession, Phase
from tests.builders import NOON, a_line, a_menu

KAZAN = CallerRecord(region="kazan", lang="az", doctor="leila", numbers={"policy": Secret("79927398713")})
VIP = CallerRecord(vip=True)
WORDS: dict[str, Input] = {
    "-": Silence(),
    "hangup": HungUp(),
    "right": Answer(Verdict.RIGHT, "clinic:17"),
    "wrong": Answer(Verdict.WRONG),
    "failed": Answer(Verdict.FAILED),
    "timeout": Answer(Verdict.TIMEOUT),
    "kazan": CallerFound(Found.FOUND, KAZAN),
    "vip": CallerFound(Found.FOUND, VIP),
    "stranger": CallerFound(Found.UNKNOWN),
    "no-record": CallerFound(Found.FAILED),
    "late-record": CallerFound(Found.TIMEOUT),
    "paid": AnswerFound(Found.FOUND, "paid"),
    "ring": AnswerFound(Found.FOUND, "ring", Secret("842")),
    "nonsense": AnswerFound(Found.FOUND, "nonsense"),
    "nothing-to-ring": AnswerFound(Found.FOUND, "ring"),
    "no-claim": AnswerFound(Found.UNKNOWN),
    "no-answer": AnswerFound(Found.FAILED),
    "late-answer": AnswerFound(Found.TIMEOUT),
    "promised": CallbackTaken(True),
    "refused": CallbackTaken(False),
}


def a_service_menu() -> Menu:
    """Who calls is looked up first; regions and trusted doctors branch off; everything else is a topic."""
    return Menu(
        menu_id="service",
        start="caller",
        operator="operator",
        emergency="emergency",
        nodes={
            "caller": LookupNode(found="by-region", unknown="policy", failed="topics"),
            "policy": GatherNode(
                prompts=("enter-policy",), field="policy", shortest=11, longest=11, check="luhn", next="insured"
            ),
            "insured": LookupNode(field="policy", found="by-region", unknown="topics", failed="topics"),
            "by-region": BranchNode(by="region", options={"kazan": "by-doctor"}, otherwise="by-vip"),
            "by-doctor": BranchNode(by="doctor", options={"yes": "doctor"}, otherwise="topics"),
            "by-vip": BranchNode(by="vip", options={"yes": "care"}, otherwise="topics"),
            "doctor": QueueNode(queue="general", prompts=("your-doctor",)),
            "care": QueueNode(queue="general", needs=parse_needs("desk:care=5")),
            "topics": ChoiceNode(
                prompts=("topics",),
                options={"1": "documents", "2": "claim", "3": "ring-me", "4": "message", "5": "partner", "6": "offer"},
            ),
            "documents": SayNode(prompts=("documents-list",), next="more", answers=True),
            "more": ChoiceNode(prompts=("anything-else",), options={"1": "documents", "2": "topics", "3": "bye"}),
            "claim": GatherNode(
                prompts=("enter-claim",),
                field="claim",
                shortest=4,
                longest=6,
                pattern="7XX.",
                confirm=True,
                next="status",
            ),
            "status": AnswerNode(
                about="claim",
                fields=("claim", "policy"),
                answers={"paid": ("claim-paid",), "ring": ("claim-open", "digits")},
                next="more",
                otherwise="sorry",
            ),
            "sorry": SayNode(prompts=("no-answer-now",), next="operator"),
            "ring-me": CallbackNode(queue="general", prompts=("will-ring",), otherwise="message"),
            "message": VoicemailNode(queue="general", prompts=("after-the-tone",)),
            "partner": TransferNode(number="+442079460150", queue="general", prompts=("partner",)),
            "offer": SayNode(prompts=("campaign",), next="topics"),
            "bye": HangupNode(prompts=("goodbye",)),
            "operator": QueueNode(queue="general"),
            "emergency": QueueNode(queue="emergency"),
        },
    )


def a_survey() -> Menu:
    """Two marks, then goodbye."""
    return Menu(
        menu_id="survey",
        start="pleased",
        operator="operator",
        emergency="emergency",
        nodes={
            "pleased": SurveyNode(prompts=("pleased",), next="solved"),
            "solved": SurveyNode(prompts=("solved",), next="bye"),
            "bye": HangupNode(prompts=("goodbye",)),
            "operator": QueueNode(queue="general"),
            "emergency": QueueNode(queue="emergency"),
        },
    )


def read(pressed: str) -> list[Input]:
    """``"1 - 2 # hangup"``: digits, silence, the hash key, the caller's hangup, what lookups say."""
    return [WORDS.get(word) or Digits(Secret(word)) for word in pressed.split()]


def said(commands: Iterable[Command]) -> str:
    """All that was said, in order: ``ru/welcome az/topics``, digits ``ru/4711``, moments ``ru/2026-03-09T09:00``."""
    spoken = [(one.lang, word) for one in commands if isinstance(one, Say | Ask) for word in one.prompts]
    return " ".join(f"{lang}/{_shown(word)}" for lang, word in spoken)


def _shown(word: str | Secret | Opening) -> str:
    if isinstance(word, Opening):
        return f"{word.at:%Y-%m-%dT%H:%M}"
    return word.reveal() if isinstance(word, Secret) else word


def the_end(commands: list[Command]) -> str:
    """Where the session ended, in one line: outcome, queue, language, needs, caller, preferred agent."""
    end = commands[-1]
    assert isinstance(end, End)
    parts = (end.outcome, end.queue, end.lang, format_needs(end.needs), end.caller, end.preferred)
    return " ".join(part for part in parts if part)


def walk(
    pressed: str, menu: Menu | None = None, line: Line | None = None, now: datetime = NOON
) -> tuple[MenuSession, list[Command]]:
    return walk_on(begin(line or a_line(), menu or a_menu()), pressed, now)


def walk_on(session: MenuSession, pressed: str, now: datetime = NOON) -> tuple[MenuSession, list[Command]]:
    commands: list[Command] = []
    for given in (Started(), *read(pressed)):
        session, following = step(session, given, now)
        commands += following
    while session.phase is Phase.ASKING and isinstance(session.menu.nodes[session.node], EndNode):
        session, following = step(session, Silence(), now)  # the last words are heard out
        commands += following
    return session, commands

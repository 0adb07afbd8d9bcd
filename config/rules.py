"""Does the configuration make sense as a whole? Rules over more than one value, each naming the place that breaks it.

A rule yields (way, reason). Names are looked up in the file as written, so that one broken entry is not blamed twice.
"""

from __future__ import annotations

from calls.needs import SKILL_FORM, Needs
from config.forms import Broken, Rules, Written, names, nodes_of
from config.located import Way
from config.model import Configuration
from config.phrases import phrases_have_texts, texts
from config.sources import BY_NUMBER, PARAMETERS, SqlSource
from config.sources import faults as faults_of_sources
from config.validation import instead
from ivr.menu import (
    AnswerNode,
    CallbackNode,
    EndNode,
    HangupNode,
    LanguageNode,
    LookupNode,
    QueueNode,
)
from routing.agent import Grade, can_serve


def references_exist(found: Configuration, written: Written) -> Broken:
    """Queues, menus and lines that are named somewhere."""
    for name, line in found.lines.items():
        yield from _named(written, "queues", line.queue, ("lines", name, "queue"))
        yield from _named(written, "menus", line.menu, ("lines", name, "menu"))
        yield from _named(written, "menus", line.survey, ("lines", name, "survey"))
    if "default_line" in written:
        yield from _named(written, "lines", found.default_line, ("default_line",))
    for way, node in nodes_of(found):
        if isinstance(node, EndNode) and not isinstance(node, HangupNode):
            yield from _named(written, "queues", node.queue, (*way, "queue"))


def lines_fit_their_kind(found: Configuration, written: Written) -> Broken:
    """A menu line has a menu, others nothing that only a menu reads; an emergency line has an emergency queue."""
    for name, line in found.lines.items():
        way = ("lines", name)
        if line.kind == "menu" and line.menu is None:
            yield way, "is of kind menu and has no menu: name one"
        for field in ("menu", "hours", "greeting") if line.kind != "menu" else ():
            if getattr(line, field) is not None:
                yield (*way, field), f"is for lines with a menu, and this one is of kind {line.kind}: take it out"
        if line.timezone is not None and not written["lines"][name].get("hours"):
            yield (*way, "timezone"), "is that of the line's hours, and it has none: take it out, or name hours"
        queue = found.queues.get(line.queue)
        if line.kind == "emergency" and queue is not None and not queue.emergency:
            yield (*way, "queue"), f"must be an emergency queue: set emergency: true in {line.queue}"


def languages_are_spoken(found: Configuration, written: Written) -> Broken:
    """Each language has prompts and a skill; lines and menus use only those."""
    for index, lang in enumerate(found.languages):
        if lang not in texts():
            yield ("languages", index), f"has no prompts: write prompts/{lang}.yaml, or take {lang} out"
        if f"lang:{lang}" not in found.skills:
            yield ("languages", index), f"has no skill: add lang:{lang} to skills"
    if not found.languages:
        yield ("languages",), "must name at least one language"
    for name, line in found.lines.items():
        if not line.languages:
            yield ("lines", name, "languages"), "must name at least one language"
        for index, lang in enumerate(line.languages):
            if lang not in found.languages:
                yield ("lines", name, "languages", index), f"{lang} is not among the languages of this configuration"
    for way, node in nodes_of(found):
        for key, lang in node.options.items() if isinstance(node, LanguageNode) else ():
            if lang not in found.languages:
                yield (*way, "options", key), f"{lang} is not among the languages of this configuration"


def skills_are_declared(found: Configuration, written: Written) -> Broken:
    """A skill that is spelt in two ways is met by nobody."""
    for skill in found.skills:
        if not SKILL_FORM.fullmatch(skill):
            yield ("skills", skill), "is no skill: write kind:name in small letters, as lang:ru"
    for name, agent in found.agents.items():
        yield from _skills(found, agent.skills, ("agents", name, "skills"))
        for skill in (skill for skill, _ in agent.skills if skill.startswith("grade:")):
            yield ("agents", name, "skills", skill), "a grade is no skill: set the agent's field grade"
    for name, queue in found.queues.items():
        yield from _skills(found, queue.needs, ("queues", name, "needs"))
    for name, line in found.lines.items():
        yield from _skills(found, line.needs, ("lines", name, "needs"))
        if line.region is not None and f"region:{line.region}" not in found.skills:
            yield ("lines", name, "region"), f"is not declared: add region:{line.region} to skills"
    for way, node in nodes_of(found):
        if isinstance(node, QueueNode | CallbackNode):
            yield from _skills(found, node.needs, (*way, "needs"))


def every_queue_can_be_served(found: Configuration, written: Written) -> Broken:
    """For each queue there is an agent who meets its needs; in which language, is for `config.proof` to say."""
    for queue_id, queue in found.queues.items():
        if not any(can_serve(agent, queue.needs) for agent in found.agents.values()):
            yield ("queues", queue_id), "no agent meets its needs: give an agent these skills, or ask for less"


def lookups_can_be_asked(found: Configuration, written: Written) -> Broken:
    """As `config.sources` says."""
    yield from faults_of_sources(found.lookups)


def queries_are_asked(found: Configuration, written: Written) -> Broken:
    """Each query of a database is asked by some menu, and told nothing that no menu could tell it."""
    told: dict[str, dict[str, set[str]]] = {"callers": {}, "answers": {}}
    for _, node in nodes_of(found):
        if isinstance(node, LookupNode):
            told["callers"][node.field or BY_NUMBER] = {"value"}
        if isinstance(node, AnswerNode):
            told["answers"].setdefault(node.about, {"region"}).update(node.fields)
    for name, source in (("callers", found.lookups.callers), ("answers", found.lookups.answers)):
        for key, query in source.queries.items() if isinstance(source, SqlSource) else ():
            way: Way = ("lookups", name, "queries", key)
            if key not in told[name]:
                yield way, f"is asked by no menu: take it out{instead(key, told[name])}"
                continue
            for parameter in sorted(set(PARAMETERS.findall(query)) - told[name][key]):
                known = ", ".join(f":{one}" for one in sorted(told[name][key]))
                yield way, f"asks for :{parameter}, and is told {known} only"


RULES: Rules = {
    references_exist: ("queues", "lines", "default_line"),
    lines_fit_their_kind: (),
    languages_are_spoken: ("languages", "skills"),
    phrases_have_texts: ("languages",),
    skills_are_declared: ("skills",),
    every_queue_can_be_served: ("agents",),
    lookups_can_be_asked: (),
    queries_are_asked: ("menus",),
}


def _named(written: Written, section: str, name: str | None, way: Way) -> Broken:
    if name is not None and name not in names(written, section):
        yield way, f"names {name!r}, which is not among the {section}: {', '.join(names(written, section))}"


def _skills(found: Configuration, levels: Needs, way: Way) -> Broken:
    for skill, _ in levels:
        kind, _, name = skill.partition(":")
        if kind == "grade" and name not in list(Grade):
            yield (*way, skill), f"there is no such grade: take one of {', '.join(Grade)}"
        if kind != "grade" and skill not in found.skills:
            yield (*way, skill), "is not declared: add it to skills with a label, or correct its spelling"

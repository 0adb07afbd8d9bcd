"""Where can each node of a menu lead, and what can it say?"""

from __future__ import annotations

from ivr.menu import AnswerNode, BranchNode, ChoiceNode, Node


def targets(node: Node) -> tuple[tuple[str, str, str], ...]:
    """The nodes that this one can lead to by itself or by its own options: (field, key, node); ``key`` may be empty."""
    named = ("next", "again", "verified", "unverified", "open", "closed", "found", "unknown", "failed", "otherwise")
    found = [(field, "", getattr(node, field)) for field in named if hasattr(node, field)]
    if isinstance(node, ChoiceNode | BranchNode):
        found += [("options", key, target) for key, target in node.options.items()]
    return tuple(found)


def words(node: Node) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The prompts that this node may have said, each with the fields that lead to it."""
    if isinstance(node, AnswerNode):
        return tuple(
            (("answers", answer, str(index)), prompt)
            for answer, prompts in node.answers.items()
            for index, prompt in enumerate(prompts)
        )
    return tuple((("prompts", str(index)), prompt) for index, prompt in enumerate(getattr(node, "prompts", ())))

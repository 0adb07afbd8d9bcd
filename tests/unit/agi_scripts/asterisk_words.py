"""How does Asterisk 22 take a command line apart? The rules of `parse_args` in its res_agi.c, told anew for tests."""

from __future__ import annotations

MAX_ARGS = 128


def asterisk_words(line: str) -> list[str]:
    """The words that Asterisk sees in one line (without the line feed)."""
    words: list[str] = []
    quoted = escaped = False
    between = True
    for letter in line:
        if letter == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append("")
                between = False
        elif letter in " \t" and not quoted and not escaped:
            between = True
        elif letter == "\\" and not escaped:
            escaped = True
        else:
            if between:
                words.append("")
                between = False
            words[-1] += letter
            escaped = False
    assert len(words) < MAX_ARGS
    return words

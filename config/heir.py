"""Where do callers go on whose queue is gone from the configuration while they are with us?"""

from __future__ import annotations

from config.model import Configuration


def heir(now: Configuration, line: str, *, emergency: bool) -> str:
    """The queue instead: an emergency queue for those of one, else the line's own; that of the default line at last."""
    if emergency:
        for queue in now.queues.values():
            if queue.emergency:
                return queue.queue_id
    return now.lines.get(line, now.lines[now.default_line]).queue

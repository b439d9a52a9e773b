"""How work that has several parts tells how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
# Told what is being done, how much of it is, and how much there is in all.
NamedProgress = Callable[[str, int, int], None]


def name_progress(progress: NamedProgress | None, what: str) -> Progress | None:
    """What one part tells, done and in all, under a name; None where nobody wants to know."""
    return None if progress is None else lambda done, total: progress(what, done, total)

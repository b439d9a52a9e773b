"""How long work tells how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
# Told what is being done, how much of it is, and how much there is in all.
NamedProgress = Callable[[str, int, int], None]

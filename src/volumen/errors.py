"""What can go wrong, as a tree; every error is ours and also the builtin one that callers expect.

VolumenError
├── ConfigError (ValueError)          a recipe, an override or an option is wrong
├── UnknownNameError (LookupError)    a name that no table knows; carries the nearest names
├── ShapeError (ValueError)           a shape, tile, overlap or box does not fit
├── DataError (ValueError)            cases, labels or voxel values that cannot be used
├── FormatError (OSError)             a file that cannot be read as what it claims to be
├── MissingError (FileNotFoundError)  a file or folder that is not there
├── PlaceError (ConnectionError)      a host or bucket that does not answer or refuses
├── ExistsError (FileExistsError)     output that is there already
├── OutputError (OSError)             output that cannot be written: read-only, full
├── ModelError (ValueError)           a model or checkpoint that is foreign, truncated or unsafe
├── DeviceError (RuntimeError)        a device that was asked for and is absent
├── MemoryBudgetError (MemoryError)   out of memory; says what to lower
├── DivergedError (ArithmeticError)   the loss is no longer a number; says what to try
└── PartFailedError (RuntimeError)    some parts of a batch failed; the rest is done
"""

from collections.abc import Iterable
from difflib import get_close_matches


class VolumenError(Exception):
    """Base of everything this package raises on purpose: one line that says what to do."""

    exit_code = 2


class ConfigError(VolumenError, ValueError):
    """A recipe, an override or an option is wrong."""


class UnknownNameError(VolumenError, LookupError):
    """A name that no table knows."""


class ShapeError(VolumenError, ValueError):
    """A shape, tile, overlap or box does not fit."""


class DataError(VolumenError, ValueError):
    """Cases, labels or voxel values that cannot be used."""


class FormatError(VolumenError, OSError):
    """A file that cannot be read as what it claims to be."""


class MissingError(VolumenError, FileNotFoundError):
    """A file or folder that is not there."""


class PlaceError(VolumenError, ConnectionError):
    """A host or bucket that does not answer or refuses."""


class ExistsError(VolumenError, FileExistsError):
    """Output that is there already."""


class OutputError(VolumenError, OSError):
    """Output that cannot be written."""


class ModelError(VolumenError, ValueError):
    """A model or checkpoint that is foreign, truncated or unsafe."""


class DeviceError(VolumenError, RuntimeError):
    """A device that was asked for and is absent."""


class MemoryBudgetError(VolumenError, MemoryError):
    """Memory ran out."""


class DivergedError(VolumenError, ArithmeticError):
    """The loss is no longer a number."""


class PartFailedError(VolumenError, RuntimeError):
    """Some parts of a batch failed; the rest is done."""

    exit_code = 1


def suggest_nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}"

"""What libraries raise while they read a file, said in one line of ours."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from volumen.errors import FormatError, MemoryBudgetError, OutputError, VolumenError

# Damaged bytes make decoders and parsers fail in every one of these ways: tifffile raises most of them when bytes of a
# file are changed at random, imagecodecs' own errors are RuntimeErrors, and XML that cannot be parsed is a SyntaxError.
_BUILTIN = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, SyntaxError, TypeError, ValueError)
_DAMAGE = (*_BUILTIN, EOFError, OSError, RuntimeError, struct.error, zipfile.BadZipFile, zlib.error)


@contextmanager
def explain_reading(spec: str, kind: str, *more: type[Exception]) -> Iterator[None]:
    """Turn what goes wrong inside into a FormatError that names the file.

    Args:
        spec: the file.
        kind: what it claims to be.
        more: errors of the library that reads it which are none of Python's.
    """
    damage: tuple[type[Exception], ...] = (*_DAMAGE, *more)
    try:
        yield
    except VolumenError:
        raise
    except MemoryError as error:
        raise MemoryBudgetError(f"{spec}: the box does not fit in memory; read a smaller one") from error
    except damage as error:
        raise FormatError(f"{spec} cannot be read as {kind}: {shorten_message(error)}") from error


@contextmanager
def explain_writing(spec: str) -> Iterator[None]:
    """Turn what goes wrong inside into an OutputError that names the file."""
    try:
        yield
    except VolumenError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(f"{spec} cannot be written: {shorten_message(error)}") from error


def shorten_message(error: BaseException) -> str:
    """The first line of a message, without the dump of settings that tensorstore adds."""
    text = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    return text.splitlines()[0].split(" [tensorstore_spec=")[0][:300]

"""Packages that not every installation has."""

from importlib.util import find_spec

from volumen.errors import FormatError


def import_extra(package: str, extra: str, spec: str) -> None:
    """Say what to install when a package is missing that reads a volume."""
    if find_spec(package) is None:
        raise FormatError(f"{spec} needs {package}, which is not installed: pip install 'volumen[{extra}]'")

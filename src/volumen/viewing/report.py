"""One self-contained HTML file from a report, and the sections that most reports have."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from volumen.viewing.curves import Number
from volumen.viewing.page import render_page
from volumen.viewing.sections import Column, Report, TableSection, TextSection
from volumen.viewing.writing import write_whole

PACKAGES = ("volumen", "torch", "lightning", "numpy", "scipy", "scikit-image", "tensorstore", "tifffile", "pydantic")
MINUTE, HOUR = 60, 3600


def write_report(path: str | Path, report: Report) -> Path:
    """The file written: one HTML page with everything in it, no network needed, about 3 MB at most."""
    target = Path(path)
    page = render_page(report)
    with write_whole(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target


def show_recipe(text: str) -> TextSection:
    """The resolved recipe as it stands, folded away."""
    return TextSection("Recipe", text, verbatim=True, folded=True)


def list_environment() -> TableSection:
    """Versions of what runs now: Python, the system, processors, the packages that matter."""
    rows = [
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("processors", str(os.cpu_count() or "unknown")),
        *((name, _find_version(name)) for name in PACKAGES),
    ]
    caption = "As found on the machine that wrote this page, when it was written."
    return TableSection("Environment", (Column("what"), Column("version")), tuple(rows), caption=caption)


def format_duration(seconds: Number) -> str:
    """A time as people say it: 4.2 s, 3 min 5 s, 2 h 10 min."""
    if round(seconds, 1) < MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"

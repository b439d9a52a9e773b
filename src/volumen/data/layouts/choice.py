"""Which layout a folder has."""

from pathlib import Path

from volumen.config import Component, build_component
from volumen.data.layouts.layout import Layout
from volumen.errors import DataError, MissingError
from volumen.registry import list_names, load_named


def choose_layout(root: str, component: Component | None) -> Layout:
    """The layout that the recipe names, else the one that recognises the folder most surely."""
    is_remote = "://" in root
    if not is_remote and not Path(root).is_dir():
        raise MissingError(f"there is no folder {root}; give the one that holds the data, with --data or data.root")
    if is_remote and component is None:
        raise DataError(f"{root} is not on this machine, so its layout must be named: set data.layout")
    chosen = component or Component(name=recognise_layout(Path(root)))
    layout: Layout = build_component("layout", chosen)
    if is_remote and not layout.remote:
        raise DataError(f"{root}: {chosen.name} is looked for on this machine only; list its cases in data.cases")
    return layout


def recognise_layout(root: Path) -> str:
    """The name of the layout that a folder has."""
    known = {name: load_named("layout", name) for name in list_names("layout")}
    fitting = {name: layout.certainty for name, layout in known.items() if layout.recognise(root)}  # type: ignore[attr-defined]
    surest = [name for name, certainty in fitting.items() if certainty == max(fitting.values())]
    if not surest:
        raise MissingError(
            f"{root} has neither train_images/ with train_labels/ nor images/ with labels/, and is no data set known "
            f"here ({', '.join(known)}); name its layout with data.layout, or list its cases in data.cases"
        )
    if len(surest) > 1:
        raise DataError(f"{root} may be {' or '.join(surest)}; say which with data.layout")
    return surest[0]

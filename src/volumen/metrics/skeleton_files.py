"""Skeletons in small files: .npz, .json, .swc."""

import json
import operator
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, UInt64

from volumen.blocks import replace_path
from volumen.errors import FormatError, MissingError
from volumen.metrics.skeletons import Skeletons

ARRAYS = ("points", "edges", "objects")
SWC_COLUMNS = 7  # number, kind, x, y, z, radius, number of the point it hangs on or -1


def read_skeletons(path: str | Path, *, unit: float = 1.0) -> Skeletons:
    """Skeletons from a .npz, .json or .swc file, or from a folder of .swc.

    .npz and .json hold `points` (z y x), `edges` (pairs of places in points) and `objects` (one a point); a .npz that
    em_erl wrote is read too. An .swc is one object, named by the last number in its file name; its columns x y z are
    turned round.

    Args:
        path: the file or folder.
        unit: nm that 1 in the file stands for; 1000 for micrometres.
    """
    place = Path(path)
    if not place.exists():
        raise MissingError(f"no skeletons at {place}")
    if place.is_dir():
        skeletons = _join([_read_swc(file) for file in sorted(place.glob("*.swc"))], place)
    elif place.suffix in READERS:
        skeletons = READERS[place.suffix](place)
    else:
        raise FormatError(f"{place}: skeletons are read from {', '.join(READERS)} or a folder of .swc")
    return Skeletons(skeletons.points * unit, skeletons.edges, skeletons.objects)


def write_skeletons(path: str | Path, skeletons: Skeletons) -> None:
    """Keep skeletons as .npz, whole or not at all."""
    place = Path(path)
    if place.suffix != ".npz":
        raise FormatError(f"{place}: skeletons are written as .npz")
    arrays = {"points": skeletons.points, "edges": skeletons.edges, "objects": skeletons.objects}
    with replace_path(place) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _read_npz(path: Path) -> Skeletons:
    try:
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError) as error:
        raise FormatError(f"{path} is no .npz of plain arrays: {error}") from error
    return _build(_translate_em_erl(arrays) if "node_coords_zyx" in arrays else arrays, path)


def _translate_em_erl(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Our three arrays from those of em_erl's graphs."""
    return {
        "points": arrays["node_coords_zyx"],
        "edges": np.stack([arrays["edge_u"], arrays["edge_v"]], axis=1),
        "objects": arrays["skeleton_id"][arrays["node_skeleton_index"]],
    }


def _read_json(path: Path) -> Skeletons:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise FormatError(f"{path} is no JSON: {error}") from error
    return _build(held if isinstance(held, dict) else {}, path)


def _build(held: Mapping[str, Any], path: Path) -> Skeletons:
    missing = [name for name in ARRAYS if name not in held]
    if missing:
        raise FormatError(f"{path}: skeletons need {', '.join(ARRAYS)}; {', '.join(missing)} missing")
    if len(held["objects"]) != len(held["points"]):
        raise FormatError(f"{path}: {len(held['points'])} points need as many objects; got {len(held['objects'])}")
    try:
        points = np.asarray(held["points"], np.float64).reshape(-1, 3)
        edges = np.asarray(held["edges"], np.int64).reshape(-1, 2)
        objects = np.array([operator.index(label) for label in held["objects"]], np.uint64)
        return Skeletons(points, edges, objects)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{path}: points are n × 3 numbers, edges m × 2 places, objects n ids: {error}") from error


def _read_swc(path: Path) -> Skeletons:
    """One object; points keep the file's order."""
    lines = (line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
    try:
        rows = np.array([[float(word) for word in line[:SWC_COLUMNS]] for line in lines if line], np.float64)
        rows = rows.reshape(-1, SWC_COLUMNS)
    except ValueError as error:
        raise FormatError(f"{path} is no .swc, whose lines hold {SWC_COLUMNS} numbers: {error}") from error
    numbers = {int(number): place for place, number in enumerate(rows[:, 0])}
    edges = [(numbers.get(int(row[6]), -1), place) for place, row in enumerate(rows) if row[6] >= 0]
    if any(above < 0 for above, _ in edges):
        raise FormatError(f"{path}: a point hangs on one that the file lacks")
    return Skeletons(rows[:, [4, 3, 2]], np.array(edges, np.int64).reshape(-1, 2), _name_object(path, len(rows)))


def _name_object(path: Path, points: int) -> UInt64[np.ndarray, " points"]:
    named = re.findall(r"\d+", path.stem)
    if not named or not 0 < int(named[-1]) < 2**64:
        raise FormatError(f"{path}: the name of an .swc ends in the number of its object: 17.swc, neuron_17.swc")
    return np.full(points, int(named[-1]), np.uint64)


def _join(parts: Sequence[Skeletons], path: Path) -> Skeletons:
    if not parts:
        raise MissingError(f"no .swc in {path}")
    starts = np.cumsum([0, *(len(part.points) for part in parts)])
    points: Float64[np.ndarray, "points 3"] = np.concatenate([part.points for part in parts])
    edges = np.concatenate([part.edges + start for part, start in zip(parts, starts, strict=False)])
    return Skeletons(points, edges, np.concatenate([part.objects for part in parts]))


READERS = {".npz": _read_npz, ".json": _read_json, ".swc": _read_swc}

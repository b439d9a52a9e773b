"""Pyramids as OME-Zarr describes them: axes, units, and where each level lies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from volumen.errors import FormatError
from volumen.volumes.placement import Placement, parse_offset, parse_voxel_size
from volumen.volumes.units import find_nanometres

_OLD_AXES = "tczyx"  # of versions 0.1 and 0.2, which name none


@dataclass(frozen=True)
class Scale:
    """One level of a pyramid.

    Args:
        path: its folder.
        steps: edges of its voxels along every stored axis, in the axes' own units; None when the file does not say.
        start: where its first voxel is.
    """

    path: str
    steps: tuple[float, ...] | None
    start: tuple[float, ...]


@dataclass(frozen=True)
class Multiscale:
    """A pyramid, finest level first.

    Args:
        version: of OME-Zarr, as the file states it.
        axes: a letter for every stored axis.
        units: nanometres that the unit of each axis has; None for an unknown one.
        scales: the levels.
    """

    version: str
    axes: str
    units: tuple[float | None, ...]
    scales: tuple[Scale, ...]

    def place(self, scale: Scale) -> Placement:
        """Voxel size and offset of a level; None where the units are not known, or one of the axes is not stored."""
        if scale.steps is None:
            return None, None
        lengths = [
            None if unit is None else (step * unit, start * unit)
            for unit, step, start in zip(self.units, scale.steps, scale.start, strict=True)
        ]
        found = [lengths[self.axes.index(axis)] if axis in self.axes else None for axis in "zyx"]
        known = [pair for pair in found if pair is not None]
        if len(known) != len(found):
            return None, None
        return parse_voxel_size([step for step, _ in known]), parse_offset([start for _, start in known])


def parse_multiscale(attributes: Mapping[str, Any], place: str) -> Multiscale | None:
    """The first pyramid that a group's attributes describe; None when they describe none."""
    ome = attributes.get("ome")
    holder = ome if isinstance(ome, dict) and "multiscales" in ome else attributes
    listed = holder.get("multiscales")
    if not isinstance(listed, list) or not listed:
        return None
    try:
        return _parse(listed[0], str(holder.get("version") or listed[0].get("version") or "0.1"))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise FormatError(f"{place}: its multiscales are damaged: {type(error).__name__} {error}") from error


def _parse(described: Mapping[str, Any], version: str) -> Multiscale:
    systems = described.get("coordinateSystems")
    axes = described.get("axes") or (systems[0]["axes"] if systems else list(_OLD_AXES))
    named = [axis if isinstance(axis, dict) else {"name": axis} for axis in axes]
    units = tuple(find_nanometres(axis.get("unit")) for axis in named)
    common = described.get("coordinateTransformations")
    scales = [
        _parse_scale(dataset["path"], [*(dataset.get("coordinateTransformations") or ()), *(common or ())], len(named))
        for dataset in described["datasets"]
    ]
    return Multiscale(version, name_axes(named), units, tuple(scales))


def _parse_scale(path: str, transformations: Sequence[Mapping[str, Any]], count: int) -> Scale:
    """A level's steps and start after every transformation, applied in turn."""
    steps, start = [1.0] * count, [0.0] * count
    applied = _flatten(transformations)
    for kind, values in applied:
        numbers = [float(value) for value in values]
        if len(numbers) != count or not all(map(math.isfinite, numbers)):
            raise ValueError(f"a {kind} of {len(numbers)} numbers for {count} axes")
        if kind == "scale":
            steps = [step * factor for step, factor in zip(steps, numbers, strict=True)]
            start = [place * factor for place, factor in zip(start, numbers, strict=True)]
        else:
            start = [place + shift for place, shift in zip(start, numbers, strict=True)]
    scaled = any(kind == "scale" for kind, _ in applied)
    return Scale(path.strip("/"), tuple(steps) if scaled else None, tuple(start))


def _flatten(transformations: Sequence[Mapping[str, Any]]) -> list[tuple[str, Sequence[float]]]:
    """Scales and translations in the order they are applied; others are none of a voxel grid."""
    found: list[tuple[str, Sequence[float]]] = []
    for transformation in transformations:
        kind = transformation.get("type")
        if kind == "sequence":
            found += _flatten(transformation["transformations"])
        elif kind in {"scale", "translation"}:
            found.append((kind, transformation[kind]))
        elif kind != "identity":
            raise ValueError(f"a transformation of type {kind!r}; known are scale, translation and sequence")
    return found


def name_axes(axes: Sequence[Mapping[str, Any]]) -> str:
    """A letter for each axis: t, c, z, y or x by its name, else by its type, space in the order z y x."""
    letters = [str(axis["name"]).lower() for axis in axes]
    if all(letter in _OLD_AXES for letter in letters):
        return "".join(letters)
    spatial = sum(axis.get("type") == "space" for axis in axes)
    space = iter("zyx"[-spatial:] if spatial else "")
    by_type = {"time": "t", "channel": "c"}
    return "".join(
        next(space) if axis.get("type") == "space" else by_type.get(axis.get("type", ""), "?") for axis in axes
    )

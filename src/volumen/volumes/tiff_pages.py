"""Which axes the pages of a TIFF make, as tifffile, ImageJ and OME name them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from volumen.errors import FormatError, ShapeError
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.spec import Spec

if TYPE_CHECKING:
    import tifffile


def plan_pages(tif: "tifffile.TiffFile", spec: Spec) -> AxisPlan:
    """The plan of a TIFF's only stack.

    Channels are those that the file names. A single further axis is z whatever it is called, for many a stack is saved
    as a sequence of times.
    """
    if len(tif.series) != 1:
        raise FormatError(f"{spec.text} holds {len(tif.series)} images of different shapes; a volume is one stack")
    axes, shape = _read_axes(tif)
    plane = {axes.rfind("Y"), axes.rfind("X")}
    long = [number for number, extent in enumerate(shape) if number in plane or extent > 1]
    told = _name_long([axes[number] for number in long], spec)
    if told is None:
        found = tuple(shape[number] for number in long)
        raise ShapeError(
            f"{spec.text} has the shape {found} (axes {axes}); a volume has the axes z y x or c z y x: "
            "name them in order, as ?axes=czyx"
        )
    names = ["-"] * len(axes)
    for number, name in zip(long, told, strict=True):
        names[number] = name
    options = replace(spec.options, axes=None)
    return plan_axes("".join(names), shape, spec.text, options, keep_one_channel=False)


def _read_axes(tif: "tifffile.TiffFile") -> tuple[str, tuple[int, ...]]:
    """Names and extents of the only stack's axes, those of one voxel too; tifffile 2026.5.2 moved where they stand."""
    series: Any = tif.series
    if callable(series):
        stack = series(squeeze=False)[0]
        return stack.axes, stack.shape
    return series[0].get_axes(False), series[0].get_shape(False)  # noqa: FBT003 - tifffile's signature


def _name_long(axes: list[str], spec: Spec) -> str | None:
    """A letter for each axis of more than one voxel; None where that cannot be told."""
    others = [axis for axis in axes if axis not in "YX"]
    if "S" in axes:
        return None
    if spec.options.axes is not None:
        return spec.options.axes if len(spec.options.axes) == len(axes) else None
    if len(others) == 1 and others[0] != "C" and not (others[0] == "T" and spec.options.time is not None):
        return "".join("z" if axis in others else axis.lower() for axis in axes)
    return "".join(axes).lower() if set(axes) <= set("TCZYX") else None

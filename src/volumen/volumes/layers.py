"""Layers of a napari viewer as volumes."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from volumen.errors import DataError
from volumen.geometry import Box, to_shape
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.faults import explain_reading
from volumen.volumes.placement import Placement, parse_offset, parse_voxel_size
from volumen.volumes.spec import Options
from volumen.volumes.units import find_nanometres
from volumen.volumes.volume import Layout, ReadOnlyVolume, Storage, Volume, Voxels, check_dtype

_WITHOUT_VOXELS = {"Points", "Shapes", "Tracks", "Vectors", "Surface"}
_EDGE = 64


@runtime_checkable
class Layer(Protocol):
    """What a layer of images or labels has."""

    name: str
    data: Any
    scale: Any


class LayerVolume(ReadOnlyVolume):
    """A layer's data, wherever they lie: an array in memory, a lazy one, or the finest of a pyramid."""

    def __init__(self, spec: str, layout: Layout, *, data: Any, plan: AxisPlan) -> None:
        super().__init__(spec, layout)
        self._data = data
        self._plan = plan

    def describe(self) -> Storage:
        """How its voxels are kept."""
        return Storage(f"napari layer ({type(self._data).__name__})")

    def _read(self, box: Box) -> Voxels:
        with explain_reading(self.spec, "a layer"):
            voxels = self._plan.arrange(np.asarray(self._data[self._plan.index(box)]))
            return np.array(voxels, self.dtype, order="C")


def open_layers(source: object, *, unit: str | None = None) -> dict[str, Volume]:
    """Volumes by the names of their layers; points, shapes and others without voxels are left out.

    Args:
        source: a viewer, its layers, or one layer.
        unit: what the layers' scale counts, as "nm" or "µm", when the layers have no units of their own.
    """
    return {layer.name: open_layer(layer, unit=unit) for layer in _list_layers(source) if _has_voxels(layer)}


def open_layer(layer: Layer, *, unit: str | None = None) -> LayerVolume:
    """One layer; its voxel size is known only where its scale has a unit, or `unit` names one."""
    data = _find_finest(layer.data)
    spec = f"layer {layer.name}"
    shape = tuple(map(int, data.shape))
    is_colour = bool(getattr(layer, "rgb", False))
    names = "zyx"[-(len(shape) - 1) :] + "c" if is_colour else None
    plan = plan_axes(names, shape, spec, Options())
    dtype = check_dtype(data.dtype, spec)
    chunks = to_shape([min(_EDGE, extent) for extent in plan.volume_shape])
    layout = Layout(plan.volume_shape, dtype, chunks, plan.channels, *_read_placement(layer, unit))
    return LayerVolume(spec, layout, data=data, plan=plan)


def _list_layers(source: object) -> list[Layer]:
    found = getattr(source, "layers", source)
    layers = [found] if isinstance(found, Layer) else list(found) if isinstance(found, Iterable) else []
    strangers = [layer for layer in layers if not isinstance(layer, Layer)]
    if strangers or not layers:
        what = type(strangers[0] if strangers else source).__name__
        raise DataError(f"a viewer, its layers or a layer with data, scale and name is needed; got {what}")
    return layers


def _has_voxels(layer: Layer) -> bool:
    return not _WITHOUT_VOXELS & {kind.__name__ for kind in type(layer).__mro__}


def _find_finest(data: Any) -> Any:
    """The array itself, or the first of a pyramid's."""
    is_pyramid = isinstance(data, Sequence) and len(data) > 0 and hasattr(data[0], "dtype")
    return data[0] if is_pyramid else data


def _read_placement(layer: Layer, unit: str | None) -> Placement:
    """Nanometres from scale and translation; None without a unit, or with fewer than three axes."""
    own = [str(name) for name in getattr(layer, "units", None) or ()]
    units = [find_nanometres(name) for name in own[-3:]]
    if unit is not None and not any(units):
        units = [find_nanometres(unit)] * 3
    steps, starts = list(layer.scale)[-3:], list(getattr(layer, "translate", ()))[-3:]
    if len(units) < 3 or None in units or len(steps) < 3:  # noqa: PLR2004 - z y x
        return None, None
    voxel_size, offset = (
        [float(value) * length for value, length in zip(values, units, strict=False) if length is not None]
        for values in (steps, starts)
    )
    return parse_voxel_size(voxel_size), parse_offset(offset)

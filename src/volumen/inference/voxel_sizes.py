"""A volume at the voxel size that a model learned at, and labels back at the volume's own."""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Shaped

from volumen.data import find_scale
from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.inference.model import Model
from volumen.volumes import ResampledVolume, Scale, Volume, read_nearest, scale_shape

log = logging.getLogger(__name__)

# How much longer or shorter than learned the edge of a voxel may be before a user hears of it.
_UNLIKE = 0.1


@dataclass(frozen=True)
class SourceGrid:
    """The voxels of a source that a prediction at another voxel size stands for.

    Args:
        box: the part of the source.
        scale: source voxels along each edge of a predicted one.
        shape: predicted voxels that all of the source would have.
        voxel_size: the source's.
    """

    box: Box
    scale: Scale
    shape: Shape
    voxel_size: VoxelSize

    @property
    def part(self) -> Box:
        """The predicted voxels that touch the box."""
        axes = zip(self.box.start, self.box.stop, self.scale, self.shape, strict=True)
        ends = [(math.floor(start / step), min(math.ceil(stop / step), most)) for start, stop, step, most in axes]
        return Box(to_shape([min(low, high - 1) for low, high in ends]), to_shape([high for _, high in ends]))

    def cut(self, box: Box | None) -> "SourceGrid":
        """The same for a part of the box, counted from its start."""
        return self if box is None else replace(self, box=box.shift(self.box.start))

    def resample(self, source: Volume) -> Volume:
        """The source with the voxels that are predicted."""
        return ResampledVolume(source, self.scale)

    def bring_back(self, labels: Shaped[np.ndarray, "z y x"]) -> Shaped[np.ndarray, "z2 y2 x2"]:
        """Labels of every voxel of the box: those of the predicted voxel that holds its middle."""
        back = (1 / self.scale[0], 1 / self.scale[1], 1 / self.scale[2])
        start = self.part.start
        return read_nearest(lambda box: labels[box.relative_to(start).slices], self.shape, self.box, back)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "box": str(self.box),
            "scale": list(self.scale),
            "shape": list(self.shape),
            "voxel_size": list(self.voxel_size),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SourceGrid":
        """The grid that `to_dict` wrote down."""
        z, y, x = map(float, values["scale"])
        return cls(
            Box.parse(values["box"]), (z, y, x), to_shape(values["shape"]), VoxelSize.parse(values["voxel_size"])
        )


def find_source_grid(model: Model, source: Volume, part: Box) -> SourceGrid | None:
    """The grid to predict on and to go back from; None where the source is taken as it is.

    Args:
        model: whose recipe names the voxel size, where training brought all images to one.
        source: taken as it is where it does not say its voxel size.
        part: what is predicted, in voxels of the source.
    """
    wanted, own = model.voxel_size, source.voxel_size
    if wanted is None or own is None:
        _tell_unlike(model, source)
        return None
    scale = find_scale(own, wanted)
    return None if scale is None else SourceGrid(part, scale, scale_shape(source.shape, scale), own)


def match_grid(source: Volume, shape: Shape, voxel_size: VoxelSize | None) -> SourceGrid | None:
    """The grid that leads from a source to so many voxels of another size; None where none does.

    Args:
        source: what says its voxel size.
        shape: voxels that the whole source has at the other size.
        voxel_size: the other one.
    """
    own = source.voxel_size
    scale = None if own is None or voxel_size is None else find_scale(own, voxel_size)
    if own is None or scale is None or scale_shape(source.shape, scale) != shape:
        return None
    return SourceGrid(Box.whole(source.shape), scale, shape, own)


def _tell_unlike(model: Model, source: Volume) -> None:
    """Warns of a volume whose voxels are not as the model's were, or do not say."""
    learned, own = model.voxel_size or model.learned_voxel_size, source.voxel_size
    if model.voxel_size is not None:
        log.warning(
            "%s does not say its voxel size and is taken to have the model's %s nm; name it as ?voxel_size=z,y,x",
            source.spec,
            _write(model.voxel_size),
        )
    elif learned and own and any(abs(edge / old - 1) > _UNLIKE for edge, old in zip(own, learned, strict=True)):
        log.warning(
            "%s has voxels of %s nm, and %s learned on %s nm: what it knows has another size there; "
            "train with data.voxel_size to have volumes resampled",
            source.spec,
            _write(own),
            model.folder,
            _write(learned),
        )


def _write(voxel_size: VoxelSize) -> str:
    return " × ".join(f"{edge:g}" for edge in voxel_size)

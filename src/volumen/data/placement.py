"""Where a case's labels lie in its image, as the files say; cases of one voxel size."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from volumen.data.cases import Case
from volumen.errors import DataError
from volumen.geometry import Box, Shape, VoxelSize, to_shape
from volumen.volumes import Offset, Scale, Volume

logger = logging.getLogger(__name__)

# The share of a voxel by which an offset may miss whole voxels, and by which voxel sizes may differ unresampled.
_TOLERANCE = 0.01


def place_case(case: Case, image: Volume, labels: Mapping[str, Volume], masks: Mapping[str, Volume]) -> Case:
    """The case cut to where its labels are.

    A label or mask file whose shape is not the image's begins where it says, by its offset in nanometres; one that says
    nothing and is as large as the crop begins where the crop does. Where all are one slice as wide as an image of
    several layers, and none says at which, they stand for every layer. What nothing explains is left, for whoever
    checks the shapes.
    """
    if lie_flat(case, image, {**masks, **labels}):
        return replace(case, frame=replace(case.frame, flat=True))
    others = {spec: volume for spec, volume in {**masks, **labels}.items() if volume.shape != image.shape}
    found = {spec: find_start(case, image, volume) for spec, volume in others.items()}
    starts = {**case.frame.starts, **{spec: start for spec, start in found.items() if start is not None}}
    crop = case.frame.crop
    if crop is None and starts.keys() & labels.keys():
        crop = Box.whole(image.shape)
        for spec in starts.keys() & labels.keys():
            crop = crop.clip(Box.at(starts[spec], labels[spec].shape))
        logger.info("case %s: its labels lie in %s of the image", case.name, crop)
    return replace(case, frame=replace(case.frame, crop=crop, starts=starts))


def lie_flat(case: Case, image: Volume, volumes: Mapping[str, Volume]) -> bool:
    """Whether labels and masks are one slice for all layers of an image."""
    slices = [
        volume.shape == (1, *image.shape[1:]) and volume.offset is None and spec not in case.frame.starts
        for spec, volume in volumes.items()
    ]
    return image.shape[0] > 1 and bool(slices) and all(slices)


def find_start(case: Case, image: Volume, labels: Volume) -> Shape | None:
    """The image's voxel at which labels of another shape begin; None when nothing says."""
    if labels.spec in case.frame.starts:
        return case.frame.starts[labels.spec]
    voxel_size = labels.voxel_size or case.voxel_size or image.voxel_size
    if labels.offset is not None and voxel_size is not None:
        return _count_voxels(labels.offset, image.offset or (0.0, 0.0, 0.0), voxel_size)
    crop = case.frame.crop
    return crop.start if crop is not None and labels.shape == crop.shape else None


def rescale_cases(cases: Sequence[Case], voxel_size: VoxelSize) -> list[Case]:
    """The cases as they are cut at a common voxel size; one that does not say its own is an error."""
    unknown = [case.name for case in cases if case.voxel_size is None]
    if unknown:
        raise DataError(
            f"data.voxel_size is {list(voxel_size)} nm, and these cases do not say theirs: {', '.join(unknown)}; "
            "give it as the voxel_size of the layout, of the case, or in the spec (?voxel_size=z,y,x)"
        )
    return [_rescale_case(case, case.voxel_size or voxel_size, voxel_size) for case in cases]


def find_scale(own: VoxelSize, wanted: VoxelSize) -> Scale | None:
    """Voxels of one size along each edge of those of another; None where they are alike."""
    z, y, x = (new / old for new, old in zip(wanted, own, strict=True))
    return None if all(abs(step - 1) <= _TOLERANCE for step in (z, y, x)) else (z, y, x)


def _rescale_case(case: Case, own: VoxelSize, wanted: VoxelSize) -> Case:
    scale = find_scale(own, wanted)
    return replace(case, voxel_size=wanted, frame=case.frame if scale is None else replace(case.frame, scale=scale))


def _count_voxels(offset: Offset, origin: Offset, voxel_size: VoxelSize) -> Shape | None:
    """Whole voxels from one point to another; None when they are not whole."""
    steps = [(end - start) / edge for end, start, edge in zip(offset, origin, voxel_size, strict=True)]
    whole = to_shape([round(step) for step in steps])
    return whole if all(abs(step - number) <= _TOLERANCE for step, number in zip(steps, whole, strict=True)) else None

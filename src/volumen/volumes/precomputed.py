"""Neuroglancer's precomputed volumes; their axes are kept x y z channel."""

from typing import Any

from volumen.errors import FormatError, MissingError
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.faults import explain_reading
from volumen.volumes.placement import parse_offset, parse_voxel_size
from volumen.volumes.places import LocalPlace, Place, find_place, read_json
from volumen.volumes.spec import Spec
from volumen.volumes.store import Store, StoreVolume, explain_store, find_chunks, open_store
from volumen.volumes.volume import Layout, Storage, check_dtype

INFO = "info"

_AXES = "xyzc"
_ENCODINGS = ("raw", "jpeg", "png", "compressed_segmentation")


def open_precomputed(spec: Spec) -> StoreVolume:
    """A scale of a precomputed volume: the finest when no level is said."""
    place, level = find_place(spec), spec.level or 0
    scales = _read_scales(spec, place)
    if level >= len(scales):
        raise MissingError(f"{spec.text}: there is no level {level}; the levels are 0 to {len(scales) - 1}")
    scale = scales[level]
    store = Store("neuroglancer_precomputed", place, "precomputed", {"scale_index": level})
    with explain_store(store, spec.text):
        handle = open_store(store, cached=False)
        bare = plan_axes(_AXES, handle.shape, spec.text, spec.options, keep_one_channel=False)
        plan = AxisPlan(bare.names, bare.shape, bare.fixed, origin=tuple(handle.domain.origin))
        dtype = check_dtype(handle.dtype.numpy_dtype, spec.text)
        chunks, shards = find_chunks(handle, plan)
    layout = Layout(plan.volume_shape, dtype, chunks, plan.channels, *_read_placement(scale))
    levels = tuple(map(spec.name_level, range(len(scales))))
    storage = Storage(f"precomputed ({scale['encoding']})", shards, levels)
    return StoreVolume(spec.text, layout, store=store, plan=plan, storage=storage)


def _read_scales(spec: Spec, place: Place) -> list[dict[str, Any]]:
    """What the info file tells of every scale."""
    contents = place.read(INFO)
    if not contents and isinstance(place, LocalPlace) and not place.path.exists():
        raise MissingError(f"{spec.text} is not there")
    if not contents:
        raise FormatError(f"{spec.text} is no precomputed volume: it has no info file")
    scales = read_json(contents, INFO, place).get("scales")
    if not isinstance(scales, list) or not scales or not all(isinstance(scale, dict) for scale in scales):
        raise FormatError(f"{place}/info lists no scales; is it a mesh or a skeleton?")
    for scale in scales:
        if scale.get("encoding") not in _ENCODINGS:
            raise FormatError(
                f"{spec.text} is encoded as {scale.get('encoding')!r}; read are {', '.join(_ENCODINGS)}: "
                "convert it with its own tools"
            )
    return scales


def _read_placement(scale: dict[str, Any]) -> tuple[Any, Any]:
    """Nanometres by the format's definition; the offset is counted in voxels."""
    with explain_reading("info", "precomputed"):
        size = [float(edge) for edge in scale["resolution"]][::-1]
        start = [float(place) for place in scale.get("voxel_offset", (0, 0, 0))][::-1]
        offset = [place * edge for place, edge in zip(start, size, strict=True)]
        return parse_voxel_size(size), parse_offset(offset)

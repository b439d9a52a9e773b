"""Zarr v2 and v3 arrays, alone, in groups and in the pyramids of OME-Zarr."""

from dataclasses import dataclass

from volumen.errors import FormatError, MissingError, PlaceError
from volumen.volumes.axes import plan_axes
from volumen.volumes.multiscales import Multiscale, Scale, name_axes, parse_multiscale
from volumen.volumes.placement import Placement, read_array_placement
from volumen.volumes.places import LocalPlace, Place, find_place
from volumen.volumes.spec import Spec
from volumen.volumes.store import Store, StoreVolume, explain_store, find_chunks, open_store
from volumen.volumes.volume import Layout, Storage, check_dtype
from volumen.volumes.zarr_files import METADATA, Node, find_members, read_array, read_node


@dataclass(frozen=True)
class _Found:
    """An array, and the level of a pyramid that it is."""

    node: Node
    pyramid: Multiscale | None = None
    scale: Scale | None = None
    levels: tuple[str, ...] = ()


def open_zarr(spec: Spec, *, writable: bool = False) -> StoreVolume:
    """A Zarr array: one that is named, the only one of a group, or a level of a pyramid."""
    found = _find_array(spec, find_place(spec))
    node = found.node
    store = Store(node.driver, node.place, "Zarr")
    with explain_store(store, spec.text):
        handle = open_store(store, cached=False)
        plan = plan_axes(
            _name_axes(found), handle.shape, spec.text, spec.options, keep_one_channel=found.pyramid is None
        )
        dtype = check_dtype(handle.dtype.numpy_dtype, spec.text)
        chunks, shards = find_chunks(handle, plan)
    voxel_size, offset = _read_placement(found)
    layout = Layout(plan.volume_shape, dtype, chunks, plan.channels, voxel_size, offset)
    storage = Storage(_name_format(found), shards, found.levels)
    return StoreVolume(spec.text, layout, store=store, plan=plan, storage=storage, writable=writable)


def _find_array(spec: Spec, place: Place) -> _Found:
    """The array that a spec means."""
    node = read_node(place)
    if node is None:
        raise _explain_nothing(spec, place)
    if node.kind == "array":
        return _find_level(node) if spec.level is None else _refuse_level(spec, "an array")
    pyramid = parse_multiscale(node.attributes, str(place))
    if pyramid is not None:
        return _choose_level(spec, node, pyramid)
    if spec.level is not None and not _is_series(node):
        return _refuse_level(spec, "a group without multiscales")
    if _is_series(node):
        return _find_array(spec, place.join("0"))
    return _Found(_find_only(node))


def _choose_level(spec: Spec, node: Node, pyramid: Multiscale) -> _Found:
    count, level = len(pyramid.scales), spec.level or 0
    if level >= count:
        raise MissingError(f"{spec.text}: there is no level {level}; the levels are 0 to {count - 1}")
    scale = pyramid.scales[level]
    array = read_array(node.place.join(scale.path))
    if array is None:
        raise FormatError(f"{node.place} names its level {level} {scale.path!r}, and no array is there")
    return _Found(array, pyramid, scale, tuple(map(spec.name_level, range(count))))


def _find_level(node: Node) -> _Found:
    """An array, with what a pyramid around it says of it unless it speaks for itself."""
    if read_array_placement(node.attributes) != (None, None) or node.place.parent == node.place:
        return _Found(node)
    try:
        above = read_node(node.place.parent)
    except PlaceError:  # a server may hide what is above
        return _Found(node)
    pyramid = None if above is None else parse_multiscale(above.attributes, str(node.place.parent))
    scales = () if pyramid is None else pyramid.scales
    scale = next((scale for scale in scales if scale.path == node.place.name), None)
    return _Found(node) if scale is None else _Found(node, pyramid, scale)


def _find_only(node: Node) -> Node:
    """The only array of a group."""
    place, arrays = node.place, find_members(node)
    if arrays is None:
        raise FormatError(f"{place} is a group, and servers do not tell what is in one; name an array, as {place}/NAME")
    if len(arrays) == 1:
        return arrays[0]
    inside = [array.place.name for array in arrays] or [f"{name}/" for name in place.list_folders() or ()]
    named = ", ".join(str(place.join(name.rstrip("/"))) for name in inside) or "none"
    raise FormatError(f"{place} is a group of {len(arrays)} arrays; name one of them: {named}")


def _is_series(node: Node) -> bool:
    """Whether a group holds images by number, as converters write them."""
    ome = node.attributes.get("ome")
    return any(isinstance(holder, dict) and "bioformats2raw.layout" in holder for holder in (node.attributes, ome))


def _name_axes(found: _Found) -> str | None:
    if found.pyramid is not None:
        return found.pyramid.axes
    names = found.node.axes
    if names is None:
        return None
    letters = name_axes([{"name": name} for name in names])
    return None if "?" in letters else letters


def _read_placement(found: _Found) -> Placement:
    if found.pyramid is not None and found.scale is not None:
        return found.pyramid.place(found.scale)
    return read_array_placement(found.node.attributes)


def _name_format(found: _Found) -> str:
    plain = f"Zarr {found.node.version}"
    return plain if found.pyramid is None else f"OME-Zarr {found.pyramid.version} ({plain})"


def _refuse_level(spec: Spec, what: str) -> _Found:
    raise FormatError(f"{spec.text} is {what}, which has no levels; leave out @{spec.level}")


def _explain_nothing(spec: Spec, place: Place) -> Exception:
    if isinstance(place, LocalPlace) and not place.path.exists():
        return MissingError(f"{spec.text} is not there")
    return FormatError(f"{spec.text} is no Zarr: it has no {', '.join(METADATA[:2])} or {METADATA[2]}")

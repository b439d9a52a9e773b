"""N5 arrays, alone and in pyramids of s0, s1 …; their axes are kept x y z."""

from collections.abc import Mapping, Sequence
from typing import Any

from volumen.errors import FormatError, MissingError, PlaceError
from volumen.volumes.axes import AxisPlan, plan_axes
from volumen.volumes.multiscales import name_axes
from volumen.volumes.placement import Placement, read_array_placement
from volumen.volumes.places import LocalPlace, Place, find_place, read_json
from volumen.volumes.spec import Spec
from volumen.volumes.store import Store, StoreVolume, explain_store, find_chunks, open_store
from volumen.volumes.volume import Layout, Storage, check_dtype

ATTRIBUTES = "attributes.json"

_AXES = {2: "xy", 3: "xyz", 4: "xyzc"}
_MOST_LEVELS = 32


def open_n5(spec: Spec) -> StoreVolume:
    """An N5 array: one that is named, the only one of a group, or a level of a pyramid."""
    place, attributes, levels = _find_array(spec, find_place(spec))
    store = Store("n5", place, "N5")
    with explain_store(store, spec.text):
        handle = open_store(store, cached=False)
        names = _name_axes(handle.domain.labels)
        plan = plan_axes(names, handle.shape, spec.text, spec.options)
        dtype = check_dtype(handle.dtype.numpy_dtype, spec.text)
        chunks, shards = find_chunks(handle, plan)
    voxel_size, offset = _read_placement(place, attributes, plan)
    layout = Layout(plan.volume_shape, dtype, chunks, plan.channels, voxel_size, offset)
    return StoreVolume(spec.text, layout, store=store, plan=plan, storage=Storage("N5", shards, levels))


def _find_array(spec: Spec, place: Place) -> tuple[Place, Mapping[str, Any], tuple[str, ...]]:
    """The array a spec means, its attributes, and the levels of its pyramid."""
    attributes = _read_attributes(place)
    if attributes is not None and "dimensions" in attributes:
        if spec.level is not None:
            raise FormatError(f"{spec.text} is an array, which has no levels; leave out @{spec.level}")
        return place, attributes, ()
    scales = _list_scales(place, attributes or {})
    if scales:
        level = spec.level or 0
        if level >= len(scales):
            raise MissingError(f"{spec.text}: there is no level {level}; the levels are 0 to {len(scales) - 1}")
        found = place.join(scales[level])
        return found, _read_attributes(found) or {}, tuple(map(spec.name_level, range(len(scales))))
    return _find_only(spec, place)


def _list_scales(place: Place, attributes: Mapping[str, Any]) -> list[str]:
    """Folders of a pyramid's levels: as its attributes list them, else s0, s1 … as far as they go."""
    listed = attributes.get("multiscales")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        return [str(dataset["path"]) for dataset in listed[0].get("datasets", ()) if "path" in dataset]
    scales = []
    for level in range(_MOST_LEVELS):
        inside = _read_attributes(place.join(f"s{level}"))
        if inside is None or "dimensions" not in inside:
            break
        scales.append(f"s{level}")
    return scales


def _find_only(spec: Spec, place: Place) -> tuple[Place, Mapping[str, Any], tuple[str, ...]]:
    names = place.list_folders()
    if names is None:
        raise FormatError(
            f"{spec.text} is no N5 array, and servers do not tell what is inside; name one, as {place}/NAME"
        )
    if isinstance(place, LocalPlace) and not place.path.exists():
        raise MissingError(f"{spec.text} is not there")
    found = {name: attributes for name in names if (attributes := _read_attributes(place.join(name))) is not None}
    arrays = [name for name, attributes in found.items() if "dimensions" in attributes]
    if len(arrays) == 1:
        return place.join(arrays[0]), found[arrays[0]], ()
    inside = ", ".join(str(place.join(name)) for name in arrays or names) or "none"
    raise FormatError(f"{place} is a group of {len(arrays)} arrays; name one of them: {inside}")


def _name_axes(labels: Sequence[str]) -> str | None:
    """Letters of the axes: as the file names them, else x y z and channels."""
    if all(labels):
        letters = name_axes([{"name": label} for label in labels])
        return None if "?" in letters else letters
    return _AXES.get(len(labels))


def _read_placement(place: Place, attributes: Mapping[str, Any], plan: AxisPlan) -> Placement:
    """As the array says, in the order of its axes, else as the group says that holds the levels."""
    ordered = {
        "axes": list(plan.names),
        "units": attributes.get("units", ["nm"] * len(plan.names)),
        "scale": attributes.get("resolution"),
        "translate": attributes.get("offset"),
    }
    bare = {name: value for name, value in attributes.items() if name not in {"resolution", "offset", "units"}}
    own = read_array_placement({"transform": ordered, **bare})
    if own != (None, None):
        return own
    try:
        above = _read_attributes(place.parent) or {}
    except PlaceError:  # a server may hide what is above
        return own
    factors = attributes.get("downsamplingFactors", [1, 1, 1])
    return read_array_placement({"pixelResolution": above.get("pixelResolution"), "downsamplingFactors": factors})


def _read_attributes(place: Place) -> Mapping[str, Any] | None:
    contents = place.read(ATTRIBUTES)
    return read_json(contents, ATTRIBUTES, place) if contents else None

"""Names from specs: what a volume is called, and whether two specs name the same one."""

import os
import re
from collections.abc import Iterable, Mapping

# The target of a label volume that has none in its name.
PLAIN = "labels"

_QUERY = re.compile(r"\?[^?]*$")
_LEVEL = re.compile(r"@\d+/?$")
_KEY = re.compile(r"(\.(?:h5|hdf5|hdf|npz|zarr|n5)/?):([^:]+)$", flags=re.IGNORECASE)
_ENDING = re.compile(r"(\.(ome|nii))?\.[^.]*$", flags=re.IGNORECASE)


def name_spec(spec: str) -> str:
    """A volume's name: its file's without the format's ending."""
    place, _ = split_spec(spec)
    return _ENDING.sub("", place.rstrip("/").rpartition("/")[2])


def split_spec(spec: str) -> tuple[str, str]:
    """The file or folder of a spec and the dataset inside that it names, which may be empty."""
    plain = _LEVEL.sub("", _QUERY.sub("", spec))
    found = _KEY.search(plain)
    if found is None:
        return plain, ""
    return plain[: found.start(2) - 1], found[2].strip("/")


def join_spec(root: str | None, spec: str) -> str:
    """A spec that begins at `root`, unless it begins somewhere itself."""
    if root is None or "://" in spec or spec.startswith(("/", "~")):
        return spec
    return f"{root.rstrip('/')}/{spec}"


def split_numbers(name: str) -> list[tuple[int, str]]:
    """What sorts as people count: `a2` before `a10`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def is_same_volume(one: str, other: str) -> bool:
    """Whether two specs name one volume; a file without a dataset's name may be any of its datasets."""
    (place, key), (other_place, other_key) = split_spec(one), split_spec(other)
    same_key = key == other_key or not key or not other_key
    return same_key and _resolve(place) == _resolve(other_place)


def match_targets(
    images: Iterable[str], others: Mapping[str, str], *, named: bool
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Specs by image and target, and the names that belong to no image.

    Args:
        images: names of the images.
        others: specs of labels or masks by name.
        named: whether `NAME_<target>` counts; of several image names that fit the longest wins.
    """
    matched: dict[str, dict[str, str]] = {image: {} for image in images}
    strays = []
    for name, spec in others.items():
        image, target = _split_target(name, matched) if named else (name, PLAIN)
        if image in matched:
            matched[image][target] = spec
        else:
            strays.append(name)
    return matched, strays


def _split_target(name: str, images: Iterable[str]) -> tuple[str, str]:
    """The longest image name that begins `name`, and the target after it; all of `name` when there is no such image."""
    fitting = [
        image for image in images if name == image or (name.startswith(f"{image}_") and len(name) > len(image) + 1)
    ]
    image = max(fitting, key=len, default=name)
    return image, name[len(image) + 1 :] or PLAIN


def _resolve(place: str) -> str:
    """One name for a file, whatever links lead to it."""
    return place.rstrip("/") if "://" in place else os.path.realpath(place)

"""Names from specs: what a volume is called, and whether two specs name the same one."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from volumen.volumes import name_volume, parse_spec

# The target of a label volume that has none in its name.
PLAIN = "labels"

_FOLDERS = (".zarr", ".n5")


def name_spec(spec: str) -> str:
    """What a volume is called: its file's name without the format's ending, or that of the Zarr around an array."""
    path = Path(parse_spec(spec).place)
    holder = next((place for place in (path, *path.parents) if place.name.lower().endswith(_FOLDERS)), path)
    return name_volume(holder)


def join_spec(root: str | None, spec: str) -> str:
    """A spec that begins at `root`, unless it begins somewhere itself."""
    if root is None or "://" in spec or spec.startswith(("/", "~")):
        return spec
    return f"{root.rstrip('/')}/{spec}"


def identify_volume(spec: str) -> tuple[str, str | None]:
    """The file or folder of a spec by the one name that all links to it have, and the dataset that it names there."""
    parsed = parse_spec(spec)
    return parsed.place if parsed.is_remote else os.path.realpath(parsed.place), parsed.key


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

"""Cases that a recipe lists one by one."""

from collections.abc import Mapping, Sequence

from volumen.config import KEPT, REST, CaseSection, ValuesSection
from volumen.data.cases import Case
from volumen.data.frames import Frame
from volumen.data.layouts.layout import Draft
from volumen.data.naming import join_spec, name_spec
from volumen.data.values import IGNORE, Components, LabelValues, Rest
from volumen.errors import ConfigError, suggest_nearest
from volumen.geometry import Box, VoxelSize


def draft_listed(sections: Sequence[CaseSection], root: str | None) -> Draft:
    """The cases of a list; paths that begin nowhere begin at `root`, where there is one."""
    return Draft([_draft_case(section, root) for section in sections])


def read_values(
    section: ValuesSection, known: LabelValues | None = None, names: Mapping[str, int] | None = None
) -> LabelValues:
    """What a recipe says of label values, over what the layout knows of them.

    Args:
        section: the recipe's.
        known: the layout's.
        names: values by the names that the data set gives them.
    """
    known = known or LabelValues()
    said = dict(section.classes)
    rest = _read_rest(said.pop(REST, None), known.rest if not section.classes else "refuse")
    classes = {_find_value(key, names or {}): _read_class(meaning) for key, meaning in said.items()}
    instances = section.instances
    return LabelValues(
        ignore=known.ignore if section.ignore is None else section.ignore,
        classes={**known.classes, **classes},
        rest=rest,
        components=known.components if instances is None else Components(**instances.model_dump()),
        floats=known.floats,
    )


def _draft_case(section: CaseSection, root: str | None) -> Case:
    image, *channels = (join_spec(root, spec) for spec in section.image)
    labels = {name: join_spec(root, label.volume) for name, label in section.labels.items()}
    masks = {name: join_spec(root, label.mask) for name, label in section.labels.items() if label.mask is not None}
    return Case(
        name=section.name or name_spec(section.image[0]),
        image=image,
        labels=labels,
        mask=None if section.mask is None else join_spec(root, section.mask),
        voxel_size=None if section.voxel_size is None else VoxelSize(*section.voxel_size),
        group=section.group,
        label_masks=masks,
        channels=tuple(channels),
        frame=Frame(None if section.crop is None else Box.parse(section.crop), skipped=section.skip),
        values={name: read_values(label) for name, label in section.labels.items()},
    )


def _find_value(key: int | str, names: Mapping[str, int]) -> int:
    """The value that a key of `classes` is."""
    if isinstance(key, int):
        return key
    if key not in names:
        raise ConfigError(f"classes: no value is called {key!r}; {suggest_nearest(key, (*names, REST))}")
    return names[key]


def _read_class(meaning: int | str) -> int:
    return meaning if isinstance(meaning, int) else IGNORE  # the only word there is


def _read_rest(meaning: int | str | None, default: Rest) -> Rest:
    if meaning is None:
        return default
    return "keep" if meaning == KEPT else _read_class(meaning)

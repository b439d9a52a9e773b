"""What a recipe says of data sets: cases listed one by one, several sets together, what label values mean."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from volumen.config.component import Component
from volumen.config.section import Count, Lengths, Section
from volumen.geometry import Box

REST = "rest"
IGNORED = "ignore"
KEPT = "keep"


def _read_keys(value: object) -> object:
    """Whole numbers that JSON made words of, as numbers again."""
    if not isinstance(value, dict):
        return value
    return {_read_key(key): item for key, item in value.items()}


def _read_key(key: object) -> object:
    return int(key) if isinstance(key, str) and key.lstrip("-").isdecimal() else key


def _check_classes(classes: dict[int | str, int | str]) -> dict[int | str, int | str]:
    for value, meaning in classes.items():
        allowed = {IGNORED, KEPT} if value == REST else {IGNORED}
        if meaning not in allowed if isinstance(meaning, str) else meaning < 0:
            words = " or ".join(sorted(allowed))
            raise ValueError(f"{value}: {meaning!r} is no class; give a number from 0 upwards, or {words}")
    return classes


Classes = Annotated[dict[int | str, int | str], BeforeValidator(_read_keys), AfterValidator(_check_classes)]


class InstancesSection(Section):
    """Instances that are the parts of a class, grown into the class that parts them."""

    inside: int
    border: int | None = None
    halo: Annotated[int, Field(ge=0)] = 8


class ValuesSection(Section):
    """What the values of a label file mean: `classes` from value (or name, or `rest`) to class or `ignore`."""

    classes: Classes = Field(default_factory=dict)
    ignore: tuple[int, ...] | None = None
    instances: InstancesSection | None = None


class LabelVolumeSection(ValuesSection):
    """A label of a listed case."""

    volume: str
    mask: str | None = None


class LabelChoiceSection(ValuesSection):
    """A label of a data set, under the name that the run knows it by."""

    label: str


def _name_volume(value: object) -> object:
    return {"volume": value} if isinstance(value, str) else value


def _name_label(value: object) -> object:
    return {"label": value} if isinstance(value, str) else value


def _list_one(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _name_labels(value: object) -> object:
    """A lone volume is the label "labels"."""
    return {"labels": value} if isinstance(value, str) or (isinstance(value, dict) and "volume" in value) else value


def _check_crop(text: str | None) -> str | None:
    return None if text is None else str(Box.parse(text))


class CaseSection(Section):
    """One case, its volumes by their specs; several images are channels."""

    image: Annotated[tuple[str, ...], BeforeValidator(_list_one), Field(min_length=1)]
    labels: Annotated[
        dict[str, Annotated[LabelVolumeSection, BeforeValidator(_name_volume)]],
        BeforeValidator(_name_labels),
        Field(min_length=1),
    ]
    mask: str | None = None
    name: str | None = None
    group: str | None = None
    voxel_size: Lengths | None = None
    crop: Annotated[str | None, AfterValidator(_check_crop)] = None
    skip: tuple[Annotated[int, Field(ge=0)], ...] = ()


class DatasetSection(Section):
    """One of several data sets: where it is, how often it is drawn from, and its labels in the run's own names."""

    name: str | None = None
    root: str | None = None
    layout: Component | None = None
    cases: tuple[CaseSection, ...] = ()
    group: str | None = None
    weight: Annotated[float, Field(gt=0)] | None = None
    class_id: Count | None = None
    classes: Classes = Field(default_factory=dict)
    ignore: tuple[int, ...] | None = None
    labels: dict[str, Annotated[LabelChoiceSection, BeforeValidator(_name_label)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_source(self) -> "DatasetSection":
        if self.root is None and not self.cases:
            raise ValueError("a data set needs its root, or a list of cases")
        if self.cases and self.layout is not None:
            raise ValueError("cases that are listed have no layout; leave one of the two out")
        return self

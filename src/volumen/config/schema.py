"""What a recipe may say: frozen, typed, every unknown key refused. Defaults stand here and nowhere else."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from volumen.config.component import Component, WeightedComponent
from volumen.config.datasets import CaseSection, DatasetSection
from volumen.config.section import Count, Extent, Lengths, Section, Size
from volumen.config.suggestions import suggest
from volumen.errors import ShapeError, suggest_nearest
from volumen.geometry import Shape, count_overlap
from volumen.heads import Activation

Overlap = Annotated[float, Field(ge=0)] | tuple[int, int, int]


class LayersSection(Section):
    """Which layers of a surface volume are looked at where one slice of labels stands for all of them.

    A window as deep as the patch lies round a centre. In training its place varies, so that the network learns to find
    the surface where flattening missed it.
    """

    centre: Annotated[int, Field(ge=0)] | None = None
    jitter: Annotated[int, Field(ge=0)] = 0

    def find_start(self, depth: int, window: int, shift: int = 0) -> int:
        """The first of `window` layers round the centre (the middle of `depth` layers when none is said).

        A window that would leave the volume lies at its face.
        """
        if depth < window:
            raise ShapeError(
                f"a volume of {depth} layers is thinner than the window of {window}; lower data.patch_size along z"
            )
        centre = depth // 2 if self.centre is None else self.centre
        if centre >= depth:
            raise ShapeError(f"data.layers.centre is {centre}, in a volume of {depth} layers; lower it")
        return min(max(centre - window // 2 + shift, 0), depth - window)


class DataSection(Section):
    """Which cases there are and how patches are cut from them."""

    root: str | None = None
    layout: Component | None = None
    cases: tuple[CaseSection, ...] = ()
    datasets: tuple[DatasetSection, ...] = ()
    voxel_size: Lengths | None = None
    patch_size: Extent = (128, 128, 128)
    batch_size: Count = 2
    num_workers: Annotated[int, Field(ge=0)] = 4
    pin_memory: bool = True
    cache_rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    cache_bytes: Size = 2 * 2**30
    ignore: int | None = None
    layers: LayersSection | None = None
    normalisation: Component = Component(name="percentile", options={"low": 0.5, "high": 99.5})
    sampling: Component = Component(name="uniform")
    augmentations: tuple[Component, ...] = ()
    split: Component | None = None
    folds: Annotated[int, Field(ge=2)] = 5
    fold_seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    group: str | None = None

    @property
    def label_size(self) -> Shape:
        """Voxels of a patch's labels: those of the patch, or one slice that stands for its layers."""
        z, y, x = self.patch_size
        return (z if self.layers is None else 1, y, x)

    @model_validator(mode="after")
    def _check_source(self) -> "DataSection":
        sources = {"layout": self.layout, "cases": self.cases, "datasets": self.datasets}
        given = [name for name, value in sources.items() if value]
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} exclude each other; each data set has a layout or cases of its own"
            )
        return self


class HeadSection(Section):
    """One head: what it learns and what its errors cost, as its target suggests when no losses are given."""

    target: Component
    label: str | None = None
    activation: Activation | None = None
    channels: Count | None = None
    losses: Annotated[tuple[WeightedComponent, ...], Field(min_length=1)]

    @model_validator(mode="before")
    @classmethod
    def _take_losses(cls, given: object) -> object:
        """The losses that go with the target where none are named."""
        if not isinstance(given, dict) or "losses" in given:
            return given
        losses = suggest("losses", given.get("target"))
        return given | {"losses": losses} if losses else given


class SwaSection(Section):
    """The running average of weights that begins late in a run."""

    start_epoch: Annotated[int, Field(ge=0)] = 40
    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    lr: Annotated[float, Field(gt=0)] | None = 5e-5
    renew_batches: Annotated[int, Field(ge=0)] = 50


class EmaSection(Section):
    """The moving average of weights over every step."""

    decay: Annotated[float, Field(gt=0, lt=1)] = 0.999
    start_step: Annotated[int, Field(ge=0)] = 0


class TrainingSection(Section):
    """How long, how exactly and on what a fold is trained."""

    max_epochs: Count = 300
    steps_per_epoch: Count | None = None
    max_steps: Count | None = None
    max_hours: Annotated[float, Field(gt=0)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    precision: Literal["32-true", "16-mixed", "bf16-mixed"] = "32-true"
    devices: Count | Literal["auto"] = "auto"
    strategy: Literal["auto", "ddp", "fsdp", "deepspeed_stage_2"] = "auto"
    threads: Count | None = None
    monitor: str = "val/loss"
    keep_best: Count = 1
    keep_last: Count = 1
    patience: Count | None = 50
    min_improvement: Annotated[float, Field(ge=0)] = 0.0
    stop_below: float | None = None
    warm_up: Annotated[int, Field(ge=0)] = 0
    balance: Component = Component(name="fixed")
    accumulate_grad_batches: Count = 1
    gradient_clip_val: Annotated[float, Field(gt=0)] | None = None
    swa: SwaSection | None = None
    ema: EmaSection | None = None
    previews: Annotated[int, Field(ge=0)] = 10
    warm_start: str | None = None
    compile: bool = False
    channels_last: bool = False


class DecodedSection(Section):
    """Scores of what held-out data decode to, as a prediction does."""

    metrics: Annotated[tuple[Component, ...], Field(min_length=1)]
    of: Literal["cases", "patches"] = "cases"
    every: Count = 10
    label: str | None = None
    at_most: Count | None = None


class ValidationSection(Section):
    """What is measured on the held-out cases after each epoch."""

    metrics: tuple[Component, ...] = (Component(name="dice"),)
    patches_per_case: Count = 2
    decoded: DecodedSection | None = None


class PredictionSection(Section):
    """How tiles are cut when a volume is predicted."""

    tile: Extent | None = None
    overlap: Overlap = 0.25


class RunConfig(Section):
    """All that a training run is made from."""

    data: DataSection = DataSection()
    network: Component = Component(name="unet")
    heads: Annotated[dict[str, HeadSection], Field(min_length=1)]
    optimizer: Component = Component(name="adam", options={"lr": 1e-4})
    schedule: Component = Component(name="constant")
    training: TrainingSection = TrainingSection()
    validation: ValidationSection = ValidationSection()
    prediction: PredictionSection = PredictionSection()
    decoding: tuple[Component, ...] = (Component(name="threshold"),)
    logger: Component = Component(name="csv")

    @model_validator(mode="before")
    @classmethod
    def _take_decoding(cls, given: object) -> object:
        """Where none is named, the decoding that goes with the first head that has one."""
        if not isinstance(given, dict) or "decoding" in given or not isinstance(given.get("heads"), dict):
            return given
        heads = [head for head in given["heads"].values() if isinstance(head, dict)]
        steps = next(filter(None, (suggest("decoding", head.get("target")) for head in heads)), None)
        return given | {"decoding": steps} if steps else given

    @model_validator(mode="after")
    def _check_overlap(self) -> "RunConfig":
        shared = count_overlap(self.prediction.overlap, self.tile)
        if any(common >= edge for common, edge in zip(shared, self.tile, strict=True)):
            raise ValueError(f"prediction.overlap must be below the tile's {self.tile} on every axis; it is {shared}")
        return self

    @model_validator(mode="after")
    def _check_layers(self) -> "RunConfig":
        projects = self.network.options.get("project") is not None
        if projects and self.data.layers is None:
            raise ValueError(
                "network.project makes one slice of all layers, and labels are one where data.layers is set: "
                "set it, as {jitter: 4}"
            )
        if self.data.layers is not None and (not projects or self.data.patch_size[0] == 1):
            raise ValueError(
                "data.layers is for patches of several layers and a network that makes one slice of them: "
                "set network.project to max, mean or attention (U-Nets have it), and data.patch_size to several along z"
            )
        if self.data.layers is not None and self.data.voxel_size is not None:
            raise ValueError(
                "data.layers takes surface volumes as they are, so data.voxel_size cannot be: leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _check_losses(self) -> "RunConfig":
        for name, section in self.heads.items():
            if not any(loss.weight for loss in section.losses):
                raise ValueError(f"heads.{name} learns nothing: all its losses weigh 0; weigh one, or drop the head")
            for loss in section.losses:
                if loss.mask_head is not None and loss.mask_head not in self.heads:
                    raise ValueError(
                        f"heads.{name}: loss {loss.name!r} has mask_head {loss.mask_head!r}, which is no head; "
                        f"{suggest_nearest(loss.mask_head, self.heads)}"
                    )
        return self

    @property
    def tile(self) -> Shape:
        """Tile of a prediction: the recipe's, else the training patch."""
        return self.prediction.tile or self.data.patch_size

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML and JSON, every default filled in."""
        return self.model_dump(mode="json")

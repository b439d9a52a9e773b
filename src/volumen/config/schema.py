"""What a recipe may say: frozen, typed, every unknown key refused. Defaults stand here and nowhere else."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from volumen.config.component import Component, WeightedComponent
from volumen.geometry import Shape, count_overlap, to_shape
from volumen.heads import Activation

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]


def _spread(value: object) -> object:
    """One int stands for the same extent on every axis."""
    return [value] * 3 if isinstance(value, int) and not isinstance(value, bool) else value


Extent = Annotated[tuple[Count, Count, Count], BeforeValidator(_spread), AfterValidator(to_shape)]
Overlap = Annotated[float, Field(ge=0)] | tuple[int, int, int]


class Section(BaseModel):
    """Base of every part of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class DataSection(Section):
    """Which cases there are and how patches are cut from them."""

    root: str | None = None
    patch_size: Extent = (128, 128, 128)
    batch_size: Count = 2
    num_workers: Annotated[int, Field(ge=0)] = 4
    pin_memory: bool = True
    ignore: int | None = 2
    normalisation: Component = Component(name="percentile", options={"low": 0.5, "high": 99.5})
    sampling: Component = Component(name="uniform")
    augmentations: tuple[Component, ...] = ()
    folds: Annotated[int, Field(ge=2)] = 5
    fold_seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    group: str | None = None


class HeadSection(Section):
    """One head: what it learns and what its errors cost."""

    target: Component
    label: str | None = None
    activation: Activation | None = None
    channels: Count | None = None
    losses: Annotated[tuple[WeightedComponent, ...], Field(min_length=1)]


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
    patience: Count | None = 50
    accumulate_grad_batches: Count = 1
    gradient_clip_val: Annotated[float, Field(gt=0)] | None = None
    swa: SwaSection | None = None
    ema: EmaSection | None = None
    previews: Annotated[int, Field(ge=0)] = 10
    warm_start: str | None = None
    compile: bool = False
    channels_last: bool = False


class ValidationSection(Section):
    """What is measured on the held-out cases after each epoch."""

    metrics: tuple[Component, ...] = (Component(name="dice"),)
    patches_per_case: Count = 2


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

    @model_validator(mode="after")
    def _check_overlap(self) -> "RunConfig":
        shared = count_overlap(self.prediction.overlap, self.tile)
        if any(common >= edge for common, edge in zip(shared, self.tile, strict=True)):
            raise ValueError(f"prediction.overlap must be below the tile's {self.tile} on every axis; it is {shared}")
        return self

    @property
    def tile(self) -> Shape:
        """Tile of a prediction: the recipe's, else the training patch."""
        return self.prediction.tile or self.data.patch_size

    def to_dict(self) -> dict[str, Any]:
        """Plain values for YAML and JSON, every default filled in."""
        return self.model_dump(mode="json")

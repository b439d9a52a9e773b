"""`volumen plan` and `volumen import`: what to train, and models that others have trained."""

from pathlib import Path

from volumen import api
from volumen.cli.train import read_fold
from volumen.config import format_yaml
from volumen.networks import Size


def plan(
    data: Path,
    /,
    *,
    size: Size = "M",
    gigabytes: float | None = None,
    outputs: int = 2,
    flat: bool | None = None,
) -> None:
    """Print patch, batch and network for a data set and a GPU, what they take of memory, and the recipe that says so.

    Args:
        data: Folder of cases.
        size: nnU-Net's plain network for 8 GB, or its residual encoders for 8, 24 and 40 GB.
        gigabytes: Memory of another GPU than the size was made for.
        outputs: Channels of all heads.
        flat: A 2D network for slices.
    """
    planned = api.plan(data, size=size, gigabytes=gigabytes, outputs=outputs, flat=flat)
    print(planned, api.forecast_plan(planned, outputs=outputs), format_yaml(planned.to_recipe()), sep="\n\n", end="")


def import_nnunet(
    folder: Path, out: Path, /, *, fold: str = "all", checkpoint: str = "checkpoint_final.pth", overwrite: bool = False
) -> None:
    """Make model folders of what nnU-Net v2 has trained: plain and residual-encoder U-Nets, 3D and 2D.

    Args:
        folder: What nnU-Net trained into, with plans.json, dataset.json and fold_0.
        out: Where the models go, as fold_0/model.
        fold: Which fold, or all.
        checkpoint: Name of the checkpoint in each fold.
        overwrite: Replace models that are there.
    """
    for model in api.import_nnunet(folder, out, fold=read_fold(fold), checkpoint=checkpoint, overwrite=overwrite):
        print(model)

"""`volumen import`: models that others have trained."""

from pathlib import Path

from volumen import api
from volumen.cli.train import read_fold


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

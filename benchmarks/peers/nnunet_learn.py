"""nnU-Net learns from some slices for so many CPU seconds and predicts others; only its environment runs this.

Its own planner, preprocessing, augmentation, loss, optimiser and predictor; patch, batch and features are given,
because it plans for a GPU, and two cores would take a few such steps in all. Its learning rate falls over the CPU
seconds as it does over 1000 epochs. Writes the mask of the slices that are scored to an .npy file; the last line
printed is its figures as JSON. Run by `benchmarks/learning.py`.
"""

import argparse
import contextlib
import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

NAME = "Dataset001_Lesson"
ENDING = ".nii.gz"


def main() -> None:
    """Prepare, train, predict."""
    options = parse_options()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what it draws from
    with TemporaryDirectory() as folder:
        set_folders(Path(folder))
        with contextlib.redirect_stdout(sys.stderr):
            trainer = build_trainer(Path(folder), options)
            figures = train(trainer, options.cpu_seconds)
            axes = len(trainer.configuration_manager.patch_size)
            trainer.configuration_manager.configuration["patch_size"] = options.tile[-axes:]
            np.save(options.out, predict(trainer, np.load(options.scored), options.spacing))
    print(json.dumps(figures))


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line; lengths are z y x."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("truth")
    parser.add_argument("scored")
    parser.add_argument("out")
    parser.add_argument("--train", type=int, nargs=2, required=True, help="first slice and end")
    parser.add_argument("--spacing", type=float, nargs=3, required=True)
    parser.add_argument("--patch", type=int, nargs=3, required=True, help="one voxel along z takes its 2D network")
    parser.add_argument("--tile", type=int, nargs=3, required=True, help="what is predicted at a time")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--features", type=int, nargs="+", required=True, help="of every stage")
    parser.add_argument("--cpu-seconds", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    return parser.parse_args()


def set_folders(folder: Path) -> None:
    """Where nnU-Net looks for everything; before it is imported."""
    for name in ("raw", "preprocessed", "results"):
        os.environ[f"nnUNet_{name}"] = str(folder / name)


def build_trainer(folder: Path, options: argparse.Namespace) -> Any:
    """Its trainer, after its planner and preprocessing, with the patch, batch and features that were given."""
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprints,
        plan_experiments,
        preprocess_dataset,
    )
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    configuration = "2d" if options.patch[0] == 1 else "3d_fullres"
    described = write_dataset(folder / "raw" / NAME, options)
    extract_fingerprints([1], num_processes=1)
    plan_experiments([1])
    file = folder / "preprocessed" / NAME / "nnUNetPlans.json"
    plans = json.loads(file.read_text())
    resize_plan(plans["configurations"][configuration], options)
    file.write_text(json.dumps(plans))
    preprocess_dataset(1, configurations=(configuration,), num_processes=(1,))
    trainer = nnUNetTrainer(
        plans | {"continue_training": False}, configuration, "all", described, device=torch.device("cpu")
    )
    trainer.initialize()
    # Augmentation in this process, whose CPU seconds count; its planner cannot do with none.
    os.environ["nnUNet_n_proc_DA"] = "0"  # noqa: SIM112 - its own name
    trainer.on_train_start()
    return trainer


def write_dataset(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """A raw data set of one case; what its dataset.json says."""
    import SimpleITK

    for part, source, name in (("imagesTr", options.image, "case_0000"), ("labelsTr", options.truth, "case")):
        (folder / part).mkdir(parents=True)
        volume = SimpleITK.GetImageFromArray(np.load(source)[slice(*options.train)])
        volume.SetSpacing(options.spacing[::-1])
        SimpleITK.WriteImage(volume, str(folder / part / f"{name}{ENDING}"))
    described = {
        "channel_names": {"0": "em"},
        "labels": {"background": 0, "foreground": 1},
        "numTraining": 1,
        "file_ending": ENDING,
    }
    (folder / "dataset.json").write_text(json.dumps(described))
    return described


def resize_plan(configuration: dict[str, Any], options: argparse.Namespace) -> None:
    """A plan with the patch, batch and features of another network; every step down halves."""
    network, stages = configuration["architecture"]["arch_kwargs"], len(options.features)
    axes = 2 if options.patch[0] == 1 else 3
    configuration |= {"patch_size": options.patch[-axes:], "batch_size": options.batch}
    network |= {
        "n_stages": stages,
        "features_per_stage": options.features,
        "kernel_sizes": [[3] * axes] * stages,
        "strides": [[1] * axes] + [[2] * axes] * (stages - 1),
        "n_conv_per_stage": [2] * stages,
        "n_conv_per_stage_decoder": [2] * (stages - 1),
    }


def train(trainer: Any, budget: float) -> dict[str, float]:
    """Takes steps until the CPU seconds are spent; how many, and what they took."""
    trainer.network.train()
    cpu, wall, steps = time.process_time(), time.monotonic(), 0
    while (spent := time.process_time() - cpu) < budget:
        for group in trainer.optimizer.param_groups:
            group["lr"] = trainer.initial_lr * (1 - spent / budget) ** 0.9
        trainer.train_step(next(trainer.dataloader_train))
        steps += 1
    return {"steps": steps, "cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall}


def predict(trainer: Any, image: np.ndarray, spacing: list[float]) -> np.ndarray:
    """The mask that its predictor gives, without mirroring."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        use_mirroring=False, perform_everything_on_device=False, device=torch.device("cpu"), allow_tqdm=False
    )
    trainer.set_deep_supervision_enabled(False)
    predictor.manual_initialization(
        trainer.network,
        trainer.plans_manager,
        trainer.configuration_manager,
        [trainer.network.state_dict()],
        trainer.dataset_json,
        type(trainer).__name__,
        None,
    )
    mask: np.ndarray = predictor.predict_single_npy_array(image[None].astype(np.float32), {"spacing": spacing})
    return mask.astype(np.uint8)


if __name__ == "__main__":
    main()

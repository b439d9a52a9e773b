"""What nnU-Net itself plans, saves and predicts, for tests that run without it.

Run once, with the python of an environment that has nnunetv2 2.8: python tests/data/nnunet/make_fixtures.py
"""

import contextlib
import functools
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

SCRATCH = tempfile.mkdtemp()
os.environ |= {"nnUNet_raw": SCRATCH, "nnUNet_preprocessed": SCRATCH, "nnUNet_results": SCRATCH}

import numpy as np  # noqa: E402 - nnU-Net reads its folders on import
import torch  # noqa: E402
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import (  # noqa: E402
    ExperimentPlanner,
    compute_new_shape,
)
from nnunetv2.experiment_planning.experiment_planners.network_topology import get_pool_and_conv_props  # noqa: E402
from nnunetv2.experiment_planning.experiment_planners.residual_unets.residual_encoder_unet_planners import (  # noqa: E402
    nnUNetPlannerResEncL,
    nnUNetPlannerResEncM,
    nnUNetPlannerResEncXL,
)
from nnunetv2.inference import predict_from_raw_data as predicting  # noqa: E402
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer  # noqa: E402

HERE = Path(__file__).parent
SPACINGS = (1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 9.9, 30.0)
PLANNERS = {
    "plain": ExperimentPlanner,
    "M": nnUNetPlannerResEncM,
    "L": nnUNetPlannerResEncL,
    "XL": nnUNetPlannerResEncXL,
}


def main() -> None:
    """Write every fixture."""
    rng = np.random.default_rng(0)
    write_poolings(rng, rows=2000)
    write_plans(rng, rows=24)
    for name, model in MODELS.items():
        write_model(HERE / name, **model)


def write_poolings(rng: np.random.Generator, *, rows: int) -> None:
    """A line for a shape and a spacing: strides and kernels of every stage, and the padded patch."""
    lines = []
    for _ in range(rows):
        shape, spacing = rng.integers(12, 400, 3).tolist(), rng.choice(SPACINGS, 3).tolist()
        _, strides, kernels, patch, _ = get_pool_and_conv_props(spacing, shape, 4, 999999)
        parts = [join(shape), join(spacing), join(map(digits, strides)), join(map(digits, kernels)), join(patch)]
        lines.append(" ".join(parts))
    (HERE / "poolings.txt").write_text("\n".join(lines) + "\n")


def digits(edges: Any) -> str:
    """(1, 2, 2) as 122."""
    return "".join(map(str, edges))


def join(values: Any) -> str:
    """Values with commas between them."""
    return ",".join(str(value) for value in values)


def write_plans(rng: np.random.Generator, *, rows: int) -> None:
    """What each planner makes of random data sets whose coarsest axis comes first."""
    plans = []
    for row in range(rows):
        cases = int(rng.integers(1, 6))
        spacing = np.sort(rng.choice(SPACINGS, 3))[::-1]
        spacings = (spacing * rng.choice([1.0, 1.0, 1.25], (cases, 1))).tolist()
        shapes = rng.integers(16, 400, (cases, 3))
        shapes[:, 0] //= 2 if row % 2 else 1
        plans += [
            plan(planner, shapes.tolist(), spacings, flat=flat) | {"size": name, "flat": flat}
            for name, planner in PLANNERS.items()
            for flat in (False, True)
        ]
    (HERE / "plans.json").write_text("[\n" + ",\n".join(json.dumps(row) for row in plans) + "\n]\n")


def plan(planner: type, shapes: list[Any], spacings: list[Any], *, flat: bool) -> dict[str, Any]:
    """A planner's answer to a data set."""
    fingerprint = {
        "spacings": spacings,
        "shapes_after_crop": shapes,
        "median_relative_size_after_cropping": 1.0,
        "foreground_intensity_properties_per_channel": {},
    }
    folder = Path(SCRATCH) / "Dataset001_Fixture"
    (folder / "imagesTr").mkdir(parents=True, exist_ok=True)
    (folder / "dataset_fingerprint.json").write_text(json.dumps(fingerprint))
    dataset = declare("CT", {"background": 0, "sheet": 1}) | {"numTraining": len(shapes)}
    (folder / "dataset.json").write_text(json.dumps(dataset))
    asked = planner(folder.name)
    target = asked.determine_fullres_target_spacing()
    resampled = [compute_new_shape(shape, spacing, target) for shape, spacing in zip(shapes, spacings, strict=True)]
    median = np.median(resampled, 0)
    first = 1 if flat else 0
    voxels = float(np.prod(median, dtype=np.float64) * len(shapes))
    with torch.device("meta"), contextlib.redirect_stdout(io.StringIO()):
        made = asked.get_plans_for_configuration(target[first:], median[first:], "fixture", voxels, {})
    architecture = made["architecture"]["arch_kwargs"]
    return {
        "shapes": shapes,
        "spacings": spacings,
        "target": target.tolist(),
        "median": median.tolist(),
        "patch": [int(edge) for edge in made["patch_size"]],
        "batch": int(made["batch_size"]),
        "features": list(architecture["features_per_stage"]),
        "strides": [list(map(int, edges)) for edges in architecture["strides"]],
        "kernels": [list(map(int, edges)) for edges in architecture["kernel_sizes"]],
    }


def write_model(folder: Path, *, plans: dict[str, Any], dataset: dict[str, Any], shape: tuple[int, ...]) -> None:
    """A results folder as nnU-Net leaves it, a volume, and what nnU-Net predicts of it."""
    configuration = next(iter(plans["configurations"]))
    (folder / "fold_0").mkdir(parents=True, exist_ok=True)
    (folder / "plans.json").write_text(json.dumps(plans, indent=1) + "\n")
    (folder / "dataset.json").write_text(json.dumps(dataset, indent=1) + "\n")
    preprocessed = Path(SCRATCH) / "Dataset001_Fixture" / "fixture"
    preprocessed.mkdir(parents=True, exist_ok=True)
    (preprocessed / "case.b2nd").touch()
    torch.manual_seed(0)
    with contextlib.redirect_stdout(io.StringIO()):
        trainer = nnUNetTrainer(
            plans | {"continue_training": False}, configuration, 0, dataset, device=torch.device("cpu")
        )
        trainer.initialize()
        stir(trainer.network)
        for epoch in range(2):
            for key, value in {"train_losses": 1.0, "val_losses": 0.5, "mean_fg_dice": 0.5, "lrs": 0.01}.items():
                trainer.logger.log(key, np.float32(value), epoch)
            trainer.logger.log("dice_per_class_or_region", [np.float64(0.5)], epoch)
        trainer._best_ema = np.float64(0.5)
        trainer.save_checkpoint(str(folder / "fold_0" / "checkpoint_final.pth"))
        predictor = predicting.nnUNetPredictor(
            use_gaussian=True, use_mirroring=False, perform_everything_on_device=False, device=torch.device("cpu")
        )
        predictor.initialize_from_trained_model_folder(str(folder), (0,))
        image = np.random.default_rng(1).integers(10, 250, shape, dtype=np.uint8)
        labels, probabilities = predict(predictor, image, plans)
        edges = [1, *plans["configurations"][configuration]["patch_size"]][-3:]
        corner = tuple(slice(edges[axis]) for axis in plans["transpose_backward"])
        _, corner_probabilities = predict(predictor, image[(slice(None), *corner)], plans)
        tile = torch.randn((1, shape[0], *plans["configurations"][configuration]["patch_size"]))
        network = predictor.network.eval()
        network.decoder.deep_supervision = False
        with torch.no_grad():
            logits = network(tile)
    np.savez_compressed(
        folder / "expected.npz",
        image=image,
        labels=labels.astype(np.uint8),
        probabilities=probabilities.astype(np.float32),
        corner=image[0][corner],
        corner_probabilities=corner_probabilities.astype(np.float32),
        tile=tile.numpy(),
        logits=logits.numpy(),
    )


def predict(predictor: Any, image: np.ndarray, plans: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of a volume, tiles added up in single precision: half loses weights at borders."""
    spacing = plans["original_median_spacing_after_transp"]
    properties = {"spacing": [spacing[axis] for axis in plans["transpose_backward"]]}
    half, weigh = torch.half, predicting.compute_gaussian
    torch.half = torch.float32

    @functools.wraps(weigh)
    def weigh_exactly(*arguments: Any, **options: Any) -> torch.Tensor:
        weights: torch.Tensor = weigh(*arguments, **options | {"dtype": torch.float32})
        return weights

    predicting.compute_gaussian = weigh_exactly
    try:
        found = predictor.predict_single_npy_array(
            image.astype(np.float32), properties, save_or_return_probabilities=True
        )
    finally:
        torch.half, predicting.compute_gaussian = half, weigh
    return found


def stir(network: torch.nn.Module) -> None:
    """Weights as training leaves them: no norm at its start, no residual block its shortcut."""
    with torch.no_grad():
        for parameter in network.parameters():
            noise = torch.randn(parameter.shape)
            parameter.copy_(1 + 0.3 * noise if parameter.ndim == 1 else parameter + 0.1 * noise)


def describe(
    *,
    residual: bool,
    features: list[int],
    strides: list[list[int]],
    kernels: list[list[int]],
    patch: list[int],
    scheme: str,
    transpose: tuple[int, int, int] = (0, 1, 2),
) -> dict[str, Any]:
    """Plans of a small network."""
    flat = len(patch) == 2
    kind, dimension = ("ResidualEncoderUNet" if residual else "PlainConvUNet"), ("2d" if flat else "3d")
    blocks = {"n_blocks_per_stage": [1, 2, 1]} if residual else {"n_conv_per_stage": [2, 1, 2]}
    architecture = {
        "network_class_name": f"dynamic_network_architectures.architectures.unet.{kind}",
        "arch_kwargs": {
            "n_stages": len(features),
            "features_per_stage": features,
            "conv_op": f"torch.nn.modules.conv.Conv{dimension}",
            "kernel_sizes": kernels,
            "strides": strides,
            **blocks,
            "n_conv_per_stage_decoder": [1, 2],
            "conv_bias": True,
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dimension}",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    resampling = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    spacing = [4.0, 2.0, 1.0] if transpose != (0, 1, 2) else [1.0, 1.0, 1.0]
    configuration = {
        "data_identifier": "fixture",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": patch,
        "median_image_size_in_voxels": patch,
        "spacing": spacing[1:] if flat else spacing,
        "normalization_schemes": [scheme],
        "use_mask_for_norm": [False],
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_seg": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": resampling,
        "resampling_fn_seg_kwargs": resampling | {"is_seg": True, "order": 1},
        "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
        "resampling_fn_probabilities_kwargs": resampling | {"order": 1},
        "batch_dice": False,
        "architecture": architecture,
    }
    properties = {"mean": 120.0, "std": 40.0, "percentile_00_5": 30.0, "percentile_99_5": 220.0}
    return {
        "dataset_name": "Dataset001_Fixture",
        "plans_name": "fixture",
        "original_median_spacing_after_transp": spacing,
        "original_median_shape_after_transp": [16, 16, 16],
        "image_reader_writer": "Tiff3DIO",
        "transpose_forward": list(transpose),
        "transpose_backward": [transpose.index(axis) for axis in range(3)],
        "configurations": {"2d" if flat else "3d_fullres": configuration},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": properties},
    }


def declare(channel: str, labels: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A data set's description."""
    return {"channel_names": {"0": channel}, "labels": labels, "numTraining": 1, "file_ending": ".tif"} | more


MODELS: dict[str, dict[str, Any]] = {
    "plain": {
        "plans": describe(
            residual=False,
            features=[4, 6, 8],
            strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2]],
            kernels=[[1, 3, 3], [3, 3, 3], [3, 3, 3]],
            patch=[8, 12, 16],
            scheme="CTNormalization",
            transpose=(1, 2, 0),
        ),
        "dataset": declare("CT", {"background": 0, "sheet": 1}),
        "shape": (1, 20, 10, 14),
    },
    "residual": {
        "plans": describe(
            residual=True,
            features=[4, 6, 6],
            strides=[[1, 1, 1], [2, 2, 2], [1, 2, 2]],
            kernels=[[3, 3, 3], [3, 3, 3], [3, 3, 3]],
            patch=[8, 12, 12],
            scheme="ZScoreNormalization",
        ),
        "dataset": declare("EM", {"background": 0, "cell": 1, "vesicle": 2, "ignore": 3}),
        "shape": (1, 11, 14, 16),
    },
    "flat": {
        "plans": describe(
            residual=False,
            features=[4, 6, 6],
            strides=[[1, 1], [2, 2], [2, 2]],
            kernels=[[3, 3], [3, 3], [3, 3]],
            patch=[12, 16],
            scheme="RescaleTo01Normalization",
        ),
        "dataset": declare("rescale_to_0_1", {"background": 0, "sheet": 1}),
        "shape": (1, 3, 16, 20),
    },
    "regions": {
        "plans": describe(
            residual=True,
            features=[4, 4, 4],
            strides=[[1, 1, 1], [2, 2, 2], [2, 2, 2]],
            kernels=[[3, 3, 3], [3, 3, 3], [3, 3, 3]],
            patch=[8, 8, 8],
            scheme="RGBTo01Normalization",
        ),
        "dataset": declare("rgb_to_0_1", {"background": 0, "whole": [1, 2], "core": 2}, regions_class_order=[1, 2]),
        "shape": (1, 8, 10, 12),
    },
}

if __name__ == "__main__":
    main()

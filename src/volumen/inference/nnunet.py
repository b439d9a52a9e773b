"""nnU-Net v2 models as model folders of ours, which predict the same."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from volumen.config import Component, RunConfig, files
from volumen.errors import ExistsError, ModelError
from volumen.heads import HeadSpec
from volumen.inference.model import save_model
from volumen.inference.nnunet_files import (
    CHECKPOINT,
    DATASET,
    EXPECTED,
    PLANS,
    Checkpoint,
    NnunetPlan,
    read_checkpoint,
    read_json,
    read_plan,
)
from volumen.networks import StagedDesign, Task, fill_from_nnunet

Folds = int | Literal["all"]
HEAD = "labels"
# Readers of medical formats, whose spacing is in mm.
MILLIMETRE_READERS = {"SimpleITKIO", "NibabelIO", "NibabelIOWithReorient"}
NM_PER_MM = 1e6


@dataclass(frozen=True)
class Labels:
    """What a data set's labels make of the network's channels.

    Args:
        heads: one with a class a channel, or for regions one each.
        sections: of a recipe, by head.
        decoding: what makes labels of the first head's probabilities.
    """

    heads: tuple[HeadSpec, ...]
    sections: dict[str, Any]
    decoding: list[dict[str, Any]]


def import_nnunet(
    folder: str | Path,
    out: str | Path,
    *,
    fold: Folds = "all",
    checkpoint: str = CHECKPOINT,
    overwrite: bool = False,
) -> list[Path]:
    """The model folders written: `OUT/fold_N/model` for every fold, to be used alone or together.

    Args:
        folder: nnU-Net's results folder of a trainer, with plans.json, dataset.json and fold_N/.
        out: where the models go.
        fold: which one, or all that have the checkpoint.
        checkpoint: its name.
        overwrite: replace models that are there.
    """
    root, target = Path(folder), Path(out)
    plans, dataset = read_json(root / PLANS), read_json(root / DATASET)
    written = []
    for name in _list_folds(root, fold, checkpoint):
        place = target / name / files.MODEL
        if place.exists() and not overwrite:
            raise ExistsError(f"{place} is there already; ask for --overwrite, or name another output")
        _write_model(place, plans, dataset, root / name / checkpoint)
        written.append(place)
    return written


def _write_model(place: Path, plans: Mapping[str, Any], dataset: Mapping[str, Any], path: Path) -> None:
    checkpoint = read_checkpoint(path)
    plan = read_plan(plans, checkpoint.configuration)
    labels = read_labels(dataset)
    voxel_size = _find_voxel_size(plans, plan)
    config = build_config(plan, labels, voxel_size)
    channels = len(plan.schemes)
    network = StagedDesign(**plan.network).build(Task(labels.heads, channels, plan.patch_size))
    fill_from_nnunet(network, checkpoint.weights, plan.axes)
    save_model(
        place,
        network,
        config=config,
        heads=labels.heads,
        channels=channels,
        plan={"voxel_size": voxel_size},
        training=_describe(plans, plan, checkpoint, path),
    )


def build_config(plan: NnunetPlan, labels: Labels, voxel_size: Sequence[float] | None = None) -> RunConfig:
    """The recipe that a plan stands for: network, patch, voxel size, normalisation, heads, half of a tile shared."""
    return RunConfig.model_validate(
        {
            "data": {
                "patch_size": list(plan.patch_size),
                "voxel_size": voxel_size,
                "normalisation": choose_normalisation(plan).model_dump(),
            },
            "network": {"name": "staged_unet", **plan.network},
            "heads": labels.sections,
            "prediction": {"overlap": 0.5},
            "decoding": labels.decoding,
        }
    )


def choose_normalisation(plan: NnunetPlan) -> Component:
    """Our name for what nnU-Net does to intensities; ModelError where each channel has a way of its own."""
    first, several = plan.schemes[0], len(plan.schemes) > 1
    alike = all(scheme == first for scheme in plan.schemes)
    same = all(properties == plan.properties[0] for properties in plan.properties)
    apart = first in {"ZScoreNormalization", "RescaleTo01Normalization"} or (first == "CTNormalization" and not same)
    if several and (not alike or apart):
        raise ModelError(
            f"nnU-Net normalises the {len(plan.schemes)} channels each by itself ({', '.join(plan.schemes)}), "
            "and volumen all together; only models of one channel, or without such a normalisation, can be imported"
        )
    if first == "CTNormalization":
        known = plan.properties[0]
        names = {"low": "percentile_00_5", "high": "percentile_99_5", "mean": "mean", "std": "std"}
        if names.values() - known.keys():
            raise ModelError(f"{PLANS} lacks the intensities that CTNormalization needs: {', '.join(names.values())}")
        return Component(name="dataset_zscore", options={ours: float(known[theirs]) for ours, theirs in names.items()})
    options: dict[str, tuple[str, dict[str, Any]]] = {
        "ZScoreNormalization": ("zscore", {}),
        "RescaleTo01Normalization": ("percentile", {"low": 0.0, "high": 100.0}),
        "RGBTo01Normalization": ("range", {"low": 0.0, "high": 255.0}),
        "NoNormalization": ("none", {}),
    }
    if first not in options:
        raise ModelError(f"the normalisation {first} cannot be imported; {', '.join(options)} and CTNormalization can")
    name, values = options[first]
    return Component(name=name, options=values)


def read_labels(dataset: Mapping[str, Any]) -> Labels:
    """Heads for a data set: one for all its classes, or one for each region where regions overlap."""
    labels = {name: value for name, value in dataset.get("labels", {}).items() if name != "ignore"}
    if not labels:
        raise ModelError(f"{DATASET} names no labels; {EXPECTED}")
    if not any(isinstance(value, Sequence) and len(value) > 1 for value in labels.values()):
        return _read_classes(labels)
    regions = {name: _list_values(value) for name, value in labels.items() if set(_list_values(value)) != {0}}
    heads = tuple(HeadSpec(name, 1, "sigmoid", "binary") for name in regions)
    sections = {
        name: {"target": {"name": "binary", "foreground": values}, "losses": ["dice", "cross_entropy"]}
        for name, values in regions.items()
    }
    return Labels(heads, sections, [{"name": "threshold"}])


def _read_classes(labels: Mapping[str, Any]) -> Labels:
    count = len({value for label in labels.values() for value in _list_values(label)})
    section = {
        "target": {"name": "classes", "classes": count},
        "activation": "softmax",
        "losses": ["dice", "cross_entropy"],
    }
    return Labels((HeadSpec(HEAD, count, "softmax", "classes"),), {HEAD: section}, [{"name": "argmax"}])


def _list_values(label: int | Sequence[int]) -> list[int]:
    return [int(value) for value in label] if isinstance(label, Sequence) else [int(label)]


def _list_folds(root: Path, fold: Folds, checkpoint: str) -> list[str]:
    """Names of the folds that have the checkpoint and are asked for."""
    there = {path.parent.name for path in root.glob(f"fold_*/{checkpoint}")}
    numbered = sorted((name for name in there if re.fullmatch(r"fold_\d+", name)), key=lambda name: int(name[5:]))
    wanted = [name for name in numbered if fold == "all" or name == files.name_fold(fold)]
    if not wanted and fold == "all" and "fold_all" in there:
        return ["fold_all"]  # trained on every case at once
    if not wanted:
        which = "fold" if fold == "all" else f"fold {fold}"
        raise ModelError(f"{root} has no {which} with {checkpoint}; {EXPECTED}")
    return wanted


def _find_voxel_size(plans: Mapping[str, Any], plan: NnunetPlan) -> list[float] | None:
    """Edges in nm along z, y and x; None where the data set's unit is not known, or slices have no thickness."""
    if plans.get("image_reader_writer") not in MILLIMETRE_READERS or len(plan.spacing) < len(plan.axes):
        return None
    return [plan.spacing[plan.axes.index(axis)] * NM_PER_MM for axis in range(3)]


def _describe(plans: Mapping[str, Any], plan: NnunetPlan, checkpoint: Checkpoint, path: Path) -> dict[str, Any]:
    """What a model folder says of where it comes from."""
    return {
        "imported": {
            "program": "nnU-Net v2",
            "dataset": plans.get("dataset_name"),
            "plans": plans.get("plans_name"),
            "configuration": plan.configuration,
            "trainer": checkpoint.trainer,
            "checkpoint": f"{path.parent.name}/{path.name}",
            "spacing": list(plan.spacing),
            "transpose_forward": list(plan.axes),
        },
        "epoch": checkpoint.epoch,
    }

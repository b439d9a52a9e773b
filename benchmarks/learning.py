"""What a small network learns in minutes on two cores: real volumes beside a random forest, scroll phantoms by loss.

VOLUMEN_REAL_DATA=/folder python benchmarks/learning.py --nnunet-python /path/to/its/venv/bin/python
python benchmarks/learning.py --only isbi --tuning --set optimizer.lr=1e-3
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import torch
import yaml

import volumen
from volumen.config import Component
from volumen.targets import BoundaryTarget

PEERS = Path(__file__).parent / "peers"
sys.path.insert(0, str(PEERS))

from measuring import Figures, measure, run_peer  # noqa: E402 - beside this file, not installed

Recipe = dict[str, Any]
Slab = tuple[int, int]
EPOCH = 20  # steps between two looks at the slab that judges
NEAR = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
FAR = [[6, 0, 0], [0, 6, 0], [0, 0, 6], [18, 0, 0], [0, 18, 0], [0, 0, 18]]


@dataclass(frozen=True)
class Lesson:
    """A stack of real slices: what is learned from which, and what is scored.

    Args:
        label: dataset of the file, and what its values mean.
        learned: slices to learn from; of these `judged` choose among epochs and are not learned from.
        scored: slices that nothing has seen.
        truth: what is scored, from the labels of the whole stack.
        heads: of the network, by the name of a row; the first is what is scored by Dice.
        decoding: by the name of a row, how objects are made, where labels have objects.
        flat: whether the forest filters within sections.
    """

    file: str
    label: Recipe
    voxel_size: tuple[int, int, int]
    learned: Slab
    judged: Slab
    scored: Slab
    truth: Callable[[np.ndarray], np.ndarray]
    said: str
    settings: Recipe
    steps: int
    heads: dict[str, Recipe]
    decoding: dict[str, list[Recipe]]
    flat: bool


@dataclass(frozen=True)
class Exam:
    """A lesson at work: where it is, which slices are scored, what is true there."""

    lesson: Lesson
    file: Path
    folder: Path
    shape: tuple[int, int, int]
    scored: Slab
    truth: np.ndarray
    objects: np.ndarray
    options: argparse.Namespace

    @property
    def learned(self) -> Slab:
        """Slices that peers learn from: all that are not scored."""
        first, last = self.lesson.learned
        return first, self.lesson.judged[0] if self.options.tuning else last


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    name: str
    scores: dict[str, float]
    cost: Figures


def find_membranes(labels: np.ndarray) -> np.ndarray:
    """1 where the file says 0."""
    return (labels == 0).astype(np.uint8)


def find_boundaries(labels: np.ndarray) -> np.ndarray:
    """1 on voxels that touch another neuron through a face, on either side."""
    encoded = BoundaryTarget().encode(torch.from_numpy(labels.astype(np.int64))[None])
    return encoded.values[0, 0].numpy().astype(np.uint8)


BOUNDARY = {"boundary": {"target": "boundary", "label": "neurons", "losses": ["dice", "cross_entropy"]}}
MEMBRANE = {"membrane": {"target": "binary", "losses": ["dice", "cross_entropy"]}}
LESSONS = {
    "isbi": Lesson(
        file="em_isbi2012/isbi2012_z00-21.h5",
        label={"membrane": {"volume": "label", "classes": {0: 1, 255: 0}}},
        voxel_size=(50, 4, 4),
        learned=(0, 17),
        judged=(15, 17),
        scored=(18, 22),
        truth=find_membranes,
        said="ISBI 2012, z 0–16 to learn from and 18–21 to score: Dice of the membrane (label 0) at one half",
        settings={"data": {"patch_size": [1, 128, 128], "batch_size": 4}, "network": {"features": [16, 32, 64, 128]}},
        steps=600,
        heads={
            "membrane": MEMBRANE,
            "membrane + distance": MEMBRANE
            | {"distance": {"target": {"name": "distance", "clip": 10, "scale": 10}, "label": "membrane"}},
        },
        decoding={},
        flat=True,
    ),
    "fib25": Lesson(
        file="em_fib25/fib25_z000-175.h5",
        label={"neurons": "gt"},
        voxel_size=(10, 10, 10),
        learned=(0, 136),
        judged=(112, 136),
        scored=(140, 176),
        truth=find_boundaries,
        said="FIB-25, z 0–135 to learn from and 140–175 to score: Dice of the boundary (voxels that touch "
        "another neuron through a face) at one half; adapted Rand error of the objects",
        settings={
            "data": {"patch_size": [32, 48, 48], "batch_size": 2},
            # A patch has few neurons: norms over each alone lose what they have in common, 0.05 of Dice here.
            "network": {"features": [8, 16, 32, 64], "normalisation": "batch"},
            # Tiles as small as the patch are half border: 0.04 of Dice.
            "prediction": {"tile": [32, 96, 96], "overlap": 0.5},
        },
        steps=1200,
        heads={
            "boundary": BOUNDARY,
            "boundary + affinities": BOUNDARY
            | {"pairs": {"target": {"name": "affinities", "offsets": NEAR + FAR}, "label": "neurons"}},
        },
        decoding={
            "boundary": [{"name": "watershed", "seed_boundary": 0.3, "seed_size": 20}],
            "boundary + affinities": [{"name": "mutex_watershed", "strides": [2, 2, 2]}],
        },
        flat=False,
    ),
}
SURFACE_LOSSES = {
    "dice": ["dice"],
    "dice + clDice": ["dice", {"name": "cldice", "weight": 0.5}],
    "dice + skeleton recall": ["dice", {"name": "skeleton_recall", "weight": 0.5}],
}
COLUMNS = {
    "isbi": ["dice"],
    "fib25": ["dice", "rand"],
    "phantoms": ["dice", "betti_0", "betti_1", "betti_2", "voi_split", "voi_merge", "surface"],
}
AUGMENTATIONS = ["flip", "rotate90", "brightness_contrast"]


def main() -> None:
    """Train, score, print."""
    options = parse_options()
    tables: dict[str, list[Figures]] = {}
    for name in options.only:
        with TemporaryDirectory() as folder:
            work = teach_phantoms(Path(folder), options) if name == "phantoms" else teach(name, Path(folder), options)
            rows = print_rows(work, COLUMNS[name])
            tables[name] = [{"row": row.name, **row.scores, **row.cost} for row in rows]
    if options.json is not None:
        options.json.write_text(json.dumps(tables, indent=2) + "\n", encoding="utf-8")


def parse_options() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=[*LESSONS, "phantoms"], default=[*LESSONS, "phantoms"])
    parser.add_argument("--rows", nargs="+", choices=list_rows(), help="these rows alone")
    parser.add_argument("--set", nargs="+", default=[], metavar="A.B=C", help="settings on top of every recipe")
    parser.add_argument("--steps", type=int, help=f"of training, a multiple of {EPOCH}; else as each lesson says")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tuning", action="store_true", help="score what judges epochs, not what is held out")
    parser.add_argument("--nnunet-python", help="python of an environment with nnunetv2, which brings scikit-learn")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    if options.steps is not None and (options.steps < EPOCH or options.steps % EPOCH):
        parser.error(f"--steps is a multiple of {EPOCH}, the steps of an epoch; got {options.steps}")
    return options


def list_rows() -> list[str]:
    """Names of all rows that can be asked for."""
    networks = [row for lesson in LESSONS.values() for row in lesson.heads]
    return ["random forest", *networks, "nnU-Net", *SURFACE_LOSSES]


def teach(name: str, folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    """The rows of a real volume, as they come."""
    exam = prepare_exam(LESSONS[name], folder, options)
    lesson = exam.lesson
    print(f"\n{lesson.said}{f' — here tuned on z {exam.scored}' if options.tuning else ''}\n")
    if options.nnunet_python and is_wanted("random forest", options):
        yield score_forest(exam)
    spent: list[float] = []
    for heads in filter(lambda heads: is_wanted(heads, options), lesson.heads):
        row = score_network(heads, exam)
        spent.append(row.cost["cpu_s"])
        yield row
    if options.nnunet_python and spent and is_wanted("nnU-Net", options):
        yield score_nnunet(exam, spent[0])
    if lesson.decoding:
        yield from score_published(exam)


def prepare_exam(lesson: Lesson, folder: Path, options: argparse.Namespace) -> Exam:
    """What is learned and scored, with the arrays that other processes read."""
    file = find_data() / lesson.file
    image, labels = read_stack(file, lesson)
    truth = lesson.truth(labels)
    scored = lesson.judged if options.tuning else lesson.scored
    arrays = {"image": image, "truth": truth, "scored": image[slice(*scored)]}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return Exam(lesson, file, folder, image.shape, scored, truth[slice(*scored)], labels[slice(*scored)], options)


def find_data() -> Path:
    """The folder of real volumes."""
    folder = os.environ.get("VOLUMEN_REAL_DATA")
    if not folder:
        raise SystemExit("set VOLUMEN_REAL_DATA to the folder of real volumes, or ask for --only phantoms")
    return Path(folder)


def is_wanted(row: str, options: argparse.Namespace) -> bool:
    """Whether a row was asked for."""
    return not options.rows or row in options.rows


def read_stack(file: Path, lesson: Lesson) -> tuple[np.ndarray, np.ndarray]:
    """Image and labels of all slices."""
    (label,) = lesson.label.values()
    with h5py.File(file) as stack:
        return stack["raw"][:], stack[label if isinstance(label, str) else label["volume"]][:]


def describe_lesson(exam: Exam, row: str) -> Recipe:
    """The recipe of a row: cut from one stack, judged by its last slices, one decoder for all heads."""
    lesson, file = exam.lesson, exam.file
    labels = {
        name: f"{file}:{said}" if isinstance(said, str) else said | {"volume": f"{file}:{said['volume']}"}
        for name, said in lesson.label.items()
    }
    first, last = lesson.learned
    crop = f"{first}:{last},0:{exam.shape[1]},0:{exam.shape[2]}"
    case = {"image": f"{file}:raw", "labels": labels, "crop": crop, "voxel_size": list(lesson.voxel_size)}
    recipe = describe_training(exam.options.steps or lesson.steps)
    recipe["data"] |= lesson.settings["data"] | {
        "cases": [case],
        "ignore": None,
        "split": {"name": "slab", "validation": [edge - first for edge in lesson.judged]},
    }
    recipe["network"] |= lesson.settings["network"]
    return recipe | {"heads": lesson.heads[row], "prediction": lesson.settings.get("prediction", {})}


def describe_training(steps: int) -> Recipe:
    """What all recipes here have in common: what lets a small network learn fast."""
    return {
        "extends": "default",
        "data": {"num_workers": 0, "augmentations": AUGMENTATIONS},
        "network": {"name": "unet", "normalisation": "instance", "shared_decoder": True},
        "optimizer": {"name": "adam", "lr": 3e-3},
        "schedule": {"name": "cosine", "min_lr": 1e-5},
        "training": {
            "max_epochs": steps // EPOCH,
            "steps_per_epoch": EPOCH,
            "patience": None,
            "previews": 0,
        },
        "validation": {"patches_per_case": 8},
    }


def score_forest(exam: Exam) -> Row:
    """The forest's row."""
    arrays = [str(exam.folder / f"{name}.npy") for name in ("image", "truth", "forest")]
    slabs = [*name_slab("train", exam.learned), *name_slab("score", exam.scored)]
    flat = ["--flat"] * exam.lesson.flat
    cost = run_peer(PEERS / "forest.py", [*arrays, *slabs, *flat], python=exam.options.nnunet_python)
    found = (np.load(arrays[-1]) >= 0.5).astype(np.uint8)
    return Row("random forest", score(found, exam.truth, ["dice"]), cost)


def score_nnunet(exam: Exam, seconds: float) -> Row:
    """nnU-Net's row, for as many CPU seconds and with patch, batch and widths of the network with one head."""
    arrays = [str(exam.folder / f"{name}.npy") for name in ("image", "truth", "scored", "nnunet")]
    settings = exam.lesson.settings
    said = settings["data"] | settings["network"]
    numbers = {"spacing": exam.lesson.voxel_size, "patch": said["patch_size"], "features": said["features"]}
    numbers["tile"] = settings.get("prediction", {}).get("tile", said["patch_size"])
    words = [str(word) for name, several in numbers.items() for word in (f"--{name}", *several)]
    single = [f"--batch={said['batch_size']}", f"--cpu-seconds={seconds}", f"--threads={exam.options.threads}"]
    slab = name_slab("train", exam.learned)
    python = exam.options.nnunet_python
    cost = run_peer(PEERS / "nnunet_learn.py", [*arrays, *slab, *words, *single], python=python)
    name = f"nnU-Net, {cost['steps']:.0f} steps"
    return Row(name, score(np.load(arrays[-1]), exam.truth, ["dice"]), cost)


def name_slab(flag: str, slab: Slab) -> list[str]:
    """A slab as an argument of another process."""
    return [f"--{flag}", str(slab[0]), str(slab[1])]


def score_network(row: str, exam: Exam) -> Row:
    """A network's row: trained, then asked for slices it has not seen."""
    recipe, folder = describe_lesson(exam, row), exam.folder / row.replace(" ", "")
    model, cost = measure(lambda: train(recipe, folder, exam.options))
    probabilities, found = folder / "scored.zarr", folder / "found.tif"
    volumen.predict([model], exam.folder / "scored.npy", probabilities)
    volumen.decode(probabilities, found, steps=[Component(name="threshold")], head=next(iter(recipe["heads"])))
    scores = score(found, exam.truth, ["dice"])
    if row in exam.lesson.decoding:
        steps = [Component.model_validate(step) for step in exam.lesson.decoding[row]]
        volumen.decode(probabilities, folder / "objects.tif", steps=steps)
        scores |= score(folder / "objects.tif", exam.objects, ["rand"])
    return Row(row, scores, cost)


def train(recipe: Recipe, folder: Path, options: argparse.Namespace) -> Path:
    """The folder of the model that a recipe makes."""
    folder.mkdir(parents=True)
    file = folder / "recipe.yaml"
    file.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    overrides = [f"training.threads={options.threads}", *options.set]
    return volumen.train(file, out=folder / "run", overrides=overrides).model(0)


def score_published(exam: Exam) -> Iterator[Row]:
    """Segmentations of others that came with the stack."""
    for name in ("supervoxels", "ffn_segmentation"):
        with h5py.File(exam.file) as stack:
            found = stack[name][slice(*exam.scored)]
        yield Row(f"{name}, as published", score(found, exam.objects, ["rand"]), {})


def score(found: "Path | np.ndarray", truth: "Path | np.ndarray", metrics: Sequence[str]) -> dict[str, float]:
    """Means over the cases, of all that a metric counts."""
    return volumen.evaluate(found, truth, metrics=metrics).means


def teach_phantoms(folder: Path, options: argparse.Namespace) -> Iterator[Row]:
    """The rows of scroll phantoms: the same network and steps, other losses."""
    print(
        "\nScroll phantoms of 64³, six to learn from and two others to judge by, four more to score: differences of "
        "Betti numbers (components, tunnels, cavities), bits of splits and merges, surface score\n"
    )
    volumen.make_data("scroll", folder / "known", cases=8, size=64)
    volumen.make_data("scroll", folder / "new", cases=4, size=64, seed=100)
    kind = "known" if options.tuning else "new"
    for name, losses in SURFACE_LOSSES.items():
        if not is_wanted(name, options):
            continue
        recipe = describe_surface(folder / "known", losses, options.steps or 400)
        place = folder / name.replace(" ", "")
        model, cost = measure(lambda recipe=recipe, place=place: train(recipe, place, options))
        volumen.predict([model], folder / kind / "train_images", place / "found")
        scores = score(place / "found", folder / kind / "train_labels", ["dice", "betti", "surface", "voi"])
        yield Row(name, scores, cost)


def describe_surface(root: Path, losses: list[Any], steps: int) -> Recipe:
    """The recipe of a row of phantoms."""
    recipe = describe_training(steps)
    recipe["data"] |= {"root": str(root), "patch_size": [32, 32, 32], "batch_size": 4, "ignore": 2, "folds": 4}
    recipe["network"] |= {"features": [8, 16, 32, 64]}
    heads = {"surface": {"target": {"name": "binary", "foreground": [1]}, "losses": losses}}
    return recipe | {"heads": heads, "decoding": ["threshold"]}


def print_rows(rows: Iterator[Row], columns: Sequence[str]) -> Iterator[Row]:
    """The rows, each printed as it comes."""
    for number, row in enumerate(rows):
        if number == 0:
            print(f"| row | {' | '.join(columns)} | CPU s | wall s |\n|---|{'---|' * (len(columns) + 2)}")
        cells = [f"{row.scores[name]:.3f}" if name in row.scores else "–" for name in columns]
        cells += [f"{row.cost[name]:.0f}" if name in row.cost else "–" for name in ("cpu_s", "wall_s")]
        print(f"| {row.name} | {' | '.join(cells)} |", flush=True)
        yield row


if __name__ == "__main__":
    main()

"""Pictures of what the network makes of the first validation patch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor

from volumen.data import Sample
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.targets import EncodedTarget
from volumen.training.objective import Objective, decide_labels, read_voxel_size
from volumen.viewing import write_preview

Maps = Float[Tensor, "1 _ z y x"]
Plane = Shaped[np.ndarray, "z y x"]

UNSEEN = -1  # stands in a snapshot's truth where nobody looked


@dataclass(frozen=True)
class Snapshot:
    """One patch: image, truth, and prediction as probabilities (of a lone channel) or labels."""

    image: Float32[np.ndarray, "c z y x"]
    truth: Shaped[np.ndarray, "z y x"]
    prediction: Shaped[np.ndarray, "z y x"]
    voxel_size: VoxelSize | None

    def write(self, path: Path) -> Path:
        """The picture written: a GIF through z, or a PNG of a patch that is one voxel thick."""
        return write_preview(path, self.image, self.truth, self.prediction, ignore=UNSEEN, voxel_size=self.voxel_size)


def take_snapshot(
    objective: Objective,
    sample: Sample,
    outputs: Mapping[str, Sequence[Tensor]],
    targets: Mapping[str, EncodedTarget],
) -> Snapshot:
    """The first patch of a batch as one head sees it: the first that names labels, else the first."""
    head = next(iter(objective.scored_heads), objective.heads[0])
    logits, target = outputs[head.name][0][:1].float(), targets[head.name].float()
    decide = decide_voxels if head in objective.scored_heads else compare_halves
    truth, prediction = decide(head, logits, target.values[:1])
    truth[(target.weight[0, 0] == 0).cpu().numpy()] = UNSEEN
    image = _match_depth(sample.image[0].float().cpu().numpy(), len(truth))
    return Snapshot(image, truth, prediction, read_voxel_size(sample.voxel_size[0]))


def _match_depth(image: Float32[np.ndarray, "c z y x"], depth: int) -> Float32[np.ndarray, "c _ y x"]:
    """The image, of whose layers the middle one is shown where all together have one slice of truth."""
    middle = image.shape[1] // 2
    return image if image.shape[1] == depth else image[:, middle : middle + 1]


def decide_voxels(head: HeadSpec, logits: Maps, values: Maps) -> tuple[Plane, Plane]:
    """Labels of the truth, and labels of the prediction or the probabilities of a lone channel."""
    lone = head.channels == 1 and head.activation == "sigmoid"
    prediction = logits.sigmoid()[0, 0].cpu().numpy() if lone else decide_labels(logits, 0.0)[0]
    return decide_labels(values, 0.5)[0], prediction


def compare_halves(head: HeadSpec, logits: Maps, values: Maps) -> tuple[Plane, Plane]:
    """Where the first channel lies in the upper half of the truth's range, in the truth and in the prediction."""
    half = (values[0, 0].min() + values[0, 0].max()) / 2
    numbers = logits.sigmoid() if head.activation == "sigmoid" else logits
    truth, prediction = (((maps[0, 0] > half).to(torch.int16)).cpu().numpy() for maps in (values, numbers))
    return truth, prediction

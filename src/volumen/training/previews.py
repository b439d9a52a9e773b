"""Pictures of what the network makes of the first validation patch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Shaped
from torch import Tensor

from volumen.data import Sample
from volumen.geometry import VoxelSize
from volumen.heads import HeadSpec
from volumen.targets import EncodedTarget
from volumen.training.objective import decide_labels, read_voxel_size
from volumen.viewing import write_preview

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
    head: HeadSpec, sample: Sample, outputs: Mapping[str, Sequence[Tensor]], targets: Mapping[str, EncodedTarget]
) -> Snapshot:
    """The first patch of a batch as one head sees it."""
    logits, target = outputs[head.name][0][:1].float(), targets[head.name]
    truth = decide_labels(target.values[:1], 0.5)[0]
    truth[(target.weight[0, 0] == 0).cpu().numpy()] = UNSEEN
    lone = head.channels == 1 and head.activation == "sigmoid"
    prediction = logits.sigmoid()[0, 0].cpu().numpy() if lone else decide_labels(logits, 0.0)[0]
    return Snapshot(sample.image[0].float().cpu().numpy(), truth, prediction, read_voxel_size(sample.voxel_size[0]))

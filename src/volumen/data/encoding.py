"""Targets that a loader's workers encode: from labels that reach past the patch, after augmentation."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jaxtyping import Shaped
from torch import Tensor

from volumen.data.cases import Case
from volumen.data.samples import Sample
from volumen.data.values import IGNORE
from volumen.geometry import Shape, VoxelSize, to_shape
from volumen.targets import ArrayTarget

NO_HALO: Shape = (0, 0, 0)


@dataclass(frozen=True)
class LabelTarget:
    """A target, and the label that it is encoded from."""

    label: str
    target: ArrayTarget


@dataclass(frozen=True)
class Wanted:
    """What samples carry beside their image.

    Args:
        labels: names of labels; sampling looks at the first that a case has.
        targets: what workers encode of them, by the name it has in a sample.
    """

    labels: tuple[str, ...]
    targets: Mapping[str, LabelTarget] = field(default_factory=dict)

    def find_seen(self, case: Case) -> str | None:
        """The label of a case that sampling looks at; None when it has none of them."""
        return next((name for name in self.labels if name in case.labels), None)


def find_halos(wanted: Wanted, patch: Shape, voxel_size: VoxelSize | None) -> dict[str, Shape]:
    """Voxels past each face of a patch that each label is read in: as far as any of its targets looks.

    Axes of one length get one halo, so that a patch that is turned onto itself takes its halo along.
    """
    halos = dict.fromkeys(wanted.labels, NO_HALO)
    for each in wanted.targets.values():
        reach = each.target.find_halo(voxel_size)
        halos[each.label] = to_shape([max(pair) for pair in zip(halos[each.label], reach, strict=True)])
    return {name: _even_halo(halo, patch) for name, halo in halos.items()}


def encode_targets(sample: Sample, wanted: Wanted, patch: Shape, voxel_size: VoxelSize | None) -> Sample:
    """The sample with its targets, and its labels of `patch` voxels without the halo that they were read with."""
    targets = {}
    for name, each in wanted.targets.items():
        halo = each.target.find_halo(voxel_size)
        around = cut_middle(sample.labels[each.label], patch, halo)
        targets[name] = each.target.encode(around, voxel_size=voxel_size, ignore=IGNORE, halo=halo)
    labels = {name: cut_middle(tensor, patch, NO_HALO).contiguous() for name, tensor in sample.labels.items()}
    return replace(sample, labels=labels, targets=targets)


def cut_middle(labels: Shaped[Tensor, "b z y x"], patch: Shape, halo: Shape) -> Shaped[Tensor, "b cz cy cx"]:
    """The patch in the middle of its labels, with so much halo; a view."""
    spans = []
    for extent, edge, margin in zip(labels.shape[1:], patch, halo, strict=True):
        start = (extent - edge) // 2 - margin
        spans.append(slice(start, start + edge + 2 * margin))
    z, y, x = spans
    return labels[:, z, y, x]


def _even_halo(halo: Shape, patch: Shape) -> Shape:
    return to_shape([max(other for other, extent in zip(halo, patch, strict=True) if extent == edge) for edge in patch])

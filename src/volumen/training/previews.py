"""What every head makes of the first validation patch, to be looked at."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from volumen.data import Sample
from volumen.heads import HeadSpec
from volumen.inference import activate_logits
from volumen.targets import EncodedTarget
from volumen.training.objective import Objective, decide_labels, read_voxel_size
from volumen.viewing import HeadView, Preview, choose_slices

Maps = Float[Tensor, "1 c z y x"]


def take_preview(
    objective: Objective,
    sample: Sample,
    outputs: Mapping[str, Sequence[Tensor]],
    targets: Mapping[str, EncodedTarget],
) -> Preview:
    """The slices that are shown of a batch's first patch, as all heads see them; no more is held."""
    depth = outputs[objective.heads[0].name][0].shape[2]
    places = choose_slices(depth)
    views = [
        view_head(objective, head, outputs[head.name][0][:1, :, :: places.step], _cut(targets[head.name], places))
        for head in objective.heads
    ]
    image = _match_depth(sample.image[0, 0], depth)[:: places.step].float().cpu().numpy()
    return Preview(image, places if depth > 1 else (), tuple(views), read_voxel_size(sample.voxel_size[0]))


def view_head(objective: Objective, head: HeadSpec, logits: Maps, target: EncodedTarget) -> HeadView:
    """Labels where a head names them, numbers of objects where it tells them apart, else its numbers as they are."""
    values, channels = target.values, list(objective.targets[head.name].shown)
    ignored = ((target.weight > 0).sum(1) == 0)[0].cpu().numpy()
    if head in objective.scored_heads:
        truth = decide_labels(values.float(), 0.5)[0]
        prediction = (
            logits[0, 0].float().sigmoid().cpu().numpy() if head.channels == 1 else decide_labels(logits, 0.0)[0]
        )
        return HeadView(head.name, truth, prediction, ignored, instances=values.shape[1] > 2)  # noqa: PLR2004 - classes
    prediction = activate_logits(logits[0].float().cpu().numpy(), head.activation)[channels]
    if not (values.is_floating_point() or values.dtype == torch.bool):
        return HeadView(head.name, values[0, 0].cpu().numpy(), prediction, ignored, instances=True)
    return HeadView(head.name, values[0, channels].float().cpu().numpy(), prediction, ignored)


def _cut(target: EncodedTarget, places: range) -> EncodedTarget:
    """Some slices of the first patch."""
    return target._replace(values=target.values[:1, :, :: places.step], weight=target.weight[:1, :, :: places.step])


def _match_depth(image: Float[Tensor, "z y x"], depth: int) -> Float[Tensor, "_ y x"]:
    """The image, of whose layers the middle one is shown where all together have one slice of truth."""
    middle = len(image) // 2
    return image if len(image) == depth else image[middle : middle + 1]

"""Synapses from polarity: what is before a cleft and what is behind it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from volumen.decoding.head_maps import Role, refuse_other_target, refuse_probability
from volumen.decoding.step import Labels, Maps, Share
from volumen.heads import HeadSpec
from volumen.morphology import label_components


def _refuse(spec: HeadSpec) -> str | None:
    return refuse_other_target("polarity")(spec) or refuse_probability(spec)


@dataclass(frozen=True)
class PolarityPairs:
    """Components of the third channel are synapses; the n-th has 2n − 1 before its cleft and 2n behind it.

    Args:
        threshold: probability of being a synapse from which on a voxel is.
        head: which head; the first that gives polarity when not said.
    """

    takes: ClassVar = "heads"
    roles: ClassVar = (Role("head", _refuse),)

    threshold: Share = 0.5
    head: str | None = None

    def __call__(self, maps: Maps) -> Labels:
        """The labels."""
        before, behind, either = maps["head"].values
        synapses = label_components(either >= self.threshold).astype(np.int64)
        labels = np.where(synapses > 0, 2 * synapses - (before >= behind), 0)
        return labels.astype(np.min_scalar_type(int(labels.max(initial=0))))

import numpy as np
import pytest
import torch

from volumen.data import PatchDropout
from volumen.data.augmentation.dropout import DropoutParams
from volumen.errors import ConfigError
from volumen.geometry import Box

GAP = [DropoutParams((4, 4, 4), (Box((0, 1, 1), (2, 3, 3)),))]


def test_a_gap_has_the_mean_of_its_channel_and_the_rest_stays():
    image = torch.rand(1, 2, 4, 4, 4)
    blanked = PatchDropout().apply(image, GAP, "image")
    gap = torch.zeros(4, 4, 4, dtype=torch.bool)
    gap[:2, 1:3, 1:3] = True
    assert torch.equal(blanked[..., ~gap], image[..., ~gap])
    for channel in range(2):
        assert (blanked[0, channel, gap] == image[0, channel].mean()).all()


def test_labels_stay_unless_they_are_to_be_hidden():
    labels = torch.ones(1, 6, 6, 6, dtype=torch.int64)  # a halo of one voxel
    assert PatchDropout().apply(labels, GAP, "labels") is labels
    hidden = PatchDropout(hide_labels=True).apply(labels, GAP, "labels")
    assert (hidden[0, 1:3, 2:4, 2:4] == -100).all()
    assert (hidden == -100).sum() == 8
    weight = PatchDropout(hide_labels=True).apply(torch.ones(1, 1, 4, 4, 4), GAP, "mask")
    assert (weight == 0).sum() == 8


def test_gaps_lie_within_the_patch_and_have_the_edges_asked_for():
    rng = np.random.default_rng(0)
    drawn = [PatchDropout(most=2, low=0.1, high=0.5, p=1.0).draw(rng, (1, 20, 40)) for _ in range(100)]
    assert {len(params.boxes) for params in drawn} == {1, 2}
    for box in (box for params in drawn for box in params.boxes):
        assert Box.whole((1, 20, 40)).contains(box)
        depth, height, width = box.shape
        assert depth == 1
        assert 2 <= height <= 10
        assert 4 <= width <= 20


def test_impossible_gaps_are_refused():
    with pytest.raises(ConfigError, match="most ≥ 1"):
        PatchDropout(most=0)
    with pytest.raises(ConfigError, match="low ≤ high ≤ 1"):
        PatchDropout(high=20.0)

"""Ink phantoms: writing that is in the layers together, and in none of them to a threshold."""

import numpy as np
import pytest

from volumen.data.phantoms.ink import LAYERS, InkPhantom, make_ink
from volumen.errors import ShapeError


@pytest.fixture(scope="module")
def phantoms() -> list[InkPhantom]:
    return [make_ink(96, seed) for seed in range(4)]


def score_best_threshold(phantoms: list[InkPhantom], layer: int) -> float:
    """Dice of the grey value of one layer above which most is ink, in all phantoms together."""
    papyrus = [phantom.mask[0] == 1 for phantom in phantoms]
    grey = np.concatenate([phantom.image[layer][seen] for phantom, seen in zip(phantoms, papyrus, strict=True)])
    ink = np.concatenate([phantom.ink[0][seen] for phantom, seen in zip(phantoms, papyrus, strict=True)])
    hits, found = (np.bincount(part, minlength=256)[::-1].cumsum() for part in (grey[ink == 1], grey))
    return float((2 * hits / (found + ink.sum())).max())


def test_the_same_seed_gives_the_same_bytes(phantoms):
    again = make_ink(96, 2)
    assert again.image.tobytes() == phantoms[2].image.tobytes()
    assert again.ink.tobytes() == phantoms[2].ink.tobytes()


def test_labels_are_one_slice_over_all_layers():
    phantom = make_ink((40, 64), 1)
    assert phantom.image.shape == (LAYERS, 40, 64)
    assert phantom.ink.shape == phantom.mask.shape == (1, 40, 64)


def test_ink_lies_on_papyrus_only(phantoms):
    for phantom in phantoms:
        assert not phantom.ink[phantom.mask == 0].any()
        assert 0.05 < phantom.ink.mean() < 0.4
        assert phantom.mask[0, 0].max() == 0 or phantom.mask.mean() < 1


def test_no_threshold_of_a_layer_finds_the_ink(phantoms):
    share = np.mean([phantom.ink[phantom.mask == 1].mean() for phantom in phantoms])
    everything = 2 * share / (1 + share)
    assert max(score_best_threshold(phantoms, layer) for layer in range(20, 44)) < everything + 0.12


def test_ink_shows_beside_papyrus_in_the_mean(phantoms):
    inked = np.mean([p.image[28:31, p.ink[0] == 1].mean() for p in phantoms])
    bare = np.mean([p.image[28:31, (p.ink[0] == 0) & (p.mask[0] == 1)].mean() for p in phantoms])
    assert inked > bare + 5


def test_a_sheet_too_small_to_write_on_is_refused():
    with pytest.raises(ShapeError, match="at least 16 voxels"):
        make_ink(8, 0)

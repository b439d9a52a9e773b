import numpy as np
import pytest

from volumen.config import Component
from volumen.decoding import Source, decode_heads
from volumen.errors import ConfigError, DataError, ShapeError, UnknownNameError
from volumen.heads import AffinitySpec, HeadSpec, LengthSpec

NEAR = AffinitySpec(((1, 0, 0), (0, 1, 0), (0, 0, 1)))
HEADS = {
    "mask": HeadSpec("mask", 1, "sigmoid", "binary"),
    "mito": HeadSpec("mito", 1, "sigmoid", "binary"),
    "kind": HeadSpec("kind", 3, "softmax", "classes"),
    "near": HeadSpec("near", 3, "sigmoid", "affinities", affinities=NEAR),
    "bare": HeadSpec("bare", 3, "none", "affinities", affinities=NEAR),
    "deep": HeadSpec("deep", 1, "none", "distance", lengths=LengthSpec(side="signed")),
    "place": HeadSpec("place", 2, "none", "embedding"),
}


def read_zeros(name):
    return np.zeros((HEADS[name].channels, 3, 3, 3), np.float32)


def decode(*names, step, main=None, read=read_zeros):
    source = Source(read, [HEADS[name] for name in names], main=main)
    return decode_heads(source, [Component.model_validate(step)])


@pytest.mark.parametrize(
    ("names", "step", "message"),
    [
        (["mask"], "affinity_components", "'mask' learns 'binary' and says nothing of offsets; affinities are needed"),
        (["bare"], "affinity_components", "'bare' has no activation, so it gives no probabilities"),
        (["deep"], "threshold", "finds no head for its option 'head': head 'deep' has no activation"),
        (["near"], "embedding_clusters", "'near' learns 'affinities', and embedding is needed"),
        (["place"], "embedding_clusters", "option 'foreground'.*'place' learns 'embedding', and foreground is needed"),
        (["near", "deep"], {"name": "affinity_components", "foreground": "deep"}, "head 'deep' has no activation"),
        (["mask"], "watershed", "watershed needs a head of boundaries or of distances"),
        ([], "threshold", "option 'head': there are none"),
    ],
)
def test_a_head_that_does_not_fit_is_refused_with_the_reason(names, step, message):
    with pytest.raises(ConfigError, match=message):
        decode(*names, step=step)


def test_only_the_heads_that_a_step_needs_are_read():
    asked = []

    def read(name):
        asked.append(name)
        return read_zeros(name)

    decode("kind", "near", "mask", step="affinity_components", read=read)
    assert asked == ["near"]
    asked.clear()
    decode("kind", "near", "mask", step={"name": "affinity_components", "foreground": "mask"}, read=read)
    assert asked == ["near", "mask"]


def test_the_first_head_that_fits_is_decoded_or_the_one_that_is_named():
    def read(name):
        return read_zeros(name) + (name == "mito")

    assert decode("mask", "mito", step="threshold", read=read).foreground == 0
    assert decode("mask", "mito", step="threshold", main="mito", read=read).foreground == 27
    assert decode("mask", "mito", step={"name": "threshold", "head": "mito"}, read=read).foreground == 27


def test_a_head_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match="threshold: no head is called 'masc'; did you mean 'mask'"):
        decode("mask", "kind", step={"name": "threshold", "head": "masc"})


def test_a_class_can_be_the_foreground():
    places = np.zeros((2, 1, 1, 4), np.float32)
    kinds = np.zeros((3, 1, 1, 4), np.float32)
    kinds[[0, 1, 2, 2], 0, 0, [0, 1, 2, 3]] = 1
    arrays = {"place": places, "kind": kinds}
    step = {"name": "embedding_clusters", "foreground_class": 2}
    assert decode("place", "kind", step=step, read=arrays.__getitem__).labels.tolist() == [[[0, 0, 1, 1]]]
    step = {"name": "embedding_clusters"}
    assert decode("place", "kind", step=step, read=arrays.__getitem__).labels.tolist() == [[[0, 1, 1, 1]]]


def test_numbers_that_are_not_what_they_are_said_to_be_are_refused():
    """PyTC multiplies a tuple by 255 where it means each threshold: everything is foreground, and nothing says so."""
    with pytest.raises(DataError, match="probabilities lie in 0 to 1; these reach from 0 to 255: are they logits"):
        decode("mask", step="threshold", read=lambda name: np.array([[[0, 255]]], np.uint8))
    with pytest.raises(DataError, match="1 values that are not numbers"):
        decode("deep", step="distance_mask", read=lambda name: np.array([[[0, np.nan]]]))
    with pytest.raises(ShapeError, match="head 'near' has 3 channels; the prediction has 1"):
        decode("near", step="affinity_components", read=lambda name: np.zeros((2, 2, 2)))

"""Fibre phantoms: curved tubes that touch and cross, each one piece with a number of its own."""

import numpy as np
import pytest
from scipy.ndimage import find_objects, label

from volumen.data.phantoms.fibres import DUST, FibresPhantom, make_fibres
from volumen.errors import ShapeError


@pytest.fixture(scope="module")
def phantom() -> FibresPhantom:
    return make_fibres(48, 3)


def test_the_same_seed_gives_the_same_bytes(phantom):
    again = make_fibres(48, 3)
    assert again.image.tobytes() == phantom.image.tobytes()
    assert again.labels.tobytes() == phantom.labels.tobytes()


def test_every_label_is_one_piece_of_some_size(phantom):
    present = np.unique(phantom.labels)
    assert present.tolist() == list(range(len(present)))
    for number, box in enumerate(find_objects(phantom.labels), start=1):
        inside = phantom.labels[box] == number
        assert label(inside)[1] == 1
        assert inside.sum() >= DUST


def test_fibres_run_along_two_axes(phantom):
    spans = [[part.stop - part.start for part in box] for box in find_objects(phantom.labels)]
    longest = [int(np.argmax(span)) for span in spans if max(span) > 24]
    assert longest.count(0) > 3
    assert longest.count(2) > 3
    assert longest.count(1) == 0


def test_many_fibres_touch_another(phantom):
    labels = phantom.labels
    touching = {
        int(number)
        for axis in range(3)
        for one, other in [(labels.take(range(47), axis), labels.take(range(1, 48), axis))]
        for number in one[(one != other) & (one > 0) & (other > 0)]
    }
    assert len(touching) > labels.max() / 4


def test_fibres_are_brighter_than_what_is_round_them(phantom):
    inside = phantom.labels > 0
    assert phantom.image[inside].mean() > phantom.image[~inside].mean() + 10


def test_a_size_too_small_for_fibres_is_refused():
    with pytest.raises(ShapeError, match="at least 16 voxels"):
        make_fibres((64, 64, 4), 0)


def test_the_smallest_phantom_can_be_made():
    assert make_fibres(16, 0).labels.max() > 0

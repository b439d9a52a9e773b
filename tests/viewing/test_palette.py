import itertools

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from volumen.viewing.palette import AGREEMENT, PREDICTION, TRUTH, colour_instances, format_hex

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
SIGHT = {
    "normal": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "red-blind": (0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998),
    "green-blind": (0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881),
    "blue-blind": (1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039),
}
MID_GREY = (128, 128, 128)


def see(colour, sight):
    share = np.array(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.reshape(SIGHT[sight], (3, 3)) @ linear, 0, 1)
    return rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)[None, None])[0, 0]


@pytest.mark.parametrize("sight", SIGHT)
def test_truth_prediction_and_agreement_stay_apart_for_every_kind_of_sight(sight):
    seen = [see(colour, sight) for colour in (TRUTH, PREDICTION, AGREEMENT, MID_GREY)]
    assert min(deltaE_ciede2000(one, other) for one, other in itertools.combinations(seen, 2)) > 24


def test_an_id_has_the_same_colour_in_every_picture_and_neighbouring_ids_differ():
    colours = colour_instances(np.array([[0, 1, 2, 3]]))
    assert colours[0, 0].tolist() == [0, 0, 0]
    assert len({tuple(colour) for colour in colours[0]}) == 4
    assert (colour_instances(np.array([[3, 1]], np.uint64))[0, 0] == colours[0, 3]).all()


def test_a_colour_is_written_as_html_writes_it():
    assert format_hex((255, 0, 16)) == "#ff0010"

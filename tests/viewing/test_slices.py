import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.errors import ShapeError
from volumen.geometry import VoxelSize
from volumen.viewing.slices import WINDOW, Scene, cut_scene, cut_three_ways, find_foreground, find_position, find_shape


class Recorder:
    """A volume that remembers which boxes were read."""

    def __init__(self, array):
        self.array = array
        self.boxes = []

    @property
    def shape(self):
        return self.array.shape[-3:]

    def read(self, box=None):
        self.boxes.append(box)
        return self.array[(..., *box.slices)]


@pytest.mark.parametrize(
    ("given_shape", "shape"), [((5, 6), (1, 5, 6)), ((4, 5, 6), (4, 5, 6)), ((3, 4, 5, 6), (4, 5, 6))]
)
def test_arrays_of_two_to_four_axes_are_volumes(given_shape, shape):
    assert find_shape(np.zeros(given_shape)) == shape


def test_a_line_is_refused():
    with pytest.raises(ShapeError, match="y x, z y x or c z y x"):
        find_shape(np.zeros(7))


def test_truth_and_prediction_must_fit_the_image():
    with pytest.raises(ShapeError, match="the prediction is"):
        Scene(np.zeros((4, 5, 6)), prediction=np.zeros((4, 5, 7)))


def test_the_cut_goes_where_there_is_most_truth():
    truth = np.zeros((10, 12, 14), np.uint8)
    truth[3, :, 5], truth[8, 1, 1] = 1, 1
    z, _, x = find_position(Scene(truth, truth))
    assert (z, x) == (3, 5)


def test_where_nobody_looked_is_no_reason_to_look_there():
    truth = np.zeros((10, 10, 10), np.uint8)
    truth[7], truth[2, 4, 5] = 2, 1
    assert find_position(Scene(truth, truth, ignore=2)) == (2, 4, 5)


def test_without_truth_the_prediction_decides_and_without_either_the_middle():
    probability = np.zeros((8, 8, 8), np.float32)
    assert find_position(Scene(probability)) == (4, 4, 4)
    assert find_position(Scene(probability, prediction=probability)) == (4, 4, 4)
    probability[6, 1, 2] = 0.9
    assert find_position(Scene(probability, prediction=probability)) == (6, 1, 2)


def test_in_a_volume_full_of_labels_the_cut_stays_in_the_middle():
    full = np.ones((9, 9, 9), np.uint8)
    assert find_position(Scene(full, full)) == (4, 4, 4)


def test_of_places_as_good_the_one_nearest_the_middle_is_shown():
    sheets = np.zeros((400, 8, 8), np.uint8)
    sheets[10::20] = 1
    assert abs(find_position(Scene(sheets, sheets))[0] - 200) < 64


def test_of_a_volume_on_disk_only_slices_and_survey_blocks_are_read():
    image = Recorder(np.zeros((2, 40, 30, 700), np.float32))
    truth = Recorder(np.zeros((40, 30, 700), np.uint8))
    cut = cut_scene(Scene(image, truth), 0, find_position(Scene(image, truth)))
    assert cut.image.shape == (30, WINDOW)
    assert [box.shape for box in image.boxes] == [(1, 30, WINDOW)]
    assert max(box.size for box in truth.boxes) <= 128**3


@given(shape=st.tuples(*[st.integers(1, 20)] * 3), share=st.tuples(*[st.floats(0, 0.99)] * 3))
def test_every_voxel_can_be_cut_through(shape, share):
    image = np.arange(np.prod(shape)).reshape(shape)
    position = tuple(int(extent * part) for extent, part in zip(shape, share, strict=True))
    for cut in cut_three_ways(Scene(image), position):
        assert (cut.image == image.take(position[cut.axis], cut.axis)).all()


def test_a_slice_keeps_the_aspect_of_its_voxels():
    scene = Scene(np.zeros((4, 5, 6)), voxel_size=VoxelSize(30.0, 8.0, 4.0))
    assert [cut.pixel for cut in cut_three_ways(scene, (1, 1, 1))] == [(8, 4), (30, 4), (30, 8)]


def test_a_mask_says_where_nobody_looked_as_well_as_a_value_does():
    mask = np.zeros((4, 4, 4), bool)
    mask[0] = True
    assert cut_scene(Scene(mask, ignore=mask), 0, (0, 0, 0)).ignored.all()
    assert not cut_scene(Scene(mask, ignore=mask), 0, (1, 0, 0)).ignored.any()


def test_half_a_probability_is_foreground_and_so_is_any_label():
    assert find_foreground(np.array([0.4, 0.5])).tolist() == [False, True]
    assert find_foreground(np.array([0, 7])).tolist() == [False, True]

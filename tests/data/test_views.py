import numpy as np
import pytest

from volumen.data import views
from volumen.data.views import CaseView
from volumen.errors import DataError
from volumen.geometry import Box


@pytest.fixture
def labels(rng) -> np.ndarray:
    return rng.integers(0, 3, (6, 7, 8)).astype(np.uint8)


@pytest.mark.parametrize("voxels", [10, 1000])
def test_voxels_of_a_label_are_found_by_their_rank(look_at, labels, monkeypatch, voxels):
    monkeypatch.setattr(views, "LOOKED_AT", voxels)
    known = labels != 1
    view = look_at(labels, (2, 2, 2), known)
    box = Box((1, 2, 0), (5, 7, 6))
    for label, wanted in ((0, labels == 0), (2, labels == 2), (None, (labels > 0) & known)):
        count = np.count_nonzero(wanted[box.slices])
        found = {view.find_voxel(box, label, rank) for rank in range(count)}
        assert len(found) == count
        assert all(wanted[voxel] and box.contains(Box.at(voxel, (1, 1, 1))) for voxel in found)


def test_a_voxel_that_is_gone_is_an_error(look_at, labels):
    with pytest.raises(DataError, match="changed since they were looked through"):
        look_at(labels, (2, 2, 2)).find_voxel(Box.whole(labels.shape), 2, 336)


def test_shares_are_of_the_part_inside(look_at, labels):
    known = np.arange(8) < 4 * np.ones_like(labels)
    view = look_at(labels, (2, 2, 2), known)
    box = Box.at((3, 3, 3), (9, 9, 9))
    assert view.count_known(box) == 3 * 4 * 1
    assert view.measure_foreground(box) == np.count_nonzero(labels[3:, 3:, 3]) / 12


def test_nothing_is_known_of_a_case_without_labels():
    view = CaseView((4, 4, 4), (2, 2, 2))
    assert view.count_known(Box.whole((4, 4, 4))) == 0
    assert view.measure_foreground(Box.whole((4, 4, 4))) is None

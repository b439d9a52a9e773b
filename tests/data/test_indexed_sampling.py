from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volumen.config import Component, DataSection, build_component
from volumen.data import ClassSampling, ForegroundSampling, InstanceSampling, LabelledSampling
from volumen.data.views import CaseView
from volumen.errors import ConfigError

extents = st.tuples(*[st.integers(1, 13)] * 3)
many = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def cut(labels, box):
    """What of an array lies in a box that may pass its end."""
    return labels[box.slices]


def draw_many(sampling, view, count=150):
    return [sampling.draw(view, np.random.default_rng((7, number))).box for number in range(count)]


@pytest.fixture
def classes() -> np.ndarray:
    """A background of 0 with 1,000 voxels of class 1, nine of class 2 and one of class 3."""
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[:10, :10, :10] = 1
    labels[15:18, 15:18, 15] = 2
    labels[0, 19, 0] = 3
    return labels


@given(shape=extents, patch=extents, seed=st.integers(0, 99), centred=st.booleans())
@many
def test_every_patch_lies_inside_and_holds_what_it_is_drawn_for(look_at, shape, patch, seed, centred):
    rng = np.random.default_rng(seed)
    labels = (rng.integers(0, 4, shape) * (rng.random(shape) < 0.1)).astype(np.uint16)
    known = rng.random(shape) < 0.5
    labels.flat[rng.integers(labels.size)] = 5
    known |= labels == 5
    view = look_at(labels, patch, known)
    for sampling in (
        ForegroundSampling(share=1.0, centred=centred),
        InstanceSampling(centred=centred),
        ClassSampling(centred=centred),
        ForegroundSampling(share=1.0, classes=(5, 9), centred=centred),
        ClassSampling({5: 0.5, 2: 0.0}, centred=centred),
    ):
        drawn = sampling.draw(view, rng)
        box = drawn.box
        wanted = (5,) if sampling.named else range(1, 9)
        assert box.shape == patch
        assert all(
            0 <= start <= max(extent - edge, 0) for start, extent, edge in zip(box.start, shape, patch, strict=True)
        )
        assert np.isin(cut(labels, box), wanted)[cut(known, box)].any()
        assert drawn.notice is None


@given(shape=extents, patch=extents, seed=st.integers(0, 99), ratio=st.sampled_from([0.01, 0.1, 0.5, 1.0]))
@many
def test_every_patch_is_labelled_enough_or_says_that_it_is_not(look_at, shape, patch, seed, ratio):
    rng = np.random.default_rng(seed)
    known = np.zeros(shape, bool)
    low = rng.integers(0, shape)
    known[low[0] :, low[1] :, : low[2] + 1] = True
    sampling = LabelledSampling(ratio)
    view = look_at(np.zeros(shape, np.uint8), patch, known)
    drawn = sampling.draw(view, rng)
    enough = cut(known, drawn.box).mean() >= ratio
    assert enough or drawn.notice is not None or sampling.find_lack(view.index, patch) is not None


def test_labelled_places_are_equally_likely(look_at):
    known = np.zeros((1, 1, 40), bool)
    known[..., 10:20] = True
    boxes = draw_many(LabelledSampling(0.5), look_at(known.astype(np.uint8), (1, 1, 4), known), 500)
    counts = Counter(box.start[2] for box in boxes)
    assert sorted(counts) == list(range(8, 19))
    assert max(counts.values()) < 2 * min(counts.values())


def test_a_place_that_is_hard_to_find_is_approached_and_told(look_at):
    known = np.zeros((1, 12, 12), bool)
    known[0, ::2, ::3] = True  # a sixth of all
    known[0, 3:6, 3:6] = True
    drawn = LabelledSampling(0.95, tries=3).draw(look_at(known, (1, 3, 3), known), np.random.default_rng(5))
    assert "no patch of 3 tries was labelled to 95%" in drawn.notice


def test_labels_are_only_read_where_the_index_leaves_a_doubt(look_at):
    known = np.ones((16, 16, 32), bool)
    known[..., 16:] = False
    view = look_at(known, (8, 8, 8), known)
    read = []
    watched = CaseView(view.shape, view.patch, lambda box: read.append(box) or view.read(box), view.index)
    draw_many(LabelledSampling(0.01), watched, 100)
    assert all(12 < box.start[2] < 16 for box in read)  # no whole cell of the patch is known


def test_a_share_of_the_patches_holds_foreground_and_the_rest_lies_anywhere(look_at):
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[0, 0, 0] = 1
    boxes = draw_many(ForegroundSampling(), look_at(labels, (4, 4, 4)), 400)
    assert 0.26 < np.mean([cut(labels, box).any() for box in boxes]) < 0.4
    assert len({box.start for box in boxes}) > 200


def test_classes_come_equally_often_however_few_their_voxels(look_at, classes):
    view = look_at(classes, (1, 1, 1))
    for sampling in (ForegroundSampling(share=1.0), ClassSampling(), InstanceSampling()):
        found = Counter(int(cut(classes, box)[0, 0, 0]) for box in draw_many(sampling, view))
        assert set(found) == {1, 2, 3}
        assert min(found.values()) > 35


def test_classes_come_by_their_weights_background_too(look_at, classes):
    boxes = draw_many(ClassSampling({0: 1, 1: 2, 3: 1, 8: 4}), look_at(classes, (1, 1, 1)), 200)
    found = Counter(int(cut(classes, box)[0, 0, 0]) for box in boxes)
    assert set(found) == {0, 1, 3}
    assert 80 < found[1] < 120


def test_weights_that_went_through_a_file_are_the_same():
    config = DataSection(sampling=Component(name="classes", options={"weights": {0: 1, 2: 0.5}}))
    again = DataSection.model_validate(config.model_dump(mode="json"))
    assert build_component("sampling", again.sampling).named == (0, 2)


def test_only_classes_that_are_named_are_drawn(look_at, classes):
    boxes = draw_many(ForegroundSampling(share=1.0, classes=(2, 3)), look_at(classes, (1, 1, 1)))
    assert {int(cut(classes, box)[0, 0, 0]) for box in boxes} == {2, 3}


def test_of_more_labels_than_there_are_classes_any_voxel_may_be_drawn(look_at):
    labels = np.arange(200, dtype=np.uint16).reshape(1, 1, 200)
    labels[labels >= 100] = 100  # as many voxels as all others have
    boxes = draw_many(ForegroundSampling(share=1.0), look_at(labels, (1, 1, 1)), 200)
    found = Counter(int(cut(labels, box)[0, 0, 0]) for box in boxes)
    assert 70 < found[100] < 130


def test_a_voxel_is_in_the_middle_when_that_is_asked_for(look_at):
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[10, 2, 19] = 1
    view = look_at(labels, (5, 5, 5))
    for sampling in (
        ForegroundSampling(1.0, centred=True),
        InstanceSampling(centred=True),
        ClassSampling(centred=True),
    ):
        assert {box.start for box in draw_many(sampling, view, 5)} == {(8, 0, 15)}
    assert len({box.start for box in draw_many(InstanceSampling(), view)}) == 5 * 3


@pytest.mark.parametrize(
    "sampling", [ForegroundSampling(), InstanceSampling(), ClassSampling(), LabelledSampling(), ClassSampling({9: 1.0})]
)
def test_where_there_is_nothing_to_go_by_patches_lie_anywhere(look_at, sampling):
    empty = np.zeros((9, 9, 9), np.uint8)
    view = look_at(empty, (2, 2, 2), np.zeros_like(empty, bool))
    assert sampling.find_lack(view.index, view.patch) is not None
    assert len({box.start for box in draw_many(sampling, view, 100)}) > 80
    assert len({box.start for box in draw_many(sampling, CaseView((9, 9, 9), (2, 2, 2)), 100)}) > 80


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ForegroundSampling(share=33), "share from 0 to 1; got 33"),
        (lambda: ForegroundSampling(classes=()), "one class or more"),
        (lambda: ForegroundSampling(classes=(0,)), "each at least 1"),
        (lambda: InstanceSampling(share=-0.1), "share from 0 to 1"),
        (lambda: ClassSampling({1: -1.0, 2: 1.0}), "weights of classes are 0 or more"),
        (lambda: ClassSampling({1: 0.0}), "one class or more"),
        (lambda: ClassSampling({-3: 1.0}), "each at least 0"),
        (lambda: ClassSampling({"ink": 1.0}), "weights are given for labels"),
        (lambda: LabelledSampling(0.0), "min_labelled_ratio is above 0"),
        (lambda: LabelledSampling(10), "min_labelled_ratio is above 0 and at most 1; got 10"),
        (lambda: LabelledSampling(tries=0), "at least one try"),
    ],
)
def test_impossible_wishes_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.errors import ConfigError, DataError, ShapeError
from volumen.geometry import Box
from volumen.metrics import SurfaceScore, score_surface, score_surface_dice, score_voi
from volumen.metrics.surface_score import split_octants
from volumen.morphology import match_features

DATA = Path(__file__).parents[1] / "data"
OFFICIAL = json.loads((DATA / "surface_score.json").read_text())
VOLUMES = np.load(DATA / "surface_score.npz")
LABELS = arrays(np.uint8, st.tuples(*[st.integers(1, 7)] * 3), elements=st.integers(0, 2))


def place_sheets(*places: int, shape: tuple[int, int, int] = (16, 16, 16)) -> np.ndarray:
    """Flat sheets, one voxel thick, across the first axis."""
    labels = np.zeros(shape, np.uint8)
    labels[list(places)] = 1
    return labels


def check_close(found: SurfaceScore, official: dict) -> None:
    assert {str(k): list(counts) for k, counts in found.counts.items()} == official["counts"]
    assert {str(k): value for k, value in found.f1.items()} == pytest.approx(official["topo_f1"], abs=1e-9, nan_ok=True)
    names = {"topology": "topo"} | {name: name for name in ("surface_dice", "voi", "voi_split", "voi_merge")}
    for ours, theirs in names.items():
        assert getattr(found, ours) == pytest.approx(official[theirs], abs=1e-9), ours
    assert found.score == pytest.approx(min(1.0, official["score"]), abs=1e-9)


@pytest.mark.parametrize("official", OFFICIAL, ids=lambda official: official["name"])
def test_scores_are_those_of_the_competitions_own_code(official):
    prediction, truth = (VOLUMES[f"{official['name']}/{side}"] for side in ("prediction", "truth"))

    check_close(score_surface(prediction, truth, workers=1), official)


def test_a_case_counted_by_hand():
    # 16³, so octants of 8³. Truth: sheets at z 3 and 12, one component in each octant.
    # Prediction: the same two, and a third sheet at z 6 beside the first, two voxels between them.
    prediction, truth = place_sheets(3, 6, 12), place_sheets(3, 12)

    score = score_surface(prediction, truth)

    # the four octants below z 8 hold two components of the prediction, of which one is not counted, and none is matched
    assert score.counts == {0: (0, 4, 0), 1: (0, 0, 0), 2: (0, 0, 0)}
    assert score.f1[0] == 0.5 / (4 + 0.5)
    assert score.topology == score.f1[0]  # the only dimension with features
    # union: 3 · 256 voxels. Where the truth is 0 (the third sheet) the prediction has one component; each true sheet is
    # one predicted component; but the predicted 0 does not occur: nothing is split and nothing merged
    assert score.voi_split == score.voi_merge == 0
    assert score.voi == 1
    assert score.score == pytest.approx(0.3 * score.topology + 0.35 * score.surface_dice + 0.35)


def test_parts_are_those_of_the_metrics_beside_it(rng):
    prediction, truth = (rng.random((10, 11, 12)) < 0.2 for _ in range(2))

    score = score_surface(prediction, truth)

    pieces = score_voi(prediction, truth, ignore=~(prediction | truth), components=True)
    assert score.surface_dice == score_surface_dice(prediction, truth, tolerance=2).surface_dice
    assert (score.voi_split, score.voi_merge) == (pieces.voi_split, pieces.voi_merge)
    assert score.voi == pytest.approx(1 / (1 + 0.3 * pieces.voi))


def test_counts_are_those_of_the_octants(rng):
    prediction, truth = (rng.random((9, 10, 11)) < 0.5 for _ in range(2))
    octants = [
        np.s_[z, y, x] for z in (np.s_[:5], np.s_[5:]) for y in (np.s_[:5], np.s_[5:]) for x in (np.s_[:6], np.s_[6:])
    ]

    expected = np.sum([list(match_features(prediction[box], truth[box]).values()) for box in octants], axis=0)

    assert [*score_surface(prediction, truth).counts.values()] == [tuple(row) for row in expected]


@pytest.mark.parametrize(
    ("shape", "count"), [((8, 8, 8), 8), ((7, 1, 2), 4), ((1, 1, 1), 1), ((1, 5, 6), 4), ((2, 3, 320), 8)]
)
def test_octants_cover_the_volume_once(shape, count):
    boxes = list(split_octants(shape))

    covered = np.zeros(shape, int)
    for box in boxes:
        covered[box.slices] += 1
    assert (covered == 1).all()
    assert len(boxes) == count
    assert boxes[0] == Box.at((0, 0, 0), [-(-extent // 2) for extent in shape])  # the first half has the odd voxel


@settings(max_examples=50, deadline=None)
@given(LABELS)
def test_a_volume_against_itself_scores_one(labels):
    score = score_surface(np.where(labels == 2, 1, labels), labels)

    assert score.score == pytest.approx(1.0)
    assert all(matched == predicted == true for matched, predicted, true in score.counts.values())


@settings(max_examples=50, deadline=None)
@given(LABELS, st.randoms(use_true_random=False))
def test_exchanging_both_sides_exchanges_counts_and_entropies_and_keeps_the_rest(labels, random):
    one = labels == 1
    other = one ^ (np.random.default_rng(random.randrange(2**32)).random(one.shape) < 0.2)

    forth, back = score_surface(one, other, ignore=None), score_surface(other, one, ignore=None)

    assert {k: (m, t, p) for k, (m, p, t) in back.counts.items()} == forth.counts
    assert (back.voi_split, back.voi_merge) == pytest.approx((forth.voi_merge, forth.voi_split))
    assert (back.surface_dice, back.voi) == pytest.approx((forth.surface_dice, forth.voi))


@settings(max_examples=50, deadline=None)
@given(LABELS, LABELS.map(lambda labels: labels.ravel()[:64]))
def test_what_is_ignored_has_no_say(truth, noise):
    prediction = np.resize(noise, truth.shape)
    changed = np.where(truth == 2, 1 - np.minimum(prediction, 1), prediction)

    assert repr(score_surface(changed, truth)) == repr(score_surface(prediction, truth))


def test_ignored_voxels_are_a_label_or_a_mask_or_none(rng):
    truth, prediction = rng.integers(0, 3, (6, 7, 8)), rng.integers(0, 2, (6, 7, 8))

    ignored = score_surface(prediction, truth)

    assert repr(score_surface(prediction, truth, ignore=truth == 2)) == repr(ignored)
    assert repr(score_surface(prediction, truth, ignore=None)) == repr(score_surface(prediction, truth > 0))
    assert repr(score_surface(prediction, truth + 5 * (truth == 2), ignore=7)) == repr(ignored)


def test_flips_along_each_axis_keep_everything_but_what_matches():
    # the official score is not the same for a flipped volume: which features match goes by the order of voxels
    prediction, truth = np.zeros((2, 18, 1, 1), bool)
    prediction[[0, 4]] = truth[[2, 4]] = True

    as_given = score_surface(prediction, truth)
    flipped = score_surface(prediction[::-1], truth[::-1])

    assert as_given.counts[0] == (1, 1, 1)
    assert flipped.counts[0] == (0, 1, 1)
    assert (as_given.topology, flipped.topology) == (1.0, 0.0)
    assert (as_given.surface_dice, as_given.voi) == (flipped.surface_dice, flipped.voi)


@settings(max_examples=30, deadline=None)
@given(LABELS, st.sampled_from([(0,), (1,), (2,), (0, 1, 2)]))
def test_flips_of_even_volumes_change_no_part_but_topology(labels, axes):
    even = np.pad(labels, [(0, extent % 2) for extent in labels.shape])
    one, other = even == 1, even > 0
    flipped = [np.flip(mask, axes) for mask in (one, other)]

    as_given, turned = score_surface(one, other), score_surface(*flipped)

    assert (turned.surface_dice, turned.voi) == pytest.approx((as_given.surface_dice, as_given.voi))
    assert [counts[1:] for counts in turned.counts.values()] == [counts[1:] for counts in as_given.counts.values()]


def test_an_empty_prediction_of_one_sheet_an_octant_has_full_topology():
    truth = place_sheets(3, 12)

    score = score_surface(np.zeros_like(truth), truth)

    assert score.topology == 1.0  # a trap of the official score: one component an octant is never counted
    assert all(math.isnan(value) for value in score.f1.values())
    assert score.surface_dice == 0.0


@pytest.mark.parametrize("fill", [0, 1, 2])
def test_empty_full_and_ignored_volumes_score_one_against_themselves(fill, caplog):
    labels = np.full((5, 6, 7), fill, np.uint8)

    score = score_surface(labels, labels)

    assert (score.score, score.topology, score.surface_dice, score.voi) == (1.0, 1.0, 1.0, 1.0)
    assert ("every voxel is ignored" in caplog.text) == (fill == 2)


def test_any_number_of_workers_gives_the_same(rng):
    prediction, truth = (rng.random((20, 21, 22)) < 0.4 for _ in range(2))

    scores = [repr(score_surface(prediction, truth, workers=workers)) for workers in (1, 2, 5, 20, None)]

    assert len(set(scores)) == 1


def test_volumes_are_read_by_boxes(make_volume, rng):
    prediction, truth = rng.integers(0, 3, (2, 9, 10, 11))

    score = score_surface(make_volume(prediction), make_volume(truth))

    assert repr(score) == repr(score_surface(prediction, truth))


def test_every_number_has_a_flat_name():
    prediction, truth = place_sheets(3, 6, 12), place_sheets(3, 12)
    score = score_surface(prediction, truth)

    named = score.flatten()

    assert named["surface"] == score.score
    assert named["surface_topology"] == score.topology
    assert [named[f"surface_{kind}_0"] for kind in ("matched", "predicted", "true")] == [0, 4, 0]
    assert math.isnan(named["surface_f1_2"])
    assert all(name.startswith("surface") and type(value) is float for name, value in named.items())
    assert len(named) == 6 + 3 + 9


@pytest.mark.parametrize(
    ("prediction", "truth", "error", "message"),
    [
        (np.zeros((2, 3, 4)), np.zeros((2, 3, 5)), ShapeError, r"prediction \(2, 3, 4\), truth \(2, 3, 5\)"),
        (np.zeros((1, 2, 3, 4)), np.zeros((1, 2, 3, 4)), ShapeError, "z y x"),
        (np.zeros((0, 3, 4)), np.zeros((0, 3, 4)), ShapeError, "without voxels"),
        (np.full((2, 3, 4), 0.7), np.zeros((2, 3, 4)), DataError, "prediction holds 0.7"),
        (np.zeros((2, 3, 4)), np.full((2, 3, 4), np.nan), DataError, "truth holds nan"),
        (np.full((2, 3, 4), -3), np.zeros((2, 3, 4)), DataError, "prediction holds -3"),
        (np.zeros((2, 3, 4)), np.full((2, 3, 4), -1), DataError, "truth holds -1"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(prediction, truth, error, message):
    with pytest.raises(error, match=message) as caught:
        score_surface(prediction, truth)
    assert "\n" not in str(caught.value)


def test_negative_voxels_that_nobody_looked_at_are_fine():
    truth = place_sheets(3, 12).astype(np.int16)
    truth[:, :, 7:9] = -1

    assert score_surface(place_sheets(3, 12), truth, ignore=-1).score == pytest.approx(1.0)


def test_no_workers_at_all_are_refused():
    with pytest.raises(ConfigError, match="at least one worker is needed; got 0"):
        score_surface(place_sheets(3), place_sheets(3), workers=0)

"""What every metric of instances and distances keeps to; a new one joins with a line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from volumen.config import Component
from volumen.errors import DataError, ShapeError
from volumen.geometry import VoxelSize
from volumen.metrics import evaluate_case, sources

SIZE = VoxelSize(3.0, 1.0, 1.0)
LABELS = arrays(np.int64, (3, 5, 6), elements=st.integers(0, 4))
# Each metric with the scores that a perfect prediction of some objects has.
PERFECT = {
    "ap": {"ap": 1, "ap_50": 1, "ap_75": 1},
    "cleft": {"cleft": 0, "cleft_to_truth": 0, "cleft_to_prediction": 0, "cleft_f1": 1},
    "cremi": {"cremi": 0, "cremi_voi_split": 0, "cremi_voi_merge": 0, "cremi_rand": 0},
    "erl": {"nerl": 1, "erl_splits": 0, "erl_omitted": 0, "erl_mergers": 0, "erl_voi_split": 0, "erl_voi_merge": 0},
    "hausdorff95": {"hausdorff95": 0, "hausdorff95_beyond": 0},
    "objects": {"objects_split": 0, "objects_merged": 0, "objects_missed": 0, "objects_invented": 0},
    "pq": {"pq": 1, "sq": 1, "rq": 1, "pq_missed": 0, "pq_invented": 0},
    "rand": {"rand": 0, "rand_precision": 1, "rand_recall": 1},
    "surface_distance": {"surface_distance": 0, "surface_distance_beyond": 0},
    "voi": {"voi": 0, "voi_split": 0, "voi_merge": 0},
}
# Metrics that score the components of two masks in place of their labels.
OF_OBJECTS = {"ap", "objects", "pq", "rand", "voi"}
# Traced skeletons depend on which of equal ways is taken first, so on how the volume lies.
EACH = [Component(name=name) for name in PERFECT]
UNTURNED = [metric for metric in EACH if metric.name != "erl"]
NO_COMPONENTS = [Component(name=name, options={"components": False} if name in OF_OBJECTS else {}) for name in PERFECT]


def score(prediction, truth, metrics=NO_COMPONENTS, **options) -> dict[str, float]:
    return evaluate_case(prediction, truth, metrics, voxel_size=SIZE, **options)


def same(one: dict[str, float], other: dict[str, float]) -> bool:
    return one.keys() == other.keys() and np.allclose(list(one.values()), list(other.values()), equal_nan=True)


@pytest.fixture
def mistaken(prediction, truth) -> np.ndarray:
    """Objects split and merged as in `prediction`, and the first two sections empty."""
    found = np.where(truth == 0, 0, prediction)
    found[:2] = 0
    return found


@pytest.mark.parametrize("metric", EACH, ids=lambda metric: metric.name)
def test_a_perfect_prediction_has_the_best_score_and_a_mistaken_one_has_not(metric, truth, mistaken):
    best = PERFECT[metric.name]

    assert {name: score(truth, truth, [metric])[name] for name in best} == best
    assert {name: score(mistaken, truth, [metric])[name] for name in best} != best


@settings(max_examples=8, deadline=None)
@given(LABELS, LABELS, st.permutations(range(1, 5)))
def test_names_of_objects_do_not_matter(prediction, truth, names):
    renamed = (np.array([0, *names], np.uint64) * 2**61)[prediction]  # 2**63 and beyond included

    assert same(score(renamed, truth), score(prediction, truth))


@settings(max_examples=8, deadline=None)
@given(LABELS, LABELS, st.sampled_from([0, 1, 2, (0, 1), (1, 2), (0, 1, 2)]))
def test_flips_do_not_matter(prediction, truth, axes):
    one = score(prediction, truth, UNTURNED)
    other = score(np.flip(prediction, axes), np.flip(truth, axes), UNTURNED)

    # the worst objects and ties between objects go by label, which a flip leaves alone
    assert same(one, other)


@settings(max_examples=8, deadline=None)
@given(LABELS, LABELS, LABELS, arrays(bool, (3, 5, 6)))
def test_what_is_ignored_has_no_say(one, other, truth, ignored):
    mixed = np.where(ignored, other, one)

    assert same(score(mixed, truth, ignore=ignored), score(one, truth, ignore=ignored))
    assert same(score(one, np.where(ignored, 9, truth), ignore=9), score(one, truth, ignore=ignored.astype(np.uint8)))


def test_blocks_give_what_the_whole_gives(monkeypatch, make_volume, mistaken, truth):
    whole = score(mistaken, truth, ignore=truth == 5)
    monkeypatch.setattr(sources, "BLOCK_VOXELS", 60)

    blocks = score(make_volume(mistaken), make_volume(truth), ignore=make_volume((truth == 5).astype(np.uint8)))

    assert same(blocks, whole)


@pytest.mark.parametrize("truth_holds", [0, 3], ids=["no objects", "all ignored"])
def test_nothing_to_score_is_no_mistake(truth_holds):
    truth = np.full((3, 4, 5), truth_holds, np.uint8)
    scores = score(truth, truth, EACH, ignore=3)

    best = {name: value for values in PERFECT.values() for name, value in values.items()}
    undefined = {name for name, value in scores.items() if np.isnan(value)}
    assert {name: scores[name] for name in best if name not in undefined} == {
        name: value for name, value in best.items() if name not in undefined
    }
    assert undefined == {"erl", "nerl", "erl_max"} | {
        f"ap_{s}{c}" for s in ("", "75_") for c in ("small", "medium", "large")
    }


@pytest.mark.parametrize("metric", EACH, ids=lambda metric: metric.name)
class TestBadInput:
    def test_shapes_that_differ(self, metric, truth):
        with pytest.raises(ShapeError, match="must have one shape"):
            score(truth[1:], truth, [metric])

    def test_channels(self, metric, truth):
        with pytest.raises(ShapeError, match="z y x"):
            score(truth[None], truth[None], [metric])

    @pytest.mark.parametrize("value", [0.5, np.nan])
    def test_fractions_and_nan(self, metric, truth, value):
        wrong = np.where(truth == 4, value, truth)
        with pytest.raises(DataError, match="the prediction holds"):
            score(wrong, truth, [metric])

    def test_negative_labels(self, metric, truth):
        wrong = np.where(truth == 4, -1, truth)
        with pytest.raises(DataError, match="must not be negative"):
            score(wrong, truth, [metric])
        with pytest.raises(DataError, match="must not be negative"):
            score(truth, wrong, [metric])
        score(truth, wrong, [metric], ignore=-1)

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from volumen.config import Component
from volumen.errors import ConfigError
from volumen.geometry import VoxelSize
from volumen.metrics import (
    evaluate_case,
    score_ap,
    score_betti,
    score_cldice,
    score_cremi,
    score_dice,
    score_erl,
    score_objects,
    score_rand,
    score_surface,
    score_surface_dice,
    score_voi,
    trace_skeletons,
)

ALL = [Component(name=name) for name in ("dice", "iou", "precision", "recall", "surface_dice", "voi", "rand")]


def test_every_metric_gives_its_flat_names(prediction, truth):
    scores = evaluate_case(prediction, truth, ALL)

    assert list(scores) == [
        "dice",
        "iou",
        "precision",
        "recall",
        "surface_dice",
        "voi",
        "voi_split",
        "voi_merge",
        "rand",
        "rand_precision",
        "rand_recall",
    ]
    assert all(type(value) is float for value in scores.values())
    assert scores["dice"] == score_dice(prediction, truth).dice
    assert scores["voi_merge"] == score_voi(prediction, truth).voi_merge
    assert scores["rand"] == score_rand(prediction, truth).rand


def test_ignore_and_voxel_size_reach_the_metrics(prediction, truth):
    size = VoxelSize(30.0, 8.0, 8.0)
    metrics = [Component(name="dice"), Component(name="surface_dice", options={"tolerance": 16, "unit": "nm"})]

    scores = evaluate_case(prediction, truth, metrics, ignore=2, voxel_size=size)

    assert scores == {
        "dice": score_dice(prediction, truth, ignore=2).dice,
        "surface_dice": score_surface_dice(
            prediction, truth, ignore=2, tolerance=16, unit="nm", voxel_size=size
        ).surface_dice,
    }


def test_classes_have_names_of_their_own(prediction, truth):
    scores = evaluate_case(prediction, truth, [Component(name="iou", options={"classes": [1, 5]})])

    assert list(scores) == ["iou", "iou_1", "iou_5"]
    assert scores["iou"] == pytest.approx((scores["iou_1"] + scores["iou_5"]) / 2)


def test_volumes_are_read_once_for_all_metrics_that_count_labels(make_volume, prediction, truth):
    one, other = make_volume(prediction), make_volume(truth)

    scores = evaluate_case(one, other, [metric for metric in ALL if metric.name != "surface_dice"])

    assert sum(box.size for box in one.boxes) == sum(box.size for box in other.boxes) == truth.size
    assert scores["dice"] == score_dice(prediction, truth).dice


def test_two_masks_are_scored_by_their_components(rng):
    one, other = rng.random((6, 7, 8)) < 0.1, rng.random((6, 7, 8)) < 0.1

    assert evaluate_case(one, other, [Component(name="voi")])["voi"] == score_voi(one, other, components=True).voi


def test_objects_and_distances_are_scored_by_name_with_options(prediction, truth):
    size = VoxelSize(30.0, 8.0, 8.0)
    metrics = [
        {"name": "ap", "thresholds": [0.5, 0.7], "sizes": [50, 100]},
        {"name": "cremi", "border": 1, "unit": "voxels"},
        {"name": "hausdorff95", "unit": "nm", "classes": [1, 2], "halo": 60},
        {"name": "objects", "min_voxels": 5, "worst": 3},
        {"name": "erl", "merge_tolerance": 2},
    ]

    scores = evaluate_case(prediction, truth, [Component.model_validate(one) for one in metrics], voxel_size=size)

    assert scores["ap"] == score_ap(prediction, truth, thresholds=[0.5, 0.7]).ap
    assert scores["ap_75_medium"] == score_ap(prediction, truth, sizes=[50, 100]).sizes["75_medium"]
    assert scores["cremi"] == score_cremi(prediction, truth, border=1, unit="voxels").cremi
    assert {"hausdorff95", "hausdorff95_beyond", "hausdorff95_1", "hausdorff95_2"} <= set(scores)
    assert scores["objects_split"] == score_objects(prediction, truth, min_voxels=5).objects_split
    assert "worst" not in scores
    assert scores["nerl"] == score_erl(prediction, truth, voxel_size=size, merge_tolerance=2).nerl
    assert all(type(value) is float for value in scores.values())


def test_scores_of_topology_name_their_own_numbers(rng):
    prediction, truth = rng.integers(0, 2, (8, 9, 10)), rng.integers(0, 3, (8, 9, 10))
    metrics = [{"name": "surface"}, {"name": "betti", "connectivity": 6}, {"name": "cldice", "skeleton": "surface"}]

    scores = evaluate_case(prediction, truth, [Component.model_validate(one) for one in metrics], ignore=2, workers=2)

    assert scores["surface"] == score_surface(prediction, truth).score
    assert scores["surface_matched_1"] == score_surface(prediction, truth).counts[1][0]
    assert scores["betti_0_true"] == score_betti(prediction, truth, ignore=2, connectivity=6).true.components
    assert scores["cldice_recall"] == score_cldice(prediction, truth, ignore=2, skeleton="surface").cldice_recall
    assert all(type(value) is float for value in scores.values())


def test_skeletons_and_forbidden_ground_reach_the_run_length(prediction, truth):
    size = VoxelSize(30.0, 8.0, 8.0)
    lines = trace_skeletons(truth, voxel_size=size)
    bounded = replace(lines, no_merge=truth == 0)

    scores = evaluate_case(prediction, truth, [Component(name="erl")], voxel_size=size, skeletons=bounded)

    assert scores == pytest.approx(vars(score_erl(prediction, truth, voxel_size=size, skeletons=bounded)))
    assert scores["erl_mergers"] > score_erl(truth, truth, voxel_size=size, skeletons=lines).erl_mergers


def test_progress_counts_the_metrics(prediction, truth):
    seen = []

    evaluate_case(prediction, truth, ALL[:2], progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["dcie"], "did you mean 'dice'"),
        (["dice", "dice"], "'dice' is asked for twice"),
        ([{"name": "surface_dice", "tolerence": 1}], "did you mean 'tolerance'"),
        ([{"name": "dice", "table": None}], "no option 'table'"),
        ([{"name": "erl", "skeletons": None}], "no option 'skeletons'"),
        ([{"name": "cremi", "border": "wide"}], "option 'border'"),
    ],
)
def test_metrics_that_cannot_be_are_refused(metrics, message, truth):
    with pytest.raises(ConfigError, match=message):
        evaluate_case(truth, truth, [Component.model_validate(metric) for metric in metrics])


def test_importing_the_room_starts_nothing_heavy():
    code = (
        "import sys, volumen.metrics, volumen.morphology, volumen.decoding;"
        "print([name for name in ('scipy', 'skimage', 'torch', 'numba', 'cc3d', 'edt') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_table_is_made_only_for_metrics_that_count_labels(make_volume):
    mask = np.zeros((4, 4, 4), np.uint8)
    mask[1:3, 1:3, 1:3] = 1
    volume = make_volume(mask)

    assert evaluate_case(volume, mask, [Component(name="surface_dice")]) == {"surface_dice": 1.0}
    assert sum(box.size for box in volume.boxes) == mask.size

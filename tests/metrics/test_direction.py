import pytest

from volumen.config import Component
from volumen.geometry import VoxelSize
from volumen.metrics import evaluate_case, is_lower_better

NAMES = (
    "ap",
    "betti",
    "cldice",
    "cleft",
    "cremi",
    "dice",
    "erl",
    "hausdorff95",
    "iou",
    "objects",
    "pq",
    "rand",
    "surface",
    "surface_distance",
    "voi",
)
BETTER_HIGHER = {
    *("ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large", "ap_75_small", "ap_75_medium", "ap_75_large"),
    *("cleft_f1", "dice", "dice_1", "erl", "nerl", "erl_max", "iou", "pq", "sq", "rq", "pq_matched"),
    *(
        "cldice",
        "cldice_precision",
        "cldice_recall",
        "surface",
        "surface_topology",
        "surface_surface_dice",
        "surface_voi",
    ),
    *(f"betti_{k}_{side}" for k in range(3) for side in ("predicted", "true")),
    *(f"surface_{kind}_{k}" for k in range(3) for kind in ("f1", "matched", "predicted", "true")),
    *("objects_true", "objects_predicted", "objects_one_to_one", "rand_precision", "rand_recall"),
}


def test_every_score_has_its_better_side(truth):
    options = {"dice": {"classes": [1]}, "hausdorff95": {"classes": [1]}}
    metrics = [Component(name=name, options=options.get(name, {})) for name in NAMES]

    names = list(evaluate_case(truth, truth, metrics, voxel_size=VoxelSize(1, 1, 1)))

    assert {name for name in names if not is_lower_better(name)} == BETTER_HIGHER
    assert "hausdorff95_1" in names


@pytest.mark.parametrize("name", ["surface_dice", "cldice", "precision", "recall_2", "surface"])
def test_shares_are_better_when_higher(name):
    assert not is_lower_better(name)


@pytest.mark.parametrize("name", ["betti", "betti_1", "voi_split", "surface_distance_3"])
def test_errors_are_better_when_lower(name):
    assert is_lower_better(name)

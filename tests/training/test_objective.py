import pytest
import torch

from volumen.config import RunConfig
from volumen.data import Case, Sample
from volumen.training.objective import build_objective

METRICS = ["dice", "iou", "precision", "recall", "rand", "surface_dice", "voi"]


def make_sample(labels, weight=None):
    batch = labels.shape[0]
    return Sample(
        image=torch.zeros(batch, 1, *labels.shape[1:]),
        labels={"labels": labels},
        cases=("case",) * batch,
        origin=torch.zeros(batch, 3, dtype=torch.int64),
        voxel_size=torch.full((batch, 3), torch.nan),
        seed=torch.arange(batch),
        weight=weight,
    )


@pytest.fixture
def objective():
    classes = {"target": {"name": "classes", "classes": 3}, "activation": "softmax", "losses": ["cross_entropy"]}
    config = RunConfig.model_validate(
        {
            "heads": {"ink": {"target": "binary", "losses": ["dice", "focal"]}, "kind": classes},
            "validation": {"metrics": METRICS},
        }
    )
    return build_objective(config, [Case("case", "case.tif", {"labels": "labels.tif"})])


@pytest.fixture
def labels():
    labels = torch.zeros(2, 4, 4, 4, dtype=torch.int64)
    labels[:, 1:3], labels[:, 3], labels[1, 0] = 1, 2, -100
    return labels


def predict_truth(labels):
    """Logits that say the truth."""
    seen = labels.clamp(min=0)
    one_hot = torch.nn.functional.one_hot(seen, 3).movedim(-1, 1).float()
    return {"ink": [20 * (seen > 0).float()[:, None] - 10], "kind": [20 * one_hot - 10]}


def test_a_perfect_prediction_costs_nothing_and_scores_one(objective, labels):
    sample, outputs = make_sample(labels), predict_truth(labels)
    targets = objective.encode(sample)
    report = objective.judge(outputs, targets, sample, 0)
    assert report.total.item() == pytest.approx(0, abs=1e-3)
    for scores in objective.score(outputs, targets, sample):
        assert {scores[name] for name in ("dice", "dice@ink", "dice@kind", "surface_dice")} == {1.0}
        assert (scores["voi"], scores["rand"]) == (0.0, 0.0)


def test_the_names_of_losses_and_scores_are_known_beforehand(objective, labels):
    sample, outputs = make_sample(labels), predict_truth(labels)
    targets = objective.encode(sample)
    report = objective.judge(outputs, targets, sample, 0)
    assert objective.list_losses() == ("loss", *report.parts)
    for scores in objective.score(outputs, targets, sample):
        assert set(objective.list_scores()) <= set(scores)
    assert {"dice", "voi_split", "dice@ink"} <= set(objective.list_scores())


def test_scores_in_nanometres_are_known_before_any_voxel_size_is():
    metrics = ["ap", "cleft", "erl", "objects", "pq", {"name": "hausdorff95", "unit": "nm"}]
    config = RunConfig.model_validate(
        {"heads": {"ink": {"target": "binary", "losses": ["dice"]}}, "validation": {"metrics": metrics}}
    )

    names = build_objective(config, [Case("case", "case.tif", {"labels": "labels.tif"})]).list_scores()

    assert {"ap_75", "cleft_f1", "nerl", "objects_split", "pq", "hausdorff95"} <= set(names)


def test_voxels_that_nobody_looked_at_change_no_score(objective, labels):
    outputs = predict_truth(labels)
    outputs["ink"][0][1, :, 0] *= -1
    sample = make_sample(labels)
    assert [scores["dice@ink"] for scores in objective.score(outputs, objective.encode(sample), sample)] == [1.0, 1.0]


def test_the_weight_of_a_sample_joins_that_of_its_labels(objective, labels):
    weight = torch.full((2, 1, 4, 4, 4), 0.5)
    encoded = objective.encode(make_sample(labels, weight))
    assert encoded["ink"].weight[0].unique().tolist() == [0.5]
    assert encoded["ink"].weight[1].unique().tolist() == [0.0, 0.5]

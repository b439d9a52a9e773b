import pytest
import torch

from volumen.config import Component, RunConfig
from volumen.data import Case, Sample
from volumen.errors import ConfigError
from volumen.losses import Loss, Moment
from volumen.registry import TABLES
from volumen.targets import BinaryTarget
from volumen.training.objective import build_objective

CASES = [Case("case", "case.tif", {"labels": "labels.tif"})]
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
    return build_objective(config, CASES)


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
    report = objective.judge(outputs, targets, sample)
    assert report.total.item() == pytest.approx(0, abs=1e-3)
    for scores in objective.score(outputs, targets, sample):
        assert {scores[name] for name in ("dice", "dice@ink", "dice@kind", "surface_dice")} == {1.0}
        assert (scores["voi"], scores["rand"]) == (0.0, 0.0)


def test_the_names_of_losses_and_scores_are_known_beforehand(objective, labels):
    sample, outputs = make_sample(labels), predict_truth(labels)
    targets = objective.encode(sample)
    report = objective.judge(outputs, targets, sample)
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


class Recall(Loss):
    """How much of a further target of the same label is found."""

    maps = (Component(name="binary", options={"foreground": [2]}),)

    def judge(self, compared, context):
        values, weight = context.maps["binary"]
        return 1 - (compared.prediction.sigmoid() * values * weight).sum() / (values * weight).sum().clamp(min=1)


def build_binary(*losses):
    heads = {"ink": {"target": "binary", "losses": losses}}
    return build_objective(RunConfig.model_validate({"heads": heads, "data": {"patch_size": 4}}), CASES)


def test_what_a_loss_looks_at_beside_is_encoded_from_the_same_label(monkeypatch, labels):
    monkeypatch.setitem(TABLES["loss"], "recall", f"{__name__}:Recall")
    objective, sample = build_binary("dice", {"name": "recall", "every": 2}), make_sample(labels)
    due, idle = (objective.encode(sample, Moment(step)) for step in range(2))
    assert set(due) == {"ink", "ink/binary"}
    assert set(idle) == {"ink"}
    assert torch.equal(due["ink/binary"].values[:, 0] > 0, labels == 2)
    report = objective.judge({"ink": [torch.full((2, 1, 4, 4, 4), -9.0)]}, due, sample, Moment(0))
    assert report.parts["ink/recall"] == pytest.approx(1, abs=1e-3)


def test_a_loss_that_does_not_go_with_its_head_is_refused_before_training():
    loss = {"name": "cross_entropy", "class_weights": [1.0, 2.0]}
    with pytest.raises(ConfigError, match="class_weights; got 2"):
        build_binary(loss)


class Thin(BinaryTarget):
    """A target that has fewer channels than its head gives."""

    channels = 3


def test_a_target_with_other_channels_than_its_head_is_refused_before_training(monkeypatch):
    monkeypatch.setitem(TABLES["target"], "thin", f"{__name__}:Thin")
    config = RunConfig.model_validate({"heads": {"ink": {"target": "thin", "losses": ["dice"]}}})
    with pytest.raises(ConfigError, match="gives 3 channels and its target 'thin' has 1"):
        build_objective(config, CASES)

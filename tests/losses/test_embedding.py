import numpy as np
import pytest
import torch

from volumen.errors import ConfigError
from volumen.heads import HeadSpec
from volumen.losses import Discriminative, LossContext, TruthMap

HEAD = HeadSpec("objects", 3, "none", "embedding")
PLAIN = {"edge": 0.0, "bone": 0.0}


def draw_case(seed=0, edge=4, objects=4):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(objects + 1, (2, 1, edge, edge, edge), generator=generator)
    weight = (torch.rand(labels.shape, generator=generator) < 0.9).float()
    return 2 * torch.randn(2, 3, edge, edge, edge, generator=generator), labels.float(), weight


def judge_by_loops(embedding, labels, weight, extra, *, delta_v=0.5, delta_d=1.5, shares=(1, 1, 0.001)):
    """Sample by sample, object by object."""
    totals = np.zeros(3)
    for sample in range(len(embedding)):
        vectors = embedding[sample].numpy().astype(np.float64).reshape(3, -1).T
        ids, seen = labels[sample].numpy().ravel(), weight[sample].numpy().ravel() > 0
        members = [vectors[(ids == number) & seen] for number in np.unique(ids[seen]) if number > 0]
        counts = [
            extra[sample].numpy().ravel()[(ids == number) & seen] for number in np.unique(ids[seen]) if number > 0
        ]
        means = [own.mean(0) for own in members]
        pulls = [
            np.average(np.maximum(0, np.linalg.norm(own - mean, axis=1) - delta_v) ** 2, weights=count)
            for own, mean, count in zip(members, means, counts, strict=True)
        ]
        pushes = [
            max(0, 2 * delta_d - np.linalg.norm(one - other)) ** 2
            for i, one in enumerate(means)
            for j, other in enumerate(means)
            if i != j
        ]
        totals += [np.mean(pulls), np.mean(pushes), np.mean(np.linalg.norm(means, axis=1))]
    return float((totals / len(embedding)) @ shares)


def test_it_is_its_formula():
    embedding, labels, weight = draw_case()
    expected = judge_by_loops(embedding, labels, weight, torch.ones_like(labels))
    assert float(Discriminative(**PLAIN)(embedding, labels, weight, LossContext(HEAD))) == pytest.approx(
        expected, rel=1e-5
    )


def test_voxels_at_boundaries_and_on_skeletons_are_pulled_harder():
    embedding, labels, weight = draw_case()
    generator = torch.Generator().manual_seed(5)
    boundary, skeleton = ((torch.rand(labels.shape, generator=generator) < 0.3).float() for _ in range(2))
    maps = {"boundary": TruthMap(boundary, weight), "skeleton": TruthMap(skeleton, torch.ones_like(weight))}
    expected = judge_by_loops(embedding, labels, weight, 1 + 10 * boundary + 10 * skeleton)
    ours = Discriminative()(embedding, labels, weight, LossContext(HEAD, maps=maps))
    assert float(ours) == pytest.approx(expected, rel=1e-5)


def test_only_maps_that_count_are_asked_for():
    assert [target.name for target in Discriminative().maps] == ["boundary", "skeleton"]
    assert Discriminative(**PLAIN).maps == ()


def test_objects_of_different_classes_are_not_pushed_apart():
    labels = torch.tensor([1.0, 1, 2, 2, 3, 3]).view(1, 1, 1, 1, 6)
    embedding, weight = torch.zeros(1, 3, 1, 1, 6), torch.ones_like(labels)
    embedding[:, 0, ..., 2:4] = 9
    classes = torch.zeros(1, 2, 1, 1, 6)
    classes[:, 0, ..., :4], classes[:, 1, ..., 4:] = 1, 1
    context = LossContext(HEAD, targets={"kind": TruthMap(classes, weight)})
    both = Discriminative(**PLAIN, norm=0.0)(embedding, labels, weight, context)
    own = Discriminative(**PLAIN, norm=0.0, class_head="kind")(embedding, labels, weight, context)
    assert float(both) == pytest.approx(3.0)  # (2 δ_d)² for one of three pairs
    assert float(own) == 0


def test_samples_with_many_objects_count_like_those_with_one():
    labels = torch.tensor([[1.0, 1, 1, 1], [1, 2, 3, 4]]).view(2, 1, 1, 1, 4)
    embedding = torch.zeros(2, 3, 1, 1, 4)
    embedding[0, 0, ..., 0] = 4
    loss = Discriminative(**PLAIN, push=0.0, norm=0.0)
    alone = loss(embedding[:1], labels[:1], torch.ones(1, 1, 1, 1, 4), LossContext(HEAD))
    together = loss(embedding, labels, torch.ones(2, 1, 1, 1, 4), LossContext(HEAD))
    assert float(together) == pytest.approx(float(alone) / 2)


def test_numbers_of_objects_may_have_gaps_and_be_large():
    embedding, labels, weight = draw_case()
    large = torch.where(labels > 0, labels * 4_000_001 % 16_000_000, 0)
    loss = Discriminative(**PLAIN)
    torch.testing.assert_close(
        loss(embedding, large, weight, LossContext(HEAD)), loss(embedding, labels, weight, LossContext(HEAD))
    )


def test_background_is_no_object():
    embedding, weight = torch.randn(1, 3, 4, 4, 4).requires_grad_(), torch.ones(1, 1, 4, 4, 4)
    cost = Discriminative(**PLAIN)(embedding, torch.zeros(1, 1, 4, 4, 4), weight, LossContext(HEAD))
    cost.backward()
    assert cost == 0
    assert not embedding.grad.any()


def test_a_target_that_numbers_no_objects_is_refused():
    values = torch.zeros(1, 3, 4, 4, 4)
    with pytest.raises(ConfigError, match="embeddings are compared with the numbers of objects"):
        Discriminative(**PLAIN)(values, values, values[:, :1], LossContext(HEAD))

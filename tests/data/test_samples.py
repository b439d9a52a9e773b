import pytest
import torch

from volumen.data import Sample
from volumen.data.samples import collate_samples


def make_sample(name: str, fill: float, *, weight: bool = False) -> Sample:
    return Sample(
        image=torch.full((1, 1, 2, 2, 2), fill),
        labels={"ink": torch.full((1, 2, 2, 2), int(fill))},
        cases=(name,),
        origin=torch.tensor([[1, 2, 3]]),
        voxel_size=torch.tensor([[4.0, 5.0, 6.0]]),
        seed=torch.tensor([7]),
        weight=torch.ones(1, 1, 2, 2, 2) if weight else None,
    )


@pytest.mark.parametrize("weight", [False, True])
def test_a_batch_holds_its_samples_in_order(weight):
    batch = collate_samples([make_sample("a", 1.0, weight=weight), make_sample("b", 2.0, weight=weight)])
    assert len(batch) == 2
    assert batch.cases == ("a", "b")
    assert batch.image[:, 0, 0, 0, 0].tolist() == [1.0, 2.0]
    assert batch.labels["ink"][:, 0, 0, 0].tolist() == [1, 2]
    assert batch.origin.shape == batch.voxel_size.shape == (2, 3)
    assert (batch.weight is not None) == weight


def test_a_sample_moves_to_a_device_whole():
    moved = make_sample("a", 1.0, weight=True).to("meta")
    tensors = (moved.image, moved.labels["ink"], moved.origin, moved.voxel_size, moved.seed, moved.weight)
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert moved.cases == ("a",)

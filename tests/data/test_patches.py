import numpy as np
import pytest

from volumen.data import patches
from volumen.data.patches import PatchReader, pad_end
from volumen.geometry import Box

BOX = Box((1, 1, 1), (3, 4, 5))


@pytest.fixture
def specs(write_volume, rng) -> list[str]:
    return [str(write_volume(f"v{i}.tif", rng.integers(0, 99, (4, 5, 6), np.uint8))) for i in range(8)]


def test_a_box_is_the_same_from_memory_and_from_the_file(specs):
    kept, streamed = PatchReader(budget=10_000), PatchReader(budget=0)
    for _ in range(2):
        assert np.array_equal(kept.read(specs[0], BOX), streamed.read(specs[0], BOX))


def test_a_small_volume_is_decoded_once(specs):
    reader = PatchReader(budget=10_000)
    first = reader.read(specs[0], BOX)
    assert np.shares_memory(first, reader.read(specs[0], BOX))


def test_the_least_recently_used_volume_makes_room(specs):
    reader = PatchReader(budget=4 * 120)  # four of these volumes
    for spec in (*specs[:4], specs[0], specs[4]):
        reader.read(spec, BOX)
    assert list(reader._arrays) == [specs[2], specs[3], specs[0], specs[4]]


def test_what_is_kept_never_exceeds_the_budget(specs):
    reader = PatchReader(budget=500)
    for spec in specs:
        reader.read(spec, BOX)
        assert sum(array.nbytes for array in reader._arrays.values()) == reader._held <= 500


def test_a_large_volume_is_never_kept(specs):
    reader = PatchReader(budget=4 * 120 - 1)
    reader.read(specs[0], BOX)
    assert not reader._arrays


def test_few_files_stay_open(specs, monkeypatch):
    monkeypatch.setattr(patches, "OPEN_VOLUMES", 3)
    reader = PatchReader(budget=0)
    for spec in specs:
        reader.read(spec, BOX)
    assert list(reader._handles) == specs[-3:]


def test_padding_is_at_the_end_of_each_axis():
    padded = pad_end(np.ones((1, 2, 1), np.float32), (2, 2, 2), value=0)
    assert padded.tolist() == [[[1, 0], [1, 0]], [[0, 0], [0, 0]]]


def test_nothing_to_pad_copies_nothing():
    array = np.ones((2, 2, 2))
    assert pad_end(array, (2, 2, 2), value=0) is array

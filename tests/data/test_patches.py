from dataclasses import replace

import numpy as np
import pytest

from volumen.data import patches
from volumen.data.frames import Source
from volumen.data.patches import PatchReader, pad_end
from volumen.geometry import Box

BOX = Box((1, 1, 1), (3, 4, 5))


@pytest.fixture
def sources(write_volume, rng) -> list[Source]:
    return [Source(str(write_volume(f"v{i}.tif", rng.integers(0, 99, (4, 5, 6), np.uint8)))) for i in range(8)]


def test_a_box_is_the_same_from_memory_and_from_the_file(sources):
    kept, streamed = PatchReader(budget=10_000), PatchReader(budget=0)
    for _ in range(2):
        assert np.array_equal(kept.read(sources[0], BOX), streamed.read(sources[0], BOX))


def test_a_small_volume_is_decoded_once(sources):
    reader = PatchReader(budget=10_000)
    first = reader.read(sources[0], BOX)
    assert np.shares_memory(first, reader.read(sources[0], BOX))


def test_what_is_kept_stays_and_the_rest_is_read_from_its_file(sources):
    reader = PatchReader(budget=4 * 120)  # four of these volumes
    for source in (*sources, *sources):
        reader.read(source, BOX)
    assert [spec for spec, _ in reader._arrays] == [source.spec for source in sources[:4]]


def test_only_volumes_that_may_be_kept_are(sources):
    reader = PatchReader(budget=10_000, kept={sources[1].spec})
    for source in sources[:3]:
        reader.read(source, BOX)
    assert [spec for spec, _ in reader._arrays] == [sources[1].spec]


def test_what_is_kept_never_exceeds_the_budget(sources):
    reader = PatchReader(budget=500)
    for source in sources:
        reader.read(source, BOX)
        assert sum(array.nbytes for array in reader._arrays.values()) == reader._held <= 500


def test_a_volume_over_the_budget_is_never_read_whole(sources):
    reader = PatchReader(budget=119)
    reader.read(sources[0], BOX)
    assert not reader._arrays


def test_few_files_stay_open(sources, monkeypatch):
    monkeypatch.setattr(patches, "OPEN_VOLUMES", 3)
    reader = PatchReader(budget=0)
    for source in sources:
        reader.read(source, BOX)
    assert list(reader._handles) == [source.spec for source in sources[-3:]]


def test_a_part_of_a_file_is_counted_from_its_first_voxel(sources):
    whole = PatchReader(budget=0).read(sources[0], Box.whole((4, 5, 6)))
    part = replace(sources[0], box=Box((1, 1, 2), (4, 5, 6)))
    for budget in (0, 10_000):
        reader = PatchReader(budget)
        assert reader.find_shape(part) == (3, 4, 4)
        assert np.array_equal(reader.read(part, Box((0, 0, 0), (2, 3, 3))), whole[1:3, 1:4, 2:5])


def test_only_the_part_is_kept(sources):
    reader = PatchReader(budget=10_000)
    reader.read(replace(sources[0], box=Box((1, 1, 1), (3, 3, 3))), Box.whole((2, 2, 2)))
    assert reader._held == 8


def test_another_voxel_size_is_read_from_what_is_kept(sources):
    labels = replace(sources[0], scale=(2.0, 1.0, 0.5))
    reader = PatchReader(budget=10_000)
    assert reader.find_shape(labels) == (2, 5, 12)
    whole = reader.read(sources[0], Box.whole((4, 5, 6)))
    assert np.array_equal(reader.read(labels, Box.whole((2, 5, 12))), whole[1::2].repeat(2, axis=2))
    assert reader.read(replace(labels, linear=True), Box.whole((2, 5, 12))).dtype == np.float32
    assert len(reader._arrays) == 1


def test_padding_is_at_the_end_of_each_axis():
    padded = pad_end(np.ones((1, 2, 1), np.float32), (2, 2, 2), value=0)
    assert padded.tolist() == [[[1, 0], [1, 0]], [[0, 0], [0, 0]]]


def test_nothing_to_pad_copies_nothing():
    array = np.ones((2, 2, 2))
    assert pad_end(array, (2, 2, 2), value=0) is array

"""Phantom data sets appear whole, in the layout that cases are found in, or not at all."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from volumen.data import find_cases, make_neurons, make_scroll, write_phantoms
from volumen.data.phantoms.neurons import VOXEL_SIZE
from volumen.data.phantoms.writing import derive_seed
from volumen.errors import ConfigError, ExistsError, OutputError, ShapeError, UnknownNameError


def list_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_scroll_cases_are_image_and_label_of_one_name(tmp_path):
    names = write_phantoms("scroll", tmp_path / "s", cases=2, size=24, seed=5)
    assert names == ["scroll_000", "scroll_001"]
    assert list_files(tmp_path / "s") == [
        "train_images/scroll_000.tif",
        "train_images/scroll_001.tif",
        "train_labels/scroll_000.tif",
        "train_labels/scroll_001.tif",
    ]
    phantom = make_scroll(24, derive_seed(5, 1))
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "s/train_images/scroll_001.tif"), phantom.image)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "s/train_labels/scroll_001.tif"), phantom.labels)


def test_neuron_cases_have_a_label_for_each_target(tmp_path):
    write_phantoms("neurons", tmp_path / "n", cases=1, size=(16, 32, 24), seed=5)
    assert list_files(tmp_path / "n") == [
        "images/neurons_000.tif",
        "labels/neurons_000_mitochondria.tif",
        "labels/neurons_000_neurons.tif",
        "labels/neurons_000_vesicles.tif",
    ]
    phantom = make_neurons((16, 32, 24), derive_seed(5, 0))
    written = tifffile.imread(tmp_path / "n/labels/neurons_000_neurons.tif")
    np.testing.assert_array_equal(written, phantom.labels["neurons"])


def test_fibre_cases_have_a_label_of_instances(tmp_path):
    write_phantoms("fibres", tmp_path / "f", cases=1, size=16, seed=5)
    assert list_files(tmp_path / "f") == ["images/fibres_000.tif", "labels/fibres_000_fibres.tif"]
    assert list(find_cases(tmp_path / "f")[0].labels) == ["fibres"]


def test_ink_cases_are_folders_of_layers(tmp_path):
    write_phantoms("ink", tmp_path / "i", cases=1, size=(16, 24, 32), seed=5)
    layers = [f"images/ink_000/{number:02d}.tif" for number in range(65)]
    assert list_files(tmp_path / "i") == [*layers, "labels/ink_000_ink.tif", "masks/ink_000.tif"]
    assert tifffile.imread(tmp_path / "i/labels/ink_000_ink.tif").shape == (24, 32)


def test_vesicle_cases_are_hdf5_files_that_the_layout_finds(tmp_path):
    names = write_phantoms("vesicles", tmp_path / "v", cases=2, size=16, seed=5)
    assert names == ["vol1", "vol2"]
    parts = ("im", "mask", "vesicle_ins")
    assert list_files(tmp_path / "v") == [f"{name}_{part}.h5" for name in names for part in parts]
    case = find_cases(tmp_path / "v")[0]
    assert (case.name, list(case.labels), case.voxel_size) == ("vol1", ["vesicle_ins"], VOXEL_SIZE)
    assert case.mask is not None


def test_overwriting_replaces_files_too(tmp_path):
    for cases in (2, 1):
        write_phantoms("vesicles", tmp_path, cases=cases, size=16, seed=cases, overwrite=True)
    assert len(list_files(tmp_path)) == 6


def test_progress_counts_cases(tmp_path):
    seen = []
    write_phantoms(
        "scroll", tmp_path, cases=3, size=16, seed=0, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_cases_of_two_seeds_differ():
    assert len({derive_seed(seed, number) for seed in range(20) for number in range(20)}) == 400


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"kind": "scrolls"}, UnknownNameError, "did you mean 'scroll'"),
        ({"cases": 0}, ConfigError, "at least 1 case"),
        ({"seed": -1}, ConfigError, "a seed is 0 or more"),
        ({"size": 15}, ShapeError, "at least 16 voxels"),
    ],
)
def test_bad_requests_write_nothing(tmp_path, change, error, said):
    request = {"kind": "scroll", "cases": 1, "size": 16, "seed": 0} | change
    with pytest.raises(error, match=said):
        write_phantoms(request.pop("kind"), tmp_path / "out", **request)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ExistsError, match="choose another folder or overwrite"):
        write_phantoms("scroll", tmp_path, cases=1, size=16, seed=0)
    assert list_files(tmp_path) == ["mine.txt"]


def test_overwriting_replaces_images_and_labels_only(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    write_phantoms("scroll", tmp_path, cases=2, size=16, seed=0, overwrite=True)
    write_phantoms("scroll", tmp_path, cases=1, size=16, seed=0, overwrite=True)
    assert list_files(tmp_path) == ["mine.txt", "train_images/scroll_000.tif", "train_labels/scroll_000.tif"]


def test_a_failure_midway_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail_at_second(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantoms("scroll", tmp_path / "out", cases=3, size=16, seed=0, progress=fail_at_second)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write phantoms"):
        write_phantoms("scroll", tmp_path / "file" / "out", cases=1, size=16, seed=0)


def test_both_kinds_are_found_as_cases_with_their_voxel_size(tmp_path):
    write_phantoms("scroll", tmp_path / "s", cases=1, size=16, seed=0)
    write_phantoms("neurons", tmp_path / "n", cases=1, size=16, seed=0)
    scroll, neurons = find_cases(tmp_path / "s")[0], find_cases(tmp_path / "n")[0]
    assert (scroll.name, list(scroll.labels), scroll.voxel_size) == ("scroll_000", ["labels"], None)
    assert sorted(neurons.labels) == ["mitochondria", "neurons", "vesicles"]
    assert neurons.voxel_size == VOXEL_SIZE

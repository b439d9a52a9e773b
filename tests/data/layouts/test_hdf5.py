import numpy as np
import pytest
from public_data_sets import SHAPE, build_hdf5, write_hdf5

from volumen.config import Component, DataSection
from volumen.data import divide_cases, find_cases, gather_cases
from volumen.errors import ConfigError, DataError

VESICLES = {"image": "vol*_im.h5", "labels": "vol*_vesicle_ins.h5", "mask": "vol*_mask.h5", "voxel_size": [30, 8, 8]}


def find(root, **options):
    return find_cases(root, layout=Component(name="hdf5", options=options))


def test_files_belong_together_by_what_the_star_stands_for(tmp_path, rng):
    build_hdf5(tmp_path, rng)
    cases = find(tmp_path, **VESICLES)
    assert [case.name for case in cases] == ["vol1", "vol2", "vol_val1"]
    assert cases[0].labels == {"labels": str(tmp_path / "vol1_vesicle_ins.h5")}
    assert cases[0].mask == str(tmp_path / "vol1_mask.h5")
    assert tuple(cases[0].voxel_size) == (30, 8, 8)


def test_volumes_to_judge_by_are_left_out_of_training(tmp_path, rng):
    build_hdf5(tmp_path, rng)
    values = {"root": str(tmp_path), "layout": {"name": "hdf5", **VESICLES}}
    data = DataSection.model_validate(values | {"split": {"name": "files", "validation": "vol_val*"}})
    (fold,) = divide_cases(gather_cases(data).cases, data).folds
    assert (fold.training, fold.validation) == (("vol1", "vol2"), ("vol_val1",))


def test_image_and_labels_may_be_datasets_of_one_file(tmp_path, rng):
    write_hdf5(tmp_path / "fib.h5", raw=np.zeros(SHAPE, np.uint8), gt=np.ones(SHAPE, np.uint16))
    (case,) = find(tmp_path, image="*.h5:raw", labels={"neurons": "*.h5:gt"})
    assert (case.name, case.image) == ("fib", f"{tmp_path / 'fib.h5'}:raw")
    assert case.labels == {"neurons": f"{tmp_path / 'fib.h5'}:gt"}


def test_images_may_lie_in_several_folders(tmp_path, rng):
    for part in ("a", "b"):
        write_hdf5(tmp_path / part / "1_im.h5", main=np.zeros(SHAPE, np.uint8))
        write_hdf5(tmp_path / part / "1_seg.h5", main=np.zeros(SHAPE, np.uint8))
    cases = find(tmp_path, image="*/*_im.h5", labels="*/*_seg.h5")
    assert sorted(case.name for case in cases) == ["a_1", "b_1"]


def test_what_is_missing_is_told_at_once(tmp_path, rng):
    build_hdf5(tmp_path, rng)
    (tmp_path / "vol1_mask.h5").unlink()
    (tmp_path / "vol2_vesicle_ins.h5").unlink()
    with pytest.raises(DataError) as caught:
        find(tmp_path, **VESICLES | {"labels": {"ins": "vol*_vesicle_ins.h5"}})
    assert "images without a label (2): vol2 (ins), vol2" in str(caught.value)
    assert "images without a mask (1): vol1" in str(caught.value)


def test_patterns_that_fit_nothing_or_have_no_star_are_refused(tmp_path, rng):
    build_hdf5(tmp_path, rng)
    with pytest.raises(DataError, match=r"no file img\*\.h5; say how images are called"):
        find(tmp_path, image="img*.h5", labels="x*.h5")
    with pytest.raises(ConfigError, match=r"'vol1_im\.h5' needs a \*"):
        find(tmp_path, image="vol1_im.h5")


def test_keys_that_are_not_there_name_those_that_are(tmp_path):
    write_hdf5(tmp_path / "a_im.h5", main=np.zeros(SHAPE, np.uint8))
    write_hdf5(tmp_path / "a_seg.h5", main=np.zeros(SHAPE, np.uint8))
    with pytest.raises(DataError, match="has no dataset 'raw'; known: main"):
        find(tmp_path, image="*_im.h5:raw")

import logging

import numpy as np
import pytest

from volumen.config import DataSection
from volumen.data import Wanted, build_loader, choose_label, divide_cases, gather_cases
from volumen.data.datasets import name_datasets, read_weights
from volumen.data.labels import read_labels
from volumen.data.patches import PatchReader
from volumen.errors import ConfigError, DataError
from volumen.geometry import Box, VoxelSize


@pytest.fixture
def two_sets(tmp_path, write_volume, rng) -> dict:
    """Neurons (ids 5 and 9, 2 cases, 20 nm) and mitochondria (classes 0 1 2, 3 cases, 10 nm)."""
    for number in range(2):
        write_volume(f"neurons/images/n{number}.tif", rng.integers(0, 255, (8, 8, 8), np.uint8))
        write_volume(f"neurons/labels/n{number}_ids.tif", rng.choice(np.array([0, 5, 9], np.uint16), (8, 8, 8)))
    for number in range(3):
        write_volume(f"mito/train_images/m{number}.tif", rng.integers(0, 255, (16, 16, 16), np.uint8))
        write_volume(f"mito/train_labels/m{number}.tif", rng.integers(0, 3, (16, 16, 16), np.uint8))
    return {
        "root": str(tmp_path),
        "patch_size": 4,
        "datasets": [
            {
                "root": "neurons",
                "layout": {"name": "folders", "voxel_size": [20, 20, 20]},
                "class_id": 1,
                "ignore": [],
                "labels": {"instances": "ids", "classes": {"label": "ids", "classes": {"rest": 1}}},
            },
            {
                "root": "mito",
                "layout": {"name": "folders", "voxel_size": [10, 10, 10]},
                "class_id": 3,
                "weight": 3,
                "labels": {"classes": {"label": "labels", "classes": {1: 3, 2: "ignore"}}},
            },
        ],
    }


def gather(values: dict):
    return gather_cases(DataSection.model_validate(values))


def read_all(case, name):
    return read_labels(case, name, Box.whole((8, 8, 8)), reader=PatchReader(0), ignore=2)


def test_cases_of_all_sets_are_called_after_their_set(two_sets):
    cases = gather(two_sets).cases
    assert [case.name for case in cases] == ["neurons/n0", "neurons/n1", "mito/m0", "mito/m1", "mito/m2"]
    assert [case.class_id for case in cases] == [1, 1, 3, 3, 3]


def test_file_values_become_the_classes_of_the_run(two_sets):
    neurons, *_, mito = gather(two_sets).cases
    assert set(np.unique(read_all(neurons, "classes"))) == {0, 1}
    assert set(np.unique(read_all(neurons, "instances"))) == {0, 5, 9}
    assert set(np.unique(read_all(mito, "classes"))) == {0, 3, -100}


def test_a_label_that_a_set_lacks_is_unknown_there_and_that_is_said(two_sets, caplog):
    cases = gather(two_sets).cases
    assert (read_all(cases[-1], "instances") == -100).all()
    assert "data set mito has no label instances" in caplog.text


def test_heads_learn_labels_that_only_some_sets_have(two_sets):
    from volumen.config import HeadSection

    section = HeadSection.model_validate({"target": "binary", "losses": ["dice"], "label": "instances"})
    assert choose_label("any", section, gather(two_sets).cases) == "instances"


def test_a_batch_carries_the_class_of_each_patch(two_sets):
    data = DataSection.model_validate(two_sets | {"batch_size": 50, "num_workers": 0})
    cases = gather_cases(data).cases
    loader = build_loader(cases, data, wanted=Wanted(("classes", "instances")), seed=1, first=0, count=1, training=True)
    (batch,) = loader
    assert batch.class_ids.tolist() == [1 if name.startswith("neurons") else 3 for name in batch.cases]
    assert sum(name.startswith("mito") for name in batch.cases) > 30  # three of four
    lacking = batch.labels["instances"][batch.class_ids == 3]
    assert (lacking == -100).all()


def test_a_set_is_numbered_when_it_does_not_say_what_its_instances_are(two_sets):
    for section in two_sets["datasets"]:
        section.pop("class_id")
    assert [case.class_id for case in gather(two_sets).cases] == [1, 1, 2, 2, 2]


def test_patches_of_all_sets_have_the_voxel_size_that_is_asked_for(two_sets):
    data = DataSection.model_validate(two_sets | {"voxel_size": [20, 10, 20], "num_workers": 0, "batch_size": 8})
    cases = gather_cases(data).cases
    assert {case.voxel_size for case in cases} == {VoxelSize(20, 10, 20)}
    loader = build_loader(cases, data, wanted=Wanted(("classes",)), seed=1, first=0, count=3, training=True)
    for batch in loader:
        assert batch.image.shape == (8, 1, 4, 4, 4)
        assert (batch.voxel_size == batch.voxel_size.new_tensor([20, 10, 20])).all()
        assert set(batch.labels["classes"].unique().tolist()) <= {0, 1, 3, -100}


def test_a_sample_of_several_sets_is_a_function_of_the_seed_and_its_number(two_sets):
    data = DataSection.model_validate(two_sets | {"voxel_size": [15, 15, 15], "num_workers": 0, "batch_size": 2})
    cases = gather_cases(data).cases
    options = {"wanted": Wanted(("classes",)), "seed": 7, "training": True}
    whole = list(build_loader(cases, data, first=0, count=6, **options))
    later = list(build_loader(cases, data, first=4, count=2, **options))
    assert all((a.image == b.image).all() and a.cases == b.cases for a, b in zip(whole[4:], later, strict=True))


def test_each_set_may_have_groups_of_its_own(two_sets):
    two_sets["datasets"][0]["group"] = r"^(n)"
    assert [case.group for case in gather(two_sets).cases] == ["n", "n", None, None, None]


def test_folds_are_drawn_over_all_sets(two_sets):
    draft = gather(two_sets)
    division = divide_cases(draft.cases, DataSection(folds=2), published=draft.folds)
    assert sorted(name for fold in division.folds for name in fold.validation) == sorted(
        case.name for case in draft.cases
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": {"instances": "idz"}}, "data set neurons has no label 'idz'; did you mean 'ids'"),
        ({"name": "mito"}, "several data sets are called mito; give each a name"),
    ],
)
def test_mistakes_name_the_set(two_sets, change, message):
    two_sets["datasets"][0] |= change
    with pytest.raises(ConfigError, match=message):
        gather(two_sets)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"datasets": [{"layout": "cremi"}]}, "needs its root"),
        ({"datasets": [{"root": "a"}], "layout": "cremi"}, "exclude each other"),
        ({"datasets": [{"root": "a", "weight": 0}]}, "greater than 0"),
        ({"datasets": [{"root": "a", "class_id": 0}]}, "greater than or equal to 1"),
        (
            {"datasets": [{"layout": "cremi", "cases": [{"image": "a.tif", "labels": "b.tif"}]}]},
            "listed have no layout",
        ),
    ],
)
def test_contradictions_are_refused_by_the_schema(data, message):
    with pytest.raises(ValueError, match=message):
        DataSection.model_validate(data)


def test_without_data_it_says_how_to_name_some():
    with pytest.raises(ConfigError, match="give --data DIR"):
        gather({})


def test_faults_of_all_sets_come_at_once(two_sets, tmp_path):
    (tmp_path / "neurons" / "labels" / "n0_ids.tif").unlink()
    (tmp_path / "mito" / "train_labels" / "m1.tif").write_bytes(b"")
    with pytest.raises(DataError, match=r"data set neurons: .*n0; data set mito: .*m1\.tif"):
        gather(two_sets)


def test_weights_are_those_of_the_recipe_and_1_for_others(two_sets):
    sections = DataSection.model_validate(two_sets).datasets
    assert name_datasets(sections) == ["neurons", "mito"]
    assert read_weights(sections) == {"neurons": 1.0, "mito": 3.0}
    assert read_weights([section.model_copy(update={"weight": None}) for section in sections]) == {}


def test_sets_that_come_with_splits_keep_them_together(tmp_path, write_volume, caplog):
    for name in ("one", "two"):
        for part in ("train", "val"):
            write_volume(f"{name}/Image/{part}/x.tif")
    from volumen.data import Draft, Fold
    from volumen.data.datasets import adapt_draft, join_drafts

    sections = DataSection.model_validate({"datasets": [{"root": "one"}, {"root": "two"}]}).datasets
    from volumen.data import Case

    drafts = [
        adapt_draft(
            Draft([Case("a", "", {"x": ""}), Case("b", "", {"x": ""})], (Fold(0, ("a",), ("b",)),)),
            section,
            name=section.root,
            number=1,
        )
        for section in sections
    ]
    with caplog.at_level(logging.WARNING):
        assert join_drafts(drafts).folds == (Fold(0, ("one/a", "two/a"), ("one/b", "two/b")),)
    assert not caplog.records

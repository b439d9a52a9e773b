import numpy as np
import pytest
from pydantic import ValidationError

from volumen.config import CaseSection, DataSection, ValuesSection
from volumen.data import LabelValues, gather_cases
from volumen.data.labels import read_labels
from volumen.data.listing import draft_listed, read_values
from volumen.data.patches import PatchReader
from volumen.errors import ConfigError, DataError
from volumen.geometry import Box, VoxelSize


def draft(root=None, **section):
    return draft_listed([CaseSection.model_validate(section)], root).cases[0]


def test_a_case_is_listed_in_its_shortest_form():
    case = draft(image="a.tif", labels="b.tif")
    assert (case.name, case.image, case.labels) == ("a", "a.tif", {"labels": "b.tif"})


def test_a_case_is_listed_with_all_that_may_be_said():
    case = draft(
        root="data",
        image=["a.h5:t1", "a.h5:t2"],
        labels={
            "ids": {"volume": "a.h5:ids", "mask": "m.tif", "ignore": [2**64 - 1]},
            "parts": {"volume": "p.tif", "classes": {255: 1, "rest": "ignore"}, "instances": {"inside": 1}},
        },
        mask="looked.tif",
        name="one",
        group="mouse1",
        voxel_size=[30, 8, 8],
        crop="0:10,5:20,5:20",
        skip=[3],
    )
    assert case.images == ("data/a.h5:t1", "data/a.h5:t2")
    assert case.label_masks == {"ids": "data/m.tif"}
    assert (case.mask, case.name, case.group) == ("data/looked.tif", "one", "mouse1")
    assert case.voxel_size == VoxelSize(30, 8, 8)
    assert (case.frame.crop, case.frame.skipped) == (Box((0, 5, 5), (10, 20, 20)), (3,))
    assert case.values["ids"].ignore == (2**64 - 1,)
    assert (case.values["parts"].classes, case.values["parts"].rest) == ({255: 1}, -100)
    assert case.values["parts"].components.inside == 1


def test_paths_that_begin_somewhere_do_not_begin_at_the_root():
    case = draft(root="data", image="/abs/a.tif", labels="s3://bucket/b.zarr")
    assert (case.image, case.labels) == ("/abs/a.tif", {"labels": "s3://bucket/b.zarr"})


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"image": "a.tif"}, "labels"),
        ({"image": [], "labels": "b.tif"}, "image"),
        ({"image": "a.tif", "labels": {}}, "labels"),
        ({"image": "a.tif", "labels": "b.tif", "crop": "0:1"}, "z0:z1,y0:y1,x0:x1"),
        ({"image": "a.tif", "labels": "b.tif", "voxel_size": [30, 8]}, "voxel_size"),
        ({"image": "a.tif", "labels": "b.tif", "voxel_size": [30, 8, 0]}, "voxel_size"),
        ({"image": "a.tif", "lables": "b.tif"}, "lables"),
        ({"image": "a.tif", "labels": {"x": {"volume": "b.tif", "classes": {1: "keep"}}}}, "'keep' is no class"),
        ({"image": "a.tif", "labels": {"x": {"volume": "b.tif", "classes": {1: -3}}}}, "-3 is no class"),
    ],
)
def test_what_makes_no_case_is_refused_by_the_schema(section, message):
    with pytest.raises(ValidationError, match=message):
        CaseSection.model_validate(section)


def test_classes_may_go_by_the_names_of_the_data_set():
    values = read_values(ValuesSection(classes={"liver": 1, 9: 2, "rest": 0}), names={"liver": 5})
    assert (values.classes, values.rest) == ({5: 1, 9: 2}, 0)
    with pytest.raises(ConfigError, match="no value is called 'livre'; did you mean 'liver'"):
        read_values(ValuesSection(classes={"livre": 1}), names={"liver": 5})


def test_what_the_layout_knows_of_values_stays_under_what_the_recipe_says():
    known = LabelValues(ignore=(2**64 - 2,), classes={2**64 - 1: 0})
    values = read_values(ValuesSection(classes={"rest": 2}), known)
    assert (values.ignore, values.classes, values.rest) == ((2**64 - 2,), {2**64 - 1: 0}, 2)
    assert read_values(ValuesSection(), known) == known


def test_classes_without_a_rest_refuse_what_they_do_not_name():
    assert read_values(ValuesSection(classes={1: 1})).rest == "refuse"
    assert read_values(ValuesSection(classes={1: 1, "rest": "keep"})).rest == "keep"


def test_numbers_that_went_through_json_are_numbers_again():
    section = ValuesSection.model_validate({"classes": {"255": 1, "-1": "ignore", "rest": 0}})
    assert section.classes == {255: 1, -1: "ignore", "rest": 0}
    assert ValuesSection.model_validate(section.model_dump(mode="json")) == section


def test_listed_cases_are_looked_into_and_drawn_from(write_volume, rng, tmp_path):
    image = rng.integers(0, 255, (6, 7, 8), np.uint8)
    write_volume("raw.tif", image)
    write_volume("seg.tif", np.arange(2 * 3 * 4, dtype=np.uint16).reshape(2, 3, 4))
    section = {"image": "raw.tif", "labels": {"ids": "seg.tif"}, "crop": "2:4,3:6,4:8"}
    data = DataSection(root=str(tmp_path), cases=(CaseSection.model_validate(section),))
    (case,) = gather_cases(data).cases
    labels = read_labels(case, "ids", Box((1, 0, 0), (2, 3, 4)), reader=PatchReader(999), ignore=None)
    assert np.array_equal(labels, np.arange(12, 24).reshape(1, 3, 4))


def test_faults_of_listed_cases_come_all_at_once(write_volume, tmp_path):
    write_volume("a.tif", (4, 5, 6))
    write_volume("small.tif", (4, 5, 5))
    sections = [
        {"image": "a.tif", "labels": "small.tif"},
        {"image": "a.tif", "labels": "gone.tif", "name": "b"},
        {"image": "a.tif", "labels": "a.tif", "name": "c", "crop": "0:9,0:5,0:6"},
        {"image": "a.tif", "labels": "a.tif", "name": "empty", "crop": "2:2,0:5,0:6"},
        {"image": "a.tif", "labels": "a.tif", "name": "d", "skip": [4]},
        {"image": ["a.tif", "small.tif"], "labels": "a.tif", "name": "e"},
        {"image": "a.tif", "labels": "a.tif", "name": "e"},
    ]
    data = DataSection(root=str(tmp_path), cases=tuple(CaseSection.model_validate(section) for section in sections))
    with pytest.raises(DataError) as caught:
        gather_cases(data)
    message = str(caught.value)
    assert "small.tif (4×5×5, not 4×5×6)" in message
    assert "gone.tif is not there" in message
    assert "c (0:9,0:5,0:6 of 4×5×6), empty (2:2,0:5,0:6 of 4×5×6)" in message
    assert "d (slices [4] of 4 are to be skipped)" in message
    assert "several volumes of one name (1): e" in message

import logging
from dataclasses import replace

import numpy as np
import pytest

from volumen.config import DataSection
from volumen.data import Fingerprint, Fold, find_cases, find_copies, find_faults, judge_copies, take_fingerprint
from volumen.data.findings import Finding, gather_warnings
from volumen.data.fingerprint import CaseFacts, ImageFacts, LabelFacts
from volumen.geometry import VoxelSize

IMAGE = ImageFacts(low=0, high=9, mean=4, std=1, percentiles=(0, 4, 9), zero_share=0.1, digest="d")
LABEL = LabelFacts("uint8", voxels=100, labelled=1.0, foreground=0.5, objects=1, largest=1, values={0: 50, 1: 50})


def make_facts(*labels, image=IMAGE, sizes=(None,), faults=()):
    cases = [
        CaseFacts(
            f"c{number}", None, None, (4, 4, 4), 1, "uint8", sizes[number % len(sizes)], image, {"x": label}, faults
        )
        for number, label in enumerate(labels)
    ]
    return Fingerprint(tuple(cases))


def find(facts, **data):
    return [str(finding) for finding in find_faults(facts, DataSection(**data))]


def test_an_ordinary_data_set_gives_no_cause():
    assert find(make_facts(LABEL, LABEL)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"labelled": 0.0}, "warning: label x: nobody looked at any voxel of c1"),
        ({"foreground": 0.0}, "warning: label x: there is no foreground in c1"),
        ({"fractions": 3}, "error: case c1, label x: 3 voxels are no whole numbers"),
        (
            {"refused": (2**63,), "refused_voxels": 4},
            "error: case c1, label x: 4 voxels hold values that are no label (9223",
        ),
        ({"dtype": "float32", "largest": 2**24 + 2}, "warning: label x: ids are larger than their floats tell apart"),
        ({"doubtful": 5}, "object 2 of c1 would be ignored: set data.ignore=null"),
    ],
)
def test_an_odd_label_is_told(change, told):
    (line,) = find(make_facts(LABEL, replace(LABEL, **change)), ignore=2)
    assert told in line


def test_constant_images_and_faults_are_told():
    assert find(make_facts(LABEL, image=replace(IMAGE, high=0)))[0].startswith("warning: every voxel of the image")
    assert find(make_facts(LABEL, image=None, faults=("it is broken",))) == ["error: case c0: it is broken"]


def test_voxel_sizes_that_differ_are_told_unless_they_are_brought_to_one():
    facts = make_facts(LABEL, LABEL, sizes=(VoxelSize(4, 4, 4), VoxelSize(8, 4, 4)))
    assert "voxels of different sizes" in find(facts)[0]
    assert find(facts, voxel_size=(4, 4, 4)) == []
    assert (
        "do not say their voxel size, and others do: c1"
        in find(make_facts(LABEL, LABEL, sizes=(VoxelSize(4, 4, 4), None)))[0]
    )


def test_a_long_list_of_cases_is_counted():
    (line,) = find(make_facts(*[replace(LABEL, foreground=0.0)] * 11))
    assert line.endswith("c6, c7 and 3 more")


def test_copies_under_two_names_are_found(scrolls):
    image = scrolls / "train_images"
    (image / "s3.tif").write_bytes((image / "s0.tif").read_bytes())
    cases = find_cases(scrolls)
    copies = find_copies(cases, take_fingerprint(cases))
    assert copies == [("s0", "s3")]
    folds = [Fold(0, ("s0", "s1", "s2", "s4"), ("s3",)), Fold(1, ("s1", "s2", "s4"), ("s0", "s3"))]
    (finding,) = judge_copies(copies, folds)
    assert "fold 0 trains on one and is judged by the other" in finding.text


def test_a_turned_image_is_no_copy(scrolls, write_volume):
    image = np.random.default_rng(0).integers(0, 255, (12, 14, 16), np.uint8)
    write_volume("train_images/s0.tif", image)
    write_volume("train_images/s1.tif", image[::-1].copy())
    cases = find_cases(scrolls)
    assert find_copies(cases, take_fingerprint(cases)) == []


def test_what_is_logged_about_data_is_gathered():
    findings: list[Finding] = []
    with gather_warnings(findings):
        logging.getLogger("volumen.data.finding").warning("%d files are odd", 3)
    assert findings == [Finding("warning", "3 files are odd")]

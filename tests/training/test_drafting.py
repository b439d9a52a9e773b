import pytest

from volumen.config import parse_config
from volumen.data import CaseFacts, Draft, Fingerprint, Fold, LabelFacts
from volumen.errors import DataError
from volumen.geometry import VoxelSize
from volumen.training import PlanOptions
from volumen.training.drafting import choose_heads, draft_recipe, format_recipe

ONE = LabelFacts("uint8", voxels=9, labelled=1.0, foreground=0.5, objects=1, largest=255, values={0: 5, 255: 4})
SOME = LabelFacts("uint8", voxels=9, labelled=1.0, foreground=0.5, objects=2, largest=3, values={0: 5, 1: 2, 3: 2})
MANY = LabelFacts("uint64", voxels=9, labelled=1.0, foreground=0.9, objects=900, largest=2000, values={}, doubtful=1)


def make_facts(*labels, sizes=(None,)):
    cases = [
        CaseFacts(
            name=f"c{number}",
            group=None,
            dataset=None,
            shape=(32, 32, 32),
            channels=1,
            dtype="uint8",
            voxel_size=sizes[number % len(sizes)],
            image=None,
            labels=named,
        )
        for number, named in enumerate(labels)
    ]
    return Fingerprint(tuple(cases))


def draft(facts, folds=None, ignore=None):
    plan, recipe = draft_recipe(facts, Draft([], folds), options=PlanOptions(), ignore=ignore)
    parse_config(recipe, "a test")
    return plan, recipe


def test_one_value_is_foreground_several_are_classes_many_are_objects():
    heads = choose_heads(make_facts({"a": ONE, "b": SOME, "c": MANY}), {})
    assert heads == {
        "a": {"target": "binary"},
        "b": {"target": {"name": "classes", "classes": 4}},
        "c": {"target": "affinities"},
    }


def test_values_that_the_data_set_names_are_classes_however_many():
    heads = choose_heads(make_facts({"c": MANY}), {"c": {"axon": 1}})
    assert heads["c"]["target"] == {"name": "classes", "classes": 2001}


def test_a_label_that_some_cases_lack_gets_no_head():
    assert list(choose_heads(make_facts({"a": ONE, "b": SOME}, {"a": ONE}), {})) == ["a"]
    with pytest.raises(DataError, match="no label is there for every case"):
        choose_heads(make_facts({"a": ONE}, {"b": ONE}), {})


def test_patch_batch_and_network_are_those_of_the_plan():
    plan, recipe = draft(make_facts(*[{"a": ONE}] * 6))
    assert recipe["data"]["patch_size"] == list(plan.network.patch_size) == [32, 32, 32]
    assert recipe["network"]["name"] == "planned_unet"
    assert recipe["data"]["augmentations"] == ["flip", "noise", "brightness_contrast"]
    assert {"folds", "split", "ignore", "voxel_size"}.isdisjoint(recipe["data"])


def test_few_cases_get_fewer_folds_and_a_lone_one_slabs():
    assert draft(make_facts({"a": ONE}, {"a": ONE}))[1]["data"]["folds"] == 2
    assert draft(make_facts({"a": ONE}))[1]["data"]["split"] == "slab"
    assert "folds" not in draft(make_facts({"a": ONE}), folds=(Fold(0, ("c0",), ("c1",)),))[1]["data"]


def test_no_id_is_ignored_and_voxels_that_differ_are_brought_to_one_size():
    facts = make_facts({"a": MANY}, {"a": MANY}, sizes=(VoxelSize(4, 4, 4), VoxelSize(8, 4, 4)))
    data = draft(facts)[1]["data"]
    assert "ignore" not in data
    assert data["voxel_size"] == [6.0, 4.0, 4.0]


def test_a_written_recipe_extends_the_default_one():
    text = format_recipe({"network": {"name": "unet"}}, ["A note", ""])
    assert text.startswith("# A note\n#\nextends: default\n")

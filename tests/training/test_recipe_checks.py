from dataclasses import replace

import pytest
import torch

from volumen.data import find_cases, take_fingerprint
from volumen.networks import Memory
from volumen.training.objective import build_objective
from volumen.training.recipe_checks import check_batch, check_labels, check_memory, check_patch


@pytest.fixture(scope="module")
def facts(balls):
    return take_fingerprint(find_cases(balls))


def check(make_config, cases, facts, target):
    config = make_config({"heads": {"ball": {"target": target}}})
    return [str(finding) for finding in check_labels(build_objective(config, cases), facts)]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("binary", []),
        ({"name": "binary", "foreground": [1]}, []),
        ({"name": "classes", "classes": 2}, []),
        ({"name": "binary", "foreground": [1, 7]}, ["warning: label labels: no case holds 7, foreground of head ball"]),
    ],
)
def test_labels_are_held_against_what_heads_know(make_config, cases, facts, target, told):
    assert check(make_config, cases, facts, target) == told


def test_a_value_that_nobody_named_counts_as_background_and_is_told(make_config, cases, facts):
    first = facts.cases[0]
    odd = replace(first, labels={"labels": replace(first.labels["labels"], values={0: 1, 1: 1, 3: 1}, largest=3)})
    odd_facts = replace(facts, cases=(odd, *facts.cases[1:]))
    (line,) = check(make_config, cases, odd_facts, {"name": "binary", "foreground": [1]})
    assert "head ball takes 3 for background, as its foreground is 1" in line
    (line,) = check(make_config, cases, odd_facts, {"name": "classes", "classes": 2})
    assert line.startswith(
        "error: case ball_0, label labels: there is a value 3, and head ball knows the classes 0 to 1"
    )


def test_patches_longer_than_cases_are_told():
    assert list(check_patch((4, 4, 4), {"a": (4, 4, 4)})) == []
    (finding,) = check_patch((4, 8, 8), {"a": (4, 8, 8), "b": (4, 8, 7)})
    assert "longer than 1 of 2 cases (b is 4×8×7)" in finding.text


def test_training_that_a_device_does_not_hold_is_told():
    cpu = torch.device("cpu")
    assert list(check_memory(Memory(1, 1, 1, 1, 1), cpu)) == []
    (finding,) = check_memory(Memory(2**60, 0, 0, 0, 0), cpu)
    assert "lower data.batch_size" in finding.text


@pytest.mark.parametrize(("size", "device", "told"), [(1, "cpu", 1), (2, "cpu", 0), (1, "cuda", 0)])
def test_one_image_a_step_is_told_to_be_slow_on_a_cpu(size, device, told):
    assert len(list(check_batch(size, torch.device(device)))) == told

"""A recipe made from a plan: heads from what labels hold, patch, batch and network from the planner."""

from collections.abc import Mapping, Sequence
from typing import Any

from volumen.config import DataSection, format_yaml, parse_config
from volumen.data import CaseFacts, Draft, Fingerprint, Fold, LabelFacts
from volumen.errors import DataError
from volumen.networks import TrainingPlan, plan_training
from volumen.targets import plan_heads
from volumen.training.options import PlanOptions

FOLDS = 5
AUGMENTATIONS = ("flip", "noise", "brightness_contrast")
# The share by which voxel sizes may differ before cases are brought to one.
ALIKE = 0.01
Recipe = dict[str, Any]


def draft_recipe(
    facts: Fingerprint, draft: Draft, *, options: PlanOptions, ignore: int | None
) -> tuple[TrainingPlan, Recipe]:
    """Patch, batch and network for a data set, and the recipe that says so with heads for its labels.

    Args:
        facts: the data set's fingerprint.
        draft: its cases, and the split they came with.
        options: what the network is planned for.
        ignore: the value for "nobody looked" that the fingerprint was taken with.
    """
    heads = choose_heads(facts, draft.classes)
    outputs = sum(head.channels for head in plan_heads(parse_config({"heads": heads}, "the planned heads")))
    plan = plan_training(
        [case.shape for case in facts.cases],
        facts.voxel_sizes,
        size=options.size,
        gigabytes=options.gigabytes,
        outputs=outputs,
        flat=options.flat,
    )
    recipe = plan.to_recipe()
    recipe["data"] |= _choose_data(facts, plan, draft.folds, ignore)
    return plan, recipe | {"heads": heads}


def format_recipe(recipe: Recipe, notes: Sequence[str]) -> str:
    """The recipe as a file of its own, under notes for people."""
    return "".join(f"# {note}".rstrip() + "\n" for note in notes) + format_yaml({"extends": "default", **recipe})


def choose_heads(facts: Fingerprint, classes: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """A head for each label that all cases have: foreground, classes, or objects by their affinities."""
    shared = [name for name in facts.labels if all(name in case.labels for case in facts.cases)]
    if not shared:
        raise DataError("no label is there for every case, so no head can be planned; give a recipe")
    return {name: {"target": _choose_target(facts.list_label(name), known=name in classes)} for name in shared}


def _choose_target(cases: Sequence[LabelFacts], *, known: bool) -> Any:
    """Foreground for one value, classes for several small ones, else affinities.

    Args:
        cases: what every case says of the label.
        known: whether the data set names its values.
    """
    values = {value for case in cases for value in case.values if value > 0}
    largest = max(case.largest for case in cases)
    if max(case.objects for case in cases) <= 1 and len(values) <= 1 and not any(case.parted for case in cases):
        return "binary"
    if known or all(case.has_classes for case in cases):
        return {"name": "classes", "classes": largest + 1}
    return "affinities"


def _choose_data(
    facts: Fingerprint, plan: TrainingPlan, published: Sequence[Fold] | None, ignore: int | None
) -> dict[str, Any]:
    """What differs from the defaults of the data section."""
    chosen: dict[str, Any] = {"augmentations": list(AUGMENTATIONS)}
    if ignore != DataSection().ignore:
        chosen["ignore"] = ignore
    if plan.voxel_size is not None and _differ(facts.cases):
        chosen["voxel_size"] = list(plan.voxel_size)
    return chosen if published else chosen | _choose_split(facts.cases)


def _choose_split(cases: Sequence[CaseFacts]) -> dict[str, Any]:
    """As many folds as there are cases or groups, where that is fewer than usual; slabs of a lone case."""
    units = len({case.group or case.name for case in cases})
    if units == 1:
        return {"split": "slab", "folds": 2}
    return {"folds": units} if units < FOLDS else {}


def _differ(cases: Sequence[CaseFacts]) -> bool:
    """Whether the voxel sizes of cases do."""
    edges = zip(*(tuple(case.voxel_size) for case in cases if case.voxel_size is not None), strict=True)
    return any(max(lengths) / min(lengths) - 1 > ALIKE for lengths in edges)

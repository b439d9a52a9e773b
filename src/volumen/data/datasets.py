"""Several data sets in one run: one space of labels, one name a case."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from volumen.config import DatasetSection, ValuesSection
from volumen.data.cases import Case
from volumen.data.folds import Fold
from volumen.data.layouts.layout import Draft
from volumen.data.listing import read_values
from volumen.data.naming import name_spec
from volumen.errors import ConfigError, suggest_nearest

logger = logging.getLogger(__name__)


def name_datasets(sections: Sequence[DatasetSection]) -> list[str]:
    """What each data set is called: as the recipe says, else as its folder."""
    names = [
        section.name or (name_spec(section.root) if section.root else f"set{number}")
        for number, section in enumerate(sections, 1)
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"several data sets are called {', '.join(twice)}; give each a name of its own")
    return names


def read_weights(sections: Sequence[DatasetSection]) -> dict[str, float]:
    """How often each data set is drawn from, by name; none when no set has a weight, and 1 for one without."""
    if all(section.weight is None for section in sections):
        return {}
    weights = zip(name_datasets(sections), sections, strict=True)
    return {name: 1.0 if section.weight is None else section.weight for name, section in weights}


def adapt_draft(draft: Draft, section: DatasetSection, *, name: str, number: int) -> Draft:
    """A data set as one of several: cases called `SET/CASE`, labels by the run's names and values.

    Args:
        draft: the data set alone.
        section: what the recipe says of it.
        name: of the set.
        number: of the set, from 1; what its instances are when nothing is said.
    """
    known = sorted({label for case in draft.cases for label in case.labels})
    for wanted in section.labels.values():
        if wanted.label not in known:
            raise ConfigError(f"data set {name} has no label {wanted.label!r}; {suggest_nearest(wanted.label, known)}")
    cases = [_adapt_case(case, draft, section) for case in draft.cases]
    class_id = number if section.class_id is None else section.class_id
    renamed = [replace(case, name=f"{name}/{case.name}", dataset=name, class_id=class_id) for case in cases]
    return replace(draft, cases=renamed, folds=_rename_folds(draft.folds, name))


def join_drafts(drafts: Sequence[Draft]) -> Draft:
    """All data sets as one; their published splits too, where all have as many folds."""
    cases = [case for draft in drafts for case in draft.cases]
    _tell_lacking(drafts)
    splits = [draft.folds for draft in drafts if draft.folds]
    if len(splits) < len(drafts) or len({len(folds) for folds in splits}) != 1:
        return Draft(cases)
    return Draft(cases, tuple(_join_folds(parts) for parts in zip(*splits, strict=True)))


def _adapt_case(case: Case, draft: Draft, section: DatasetSection) -> Case:
    """The labels that the run wants of a case, in its own names and values."""
    chosen = {name: choice.label for name, choice in section.labels.items() if choice.label in case.labels}
    if not section.labels:
        chosen = {label: label for label in case.labels}
    return replace(
        case,
        labels={name: case.labels[label] for name, label in chosen.items()},
        label_masks={name: case.label_masks[label] for name, label in chosen.items() if label in case.label_masks},
        values={
            name: read_values(_merge_values(section, name), case.find_values(label), draft.classes.get(label))
            for name, label in chosen.items()
        },
    )


def _merge_values(section: DatasetSection, label: str) -> ValuesSection:
    """What a recipe says of the values of a label, else of all labels of its data set."""
    own = section.labels.get(label)
    if own is None:
        return ValuesSection(classes=section.classes, ignore=section.ignore)
    return ValuesSection(
        classes=own.classes or section.classes,
        ignore=section.ignore if own.ignore is None else own.ignore,
        instances=own.instances,
    )


def _tell_lacking(drafts: Sequence[Draft]) -> None:
    """Says which data sets lack a label that others have."""
    labels = {draft.cases[0].dataset: {label for case in draft.cases for label in case.labels} for draft in drafts}
    every = set().union(*labels.values())
    for dataset, own in labels.items():
        if every - own:
            logger.warning(
                "data set %s has no label %s: heads that learn it learn nothing there", dataset, _join(every - own)
            )


def _rename_folds(folds: Sequence[Fold] | None, name: str) -> tuple[Fold, ...] | None:
    if folds is None:
        return None
    return tuple(Fold(fold.number, _rename(fold.training, name), _rename(fold.validation, name)) for fold in folds)


def _rename(cases: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(f"{name}/{case}" for case in cases)


def _join_folds(parts: Sequence[Fold]) -> Fold:
    """The folds of one number as one."""
    return Fold(
        parts[0].number,
        tuple(case for part in parts for case in part.training),
        tuple(case for part in parts for case in part.validation),
    )


def _join(names: set[str]) -> str:
    return ", ".join(sorted(names))

"""Folds: which cases are held out when; written to a file that people may edit, checked when it is read."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from volumen.data.cases import Case, assign_groups
from volumen.errors import ConfigError, DataError, FormatError, MissingError, OutputError


@dataclass(frozen=True)
class Fold:
    """One way to divide the cases: names to learn from, names to be judged by."""

    number: int
    training: tuple[str, ...]
    validation: tuple[str, ...]


def split_folds(cases: Sequence[Case], *, folds: int = 5, seed: int = 42, group: str | None = None) -> tuple[Fold, ...]:
    """Every fold's cases, the same as scikit-learn's shuffled KFold on the sorted names.

    Cases of one group stay together where they have groups; then the folds are as even as whole groups allow.

    Args:
        cases: what is divided.
        folds: how many parts; each is held out once.
        seed: of the shuffle.
        group: how to group cases that do not carry their groups yet (see `volumen.data.groups`).
    """
    if group is not None:
        cases = assign_groups(cases, group)
    units = gather_units(cases)
    if len(units) < folds:
        what = "cases" if len(units) == len(cases) else "groups of cases"
        cure = f"set data.folds={len(units)}" if len(units) > 1 else "data.split=slab cuts each volume in slabs instead"
        raise ConfigError(f"{folds} folds need {folds} {what} or more; there are {len(units)}: {cure}")
    # RandomState, for the same folds as scikit-learn's and as everyone who shuffled with it.
    order = np.random.RandomState(seed).permutation(len(units))
    parts = _deal_units([units[index] for index in order], folds)
    names = sorted(case.name for case in cases)
    return tuple(make_fold(number, part, names) for number, part in enumerate(parts))


def write_folds(path: str | Path, folds: Sequence[Fold]) -> None:
    """Write folds as JSON, a name a line."""
    path = Path(path)
    draft = path.with_name(f".{path.name}.writing")
    text = json.dumps({"folds": [asdict(fold) for fold in folds]}, indent=2)
    try:
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written ({error.strerror}); choose another folder or make room") from error


def read_folds(path: str | Path, cases: Sequence[Case]) -> tuple[Fold, ...]:
    """The folds of a file, checked against the cases there are."""
    path = Path(path)
    folds = parse_folds(path)
    faults = [*_find_strangers(folds, {case.name for case in cases}), *_find_contradictions(folds)]
    if faults:
        raise DataError(f"{path} {'; '.join(faults)}; correct it, or delete it to have new folds drawn")
    return folds


def _find_strangers(folds: Sequence[Fold], known: set[str]) -> Iterator[str]:
    """Names that are in the folds or among the cases, not in both."""
    used = {name for fold in folds for name in (*fold.training, *fold.validation)}
    if used - known:
        yield f"names cases that are not there: {_list(used - known)}"
    if known - used:
        yield f"leaves out {_list(known - used)}"


def _find_contradictions(folds: Sequence[Fold]) -> Iterator[str]:
    """What is wrong within the folds, whatever the cases are."""
    if [fold.number for fold in folds] != list(range(len(folds))):
        yield f"numbers its folds {[fold.number for fold in folds]}, not from 0 upwards"
    for fold in folds:
        if not fold.training or not fold.validation:
            yield f"fold {fold.number} has no {'validation' if fold.training else 'training'}"
        both = set(fold.training) & set(fold.validation)
        if both:
            yield f"fold {fold.number} trains on what it is judged by: {_list(both)}"


def gather_units(cases: Iterable[Case]) -> list[list[str]]:
    """Names that must stay together, in order; a case without a group stands alone."""
    units: dict[tuple[str, str], list[str]] = {}
    for case in cases:
        units.setdefault(("", case.name) if case.group is None else (case.group, ""), []).append(case.name)
    return [units[key] for key in sorted(units)]


def _deal_units(units: Sequence[list[str]], folds: int) -> list[set[str]]:
    """Names held out in each fold: contiguous parts of lone cases, else the largest group to the smallest fold."""
    if all(len(unit) == 1 for unit in units):
        parts = np.array_split(np.arange(len(units)), folds)
        return [{units[index][0] for index in part.tolist()} for part in parts]
    held_out: list[set[str]] = [set() for _ in range(folds)]
    for unit in sorted(units, key=len, reverse=True):  # stable: units of one size stay shuffled
        min(held_out, key=len).update(unit)
    return held_out


def make_fold(number: int, held_out: set[str], names: Sequence[str]) -> Fold:
    """The fold that is judged by some names and learns from all others, in their order."""
    return Fold(
        number,
        training=tuple(name for name in names if name not in held_out),
        validation=tuple(name for name in names if name in held_out),
    )


def parse_folds(path: Path) -> tuple[Fold, ...]:
    """The folds of a file, ours or nnU-Net's list of `train` and `val`, as they stand there."""
    from pydantic import Field, TypeAdapter, ValidationError

    try:
        content = path.read_bytes()
        if content.lstrip().startswith(b"["):
            parts = TypeAdapter(Annotated[list[dict[str, tuple[str, ...]]], Field(min_length=1)]).validate_json(content)
            return tuple(Fold(number, part["train"], part["val"]) for number, part in enumerate(parts))
        return tuple(TypeAdapter(dict[str, list[Fold]]).validate_json(content)["folds"])
    except FileNotFoundError as error:
        raise MissingError(f"there are no folds at {path}") from error
    except (ValidationError, KeyError) as error:
        raise FormatError(
            f'{path} is no list of folds ({{"folds": [{{"number": 0, "training": […], "validation": […]}}, …]}}, '
            'or nnU-Net\'s [{"train": […], "val": […]}, …]); correct it, or delete it to have new folds drawn'
        ) from error


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))

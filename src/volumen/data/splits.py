"""Which cases are learned from and which judge, by what the recipe says (`data.split`)."""

import abc
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from volumen.config import Component, DataSection, build_component
from volumen.data.cases import Case, assign_groups
from volumen.data.folds import Fold, gather_units, make_fold, parse_folds, split_folds
from volumen.data.leaks import check_leaks
from volumen.errors import ConfigError, DataError, suggest_nearest
from volumen.volumes import parse_spec

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Division:
    """Cases as they are used, and the folds that name them; what no fold uses is left out."""

    cases: tuple[Case, ...]
    folds: tuple[Fold, ...]


class Split(abc.ABC):
    """A way to divide cases into training and validation, once or several times."""

    @abc.abstractmethod
    def divide(self, cases: Sequence[Case]) -> Division:
        """The folds, and the cases they name."""


def divide_cases(cases: Sequence[Case], data: DataSection, *, published: Sequence[Fold] | None = None) -> Division:
    """Training and validation as the recipe says: no fold shares a voxel between them.

    A data set that was published with a split keeps it, unless the recipe names another; all others are divided into
    `data.folds` folds.

    Args:
        cases: all there are.
        data: the recipe's section.
        published: the folds that came with the data.
    """
    if data.group is not None:
        cases = assign_groups(cases, data.group)
    component = data.split or Component(name="published" if published else "folds")
    if data.split is None and published:
        logger.info("the data come with %d folds of their own; data.split=folds draws others", len(published))
    options = {"folds": data.folds, "seed": data.fold_seed, "published": published}
    division: Division = build_component("split", component, **options).divide(cases)
    check_leaks(division.cases, division.folds)
    return division


@dataclass(frozen=True)
class FoldSplit(Split):
    """Parts of about the same number of cases, each held out once; cases of a group stay together."""

    folds: int
    seed: int

    def divide(self, cases: Sequence[Case]) -> Division:
        """As many folds as `data.folds` says."""
        return Division(tuple(cases), split_folds(cases, folds=self.folds, seed=self.seed))


@dataclass(frozen=True)
class ShareSplit(Split):
    """One fold: a share of the cases, drawn at random, is learned from; cases of a group stay together.

    Args:
        training: the share.
        seed: of the draw.
    """

    seed: int
    training: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.training < 1:
            raise ConfigError(f"data.split.training is a share between 0 and 1; got {self.training}")

    def divide(self, cases: Sequence[Case]) -> Division:
        """The fold; either part has at least one case or group."""
        units = gather_units(cases)
        if len(units) < 2:  # noqa: PLR2004 - one to learn from, one to judge by
            raise ConfigError(_explain_single(cases))
        order = np.random.RandomState(self.seed).permutation(len(units))
        wanted = max(1, round((1 - self.training) * len(cases)))
        held: set[str] = set()
        for index in order[: len(units) - 1]:
            if len(held) >= wanted:
                break
            held.update(units[index])
        return Division(tuple(cases), (make_fold(0, held, _list_names(cases)),))


@dataclass(frozen=True)
class FileSplit(Split):
    """One fold by names: patterns such as `vol_val*` of case names or of image files.

    What judges is left out of training, whatever else names it.

    Args:
        validation: names or patterns.
        training: likewise; all other cases when not said.
    """

    validation: str | Sequence[str]
    training: str | Sequence[str] | None = None

    def divide(self, cases: Sequence[Case]) -> Division:
        """The fold; cases that neither list names are not used, and that is said."""
        held = _match_names(cases, self.validation)
        wanted = {case.name for case in cases} if self.training is None else _match_names(cases, self.training)
        if self.training is not None and wanted & held:
            logger.warning("left out of training, for they are in validation: %s", _join(wanted & held))
        used = [case for case in cases if case.name in wanted | held]
        unused = {case.name for case in cases} - wanted - held
        if unused:
            logger.warning("cases that neither training nor validation names are not used: %s", _join(unused))
        if not wanted - held:
            raise ConfigError(f"data.split leaves no case to learn from; {_join(held)} are all in validation")
        return Division(tuple(used), (make_fold(0, held, _list_names(used)),))


@dataclass(frozen=True)
class GroupSplit(Split):
    """A fold for each group that is held out, such as one scroll of several.

    Args:
        validation: the groups to hold out, together, in one fold; each in turn when none is named.
    """

    validation: Sequence[str] | None = None

    def divide(self, cases: Sequence[Case]) -> Division:
        """The folds, groups in order."""
        lacking = [case.name for case in cases if case.group is None]
        if lacking:
            raise ConfigError(f"data.split=groups needs the groups of cases: set data.group; none for {_join(lacking)}")
        groups = sorted({str(case.group) for case in cases})
        if len(groups) < 2:  # noqa: PLR2004 - one to learn from, one to judge by
            raise ConfigError(f"data.split=groups needs two groups or more; there is {_join(groups)}")
        unknown = set(self.validation or ()) - set(groups)
        if unknown:
            raise ConfigError(f"there is no group {_join(unknown)}; {suggest_nearest(min(unknown), groups)}")
        held_out = [{group} for group in groups] if self.validation is None else [set(self.validation)]
        folds = [
            make_fold(number, {case.name for case in cases if case.group in held}, _list_names(cases))
            for number, held in enumerate(held_out)
        ]
        if not folds[0].training:
            raise ConfigError(f"data.split.validation names every group ({_join(groups)}); leave one to learn from")
        return Division(tuple(cases), tuple(folds))


@dataclass(frozen=True)
class PublishedSplit(Split):
    """The folds that came with the data, or those of a file.

    Args:
        file: nnU-Net's `splits_final.json`, or a `folds.json` of ours.
        published: what the layout found.
    """

    file: str | None = None
    published: Sequence[Fold] | None = None

    def divide(self, cases: Sequence[Case]) -> Division:
        """Those folds, of the cases there are."""
        folds = parse_folds(Path(self.file)) if self.file is not None else tuple(self.published or ())
        if not folds:
            raise ConfigError("the data came without a split of their own; name its file with data.split.file")
        known = {case.name for case in cases}
        named = {name for fold in folds for name in (*fold.training, *fold.validation)}
        if named - known:
            raise DataError(f"the published split names cases that are not there: {_join(named - known)}")
        if known - named:
            logger.warning("cases that the published split does not name are not used: %s", _join(known - named))
        return Division(tuple(case for case in cases if case.name in named), folds)


def _match_names(cases: Iterable[Case], patterns: str | Sequence[str]) -> set[str]:
    """Names of the cases that patterns fit, each of which must fit one."""
    listed = {case.name: (case.name, parse_spec(case.image).path.name) for case in cases}
    found: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        fitting = {name for name, words in listed.items() if any(fnmatchcase(word, pattern) for word in words)}
        if not fitting:
            raise ConfigError(f"data.split: no case is called {pattern!r}; {suggest_nearest(pattern, listed)}")
        found |= fitting
    return found


def _list_names(cases: Iterable[Case]) -> list[str]:
    return sorted(case.name for case in cases)


def _explain_single(cases: Sequence[Case]) -> str:
    return (
        f"{_join(case.name for case in cases)} cannot be divided whole; "
        "data.split=slab cuts each volume in slabs along an axis"
    )


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))

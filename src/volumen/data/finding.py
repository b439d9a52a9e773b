"""The cases that a recipe means: of a folder, of a list, of several data sets; all faults are told at once."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from volumen.config import CaseSection, Component, DataSection
from volumen.data.cases import Case, assign_groups
from volumen.data.datasets import adapt_draft, join_drafts, name_datasets
from volumen.data.inspection import DOUBLE, NO_IMAGE, Faults, inspect_case
from volumen.data.layouts.choice import choose_layout
from volumen.data.layouts.layout import Draft
from volumen.data.listing import draft_listed
from volumen.data.naming import join_spec
from volumen.data.placement import rescale_cases
from volumen.errors import ConfigError, DataError
from volumen.geometry import VoxelSize

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


def find_cases(
    root: str | Path,
    *,
    layout: Component | str | None = None,
    group: str | None = None,
    flat: bool = False,
    progress: Progress | None = None,
) -> list[Case]:
    """Every case of a data set, in natural order (`case2` before `case10`).

    Of each file only the head is read. All faults come in one DataError; labels without an image are told there too,
    and alone are a warning.

    Args:
        root: the data set's folder, or a URL.
        layout: how it lies there, by its name in the registry; found by a look at the folder when not said.
        group: how cases are grouped (see `volumen.data.groups`).
        flat: whether an image may be a single slice (`data.patch_size=[1, …]`).
        progress: told after each case.
    """
    wanted = Component(name=layout) if isinstance(layout, str) else layout
    cases = _read_set(str(root), wanted, (), flat=flat, progress=progress).cases
    return cases if group is None else assign_groups(cases, group)


def gather_cases(data: DataSection, *, progress: Progress | None = None) -> Draft:
    """The cases of a recipe as patches are cut from them, and the split that they were published with.

    Args:
        data: the recipe's section.
        progress: told after each case of a data set.
    """
    flat = data.patch_size[0] == 1
    if data.datasets:
        draft = join_drafts(_gather_sets(data, flat=flat, progress=progress))
    else:
        draft = _read_set(data.root, data.layout, data.cases, flat=flat, progress=progress)
    _check_layers(draft.cases, data)
    if data.voxel_size is None:
        return draft
    return replace(draft, cases=rescale_cases(draft.cases, VoxelSize(*data.voxel_size)))


def _check_layers(cases: Sequence[Case], data: DataSection) -> None:
    """Raises unless labels are one slice for all layers where the recipe looks at windows of them, and only there."""
    labelled = [case for case in cases if case.labels]
    odd = [case.name for case in labelled if case.frame.flat != (data.layers is not None)]
    if odd and data.layers is None:
        raise DataError(
            f"labels of {', '.join(odd)} are one slice, and their images have several layers: to learn one slice from "
            "windows of layers set data.layers and network.project, as the recipe scroll-ink does"
        )
    if odd:
        raise DataError(
            f"data.layers is for labels of one slice that stands for all layers of the image; those of "
            f"{', '.join(odd)} are none: leave data.layers and network.project out"
        )


def _gather_sets(data: DataSection, *, flat: bool, progress: Progress | None) -> list[Draft]:
    """Every data set with its labels in the run's names and values; what is wrong with them is told together."""
    drafts, faults = [], []
    for number, (name, section) in enumerate(zip(name_datasets(data.datasets), data.datasets, strict=True), 1):
        root = data.root if section.root is None else join_spec(data.root, section.root)
        try:
            draft = _read_set(root, section.layout, section.cases, flat=flat, progress=progress)
        except DataError as error:
            faults.append(f"data set {name}: {error}")
            continue
        if section.group is not None:
            draft = replace(draft, cases=assign_groups(draft.cases, section.group))
        drafts.append(adapt_draft(draft, section, name=name, number=number))
    if faults:
        raise DataError("; ".join(faults))
    return drafts


def _read_set(
    root: str | None,
    layout: Component | None,
    listed: Sequence[CaseSection],
    *,
    flat: bool,
    progress: Progress | None,
) -> Draft:
    """The cases of one data set, every file looked into."""
    faults = Faults(root or "data.cases")
    draft = _draft_set(root, layout, listed, faults)
    for note in draft.notes:
        logger.warning("%s: %s", root, note)
    return replace(draft, cases=_inspect_cases(draft.cases, faults, flat=flat, progress=progress))


def _draft_set(root: str | None, layout: Component | None, listed: Sequence[CaseSection], faults: Faults) -> Draft:
    """The cases of a list or of a folder, by names alone."""
    if listed:
        return draft_listed(listed, root)
    if root is None:
        raise ConfigError("no data are named: give --data DIR or data.root=DIR, or list them in data.cases")
    return choose_layout(root, layout).draft(root, faults)


def _inspect_cases(drafts: Sequence[Case], faults: Faults, *, flat: bool, progress: Progress | None) -> list[Case]:
    """The cases with what their files say; an error when something is wrong with one."""
    faults.add(DOUBLE, *(name for name, count in Counter(case.name for case in drafts).items() if count > 1))
    cases = []
    for done, draft in enumerate(drafts, 1):
        cases.append(inspect_case(draft, faults, flat=flat))
        if progress is not None:
            progress(done, len(drafts))
    if faults.kinds() - {NO_IMAGE}:
        raise DataError(str(faults))
    if faults.kinds():
        logger.warning("%s", faults)
    if not cases:
        raise DataError(f"there is no case in {faults.root}")
    return cases

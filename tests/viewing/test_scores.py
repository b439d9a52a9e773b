from dataclasses import dataclass

import pytest

from volumen.viewing import tabulate_scores, tabulate_steps


@dataclass(frozen=True)
class Counts:
    voxels: int
    components: int
    cavities: int


@dataclass(frozen=True)
class Step:
    name: str
    before: Counts | None
    after: Counts


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("dice", "high"),
        ("rand", "low"),
        ("rand_recall", "high"),
        ("voi_split", "low"),
        ("surface_dice", "high"),
        ("dice_3", "high"),
    ],
)
def test_every_metric_knows_its_better_side(metric, better):
    assert tabulate_scores({"a": {metric: 1.0}}).columns[1].better == better


def test_steps_show_before_and_after():
    before, after = Counts(1000, 9, 3), Counts(900, 2, 3)
    table = tabulate_steps([Step("threshold", None, before), Step("min_size", before, after)])
    assert table.rows[0] == ("threshold", None, 1000, None, 9, None, 3)
    assert table.rows[1] == ("min_size", 1000, 900, 9, 2, 3, 3)

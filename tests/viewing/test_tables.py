import math

import pytest

from volumen.viewing import tabulate_scores
from volumen.viewing.tables import format_cell, render_table


def test_best_and_worst_are_marked_and_the_mean_leaves_out_what_is_not_there():
    table = tabulate_scores({"a": {"dice": 0.8, "voi": 1.5}, "b": {"dice": 0.7, "voi": math.nan}, "c": {"voi": 2.5}})
    text = render_table(table)
    assert '<td class="number best">0.800</td>' in text
    assert '<td class="number worst">0.700</td>' in text
    assert '<td class="number best">1.500</td>' in text
    assert '<td class="number">–</td>' in text
    assert table.footer == (("mean", 0.75, 2.0),)
    assert "Lower is better for voi." in text


def test_one_case_needs_no_mean_and_no_best():
    text = render_table(tabulate_scores({"a": {"dice": 0.5}}))
    assert "mean" not in text
    assert "best" not in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        ("a", "a"),
        (1234567, "1\u202f234\u202f567"),
        (0.5, "0.500"),
        (-0.25, "−0.250"),
        (2e-5, "2.00e−05"),
    ],
)
def test_cells_are_written_plainly(value, text):
    assert format_cell(value) == text

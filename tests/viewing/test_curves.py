import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volumen.viewing import Chart, Mark, Series
from volumen.viewing.curves import draw_chart, find_log_ticks, find_step, format_tick, list_points, plan_axis


def draw(*series, **options):
    return ElementTree.fromstring(f"<div>{draw_chart(Chart('t', series, **options))}</div>")  # noqa: S314 - our own text


def test_a_chart_has_a_legend_a_line_and_the_values_on_hover():
    chart = draw(Series("train <loss>", (0, 1, 2), (0.5, 0.25, 0.125)))
    assert [item.text or item[0].tail for item in chart.iter("li")] == ["train <loss>"]
    assert [title.text for title in chart.iter("title")][1] == "train <loss>: 0.25 at epoch 1"
    assert len([path for path in chart.iter("path") if "line" in path.get("class")]) == 1


def test_what_is_not_finite_is_left_out_and_so_is_zero_on_a_log_axis():
    series = Series("a", (0, 1, 2, 3), (math.nan, 0.0, math.inf, 1.0))
    assert list_points(series, log=False) == [(1, 0.0), (3, 1.0)]
    assert list_points(series, log=True) == [(3, 1.0)]


def test_a_chart_without_values_says_so():
    assert "no values yet" in draw_chart(Chart("t", (Series("a", (0,), (math.nan,)),)))


def test_a_single_value_is_a_point():
    assert any(circle.get("class") == "lone s0" for circle in draw(Series("a", (3,), (0.4,))).iter("circle"))


def test_the_seventh_line_is_dashed():
    chart = draw(*(Series(str(index), (0, 1), (index, 1)) for index in range(7)))
    assert [path.get("class") for path in chart.iter("path") if "line" in path.get("class")][-1] == "line s0 dashed"


def test_a_mark_is_drawn_where_it_fits():
    series = Series("a", (0, 10), (0, 1))
    assert "kept" in ElementTree.tostring(draw(series, marks=(Mark(7, "kept"),)), "unicode")
    assert "kept" not in ElementTree.tostring(draw(series, marks=(Mark(70, "kept"),)), "unicode")


def test_thousands_of_points_are_thinned():
    long = Series("a", tuple(range(5000)), tuple(range(5000)))
    assert len(draw_chart(Chart("t", (long,)))) < 30_000


@pytest.mark.parametrize(("span", "step"), [(1, 0.2), (0.83, 0.2), (59, 10), (4.2, 1), (1e-4, 2e-5)])
def test_ticks_are_round(span, step):
    assert find_step(span) == pytest.approx(step)


@given(st.floats(1e-9, 1e9), st.floats(1, 1e6))
def test_log_ticks_reach_from_below_to_above(low, ratio):
    ticks = find_log_ticks(low, low * ratio)
    assert ticks[0] <= low * 1.001
    assert ticks[-1] >= low * ratio * 0.999
    assert 2 <= len(ticks) <= 14


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.booleans())
def test_every_value_lies_on_its_axis(values, snap):
    axis = plan_axis(values, start=0, stop=100, snap=snap)
    assert all(-0.01 <= axis.place(value) <= 100.01 for value in values)
    assert all(-0.01 <= axis.place(tick) <= 100.01 for tick in axis.ticks)


def test_numbers_on_axes_are_short():
    assert [format_tick(value) for value in (0.1 + 0.2, 1e-5, 15.0, -1e-17, 3e7)] == ["0.3", "1e-5", "15", "0", "3e7"]

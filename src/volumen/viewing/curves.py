"""Line charts as SVG text for a page: round ticks, a legend, values on hover; colours come from the page's style."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 460, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 40  # margins
TICKS = 5  # about as many on either axis
COLOURS = 6  # line colours in the style sheet; further series repeat them dashed
MOST_POINTS = 400  # of a line: more than a screen shows
MOST_HOVERS = 80  # points a series that tell their value
STEPS = (1.0, 2.0, 5.0, 10.0)
NARROW_DECADES = 2.0  # a log axis that spans fewer has 2 and 5 between its powers of ten

Number = int | float
Point = tuple[Number, Number]


@dataclass(frozen=True)
class Series:
    """One line; points that are not finite are left out."""

    name: str
    x: tuple[Number, ...]
    y: tuple[Number, ...]


@dataclass(frozen=True)
class Mark:
    """A vertical line at one x, with a word about it."""

    x: Number
    label: str


@dataclass(frozen=True)
class Chart:
    """Lines over one pair of axes, a title over it and an honest caption under it."""

    title: str
    series: tuple[Series, ...]
    x_label: str = "epoch"
    log: bool = False
    marks: tuple[Mark, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Axis:
    """How values become pixels along one side of a chart."""

    low: Number
    high: Number
    start: Number
    stop: Number
    ticks: tuple[Number, ...]
    log: bool = False

    def place(self, value: Number) -> Number:
        """The pixel of a value."""
        low, high, at = (math.log10(edge) if self.log else edge for edge in (self.low, self.high, value))
        return self.start + (at - low) / (high - low) * (self.stop - self.start)


def draw_chart(chart: Chart) -> str:
    """The chart as a legend and an SVG; a word instead of it when there is no finite value."""
    points = [list_points(series, log=chart.log) for series in chart.series]
    values = [point for run in points for point in run]
    if not values:
        return '<p class="nothing">no values yet</p>'
    x_axis = plan_axis([x for x, _ in values], start=LEFT, stop=WIDTH - RIGHT, snap=False)
    y_axis = plan_axis([y for _, y in values], start=HEIGHT - BOTTOM, stop=TOP, log=chart.log)
    parts = [
        *_draw_grid(x_axis, y_axis, chart.x_label),
        *(_draw_mark(mark, x_axis) for mark in chart.marks if x_axis.low <= mark.x <= x_axis.high),
        *(_draw_line(index, run, (x_axis, y_axis)) for index, run in enumerate(points)),
        *(_draw_hovers(index, chart, run, (x_axis, y_axis)) for index, run in enumerate(points)),
    ]
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(chart.title)}">{"".join(parts)}</svg>'
    return draw_legend([series.name for series in chart.series]) + svg


def draw_legend(names: Sequence[str]) -> str:
    """The names of the lines with their colours."""
    keys = (f'<li><i class="key s{_find_style(index)}"></i>{escape(name)}</li>' for index, name in enumerate(names))
    return f'<ul class="legend">{"".join(keys)}</ul>'


def list_points(series: Series, *, log: bool) -> list[Point]:
    """The points of a line that can be drawn: finite, and positive on a log axis."""
    pairs = zip(series.x, series.y, strict=True)
    return [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y) and (y > 0 or not log)]


def plan_axis(values: Iterable[Number], *, start: Number, stop: Number, log: bool = False, snap: bool = True) -> Axis:
    """An axis with round ticks that holds all values, and ends on ticks when asked to snap."""
    known = list(values)
    low, high = min(known), max(known)
    if log:
        ticks = find_log_ticks(low, high)
        return Axis(min(low, ticks[0]), max(high, ticks[-1]), start, stop, ticks, log=True)
    if low == high:
        low, high = (low - 0.5, high + 0.5) if not snap else (low - abs(low) / 10 - 1e-6, high + abs(high) / 10 + 1e-6)
    step = find_step(high - low)
    if snap:
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Axis(low, high, start, stop, tuple(index * step for index in range(first, last + 1)))


def find_step(span: Number) -> float:
    """A round distance (1, 2 or 5 times a power of ten) that cuts a span in about five."""
    power = 10.0 ** math.floor(math.log10(span / TICKS))
    return min((step * power for step in STEPS), key=lambda step: abs(span / step - TICKS))


def find_log_ticks(low: Number, high: Number) -> tuple[Number, ...]:
    """Round values from at most `low` to at least `high`: powers of ten, with 2 and 5 between when they span few."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    last = max(last, first + 1)
    narrow = math.log10(high / low) < NARROW_DECADES
    stride = 1 if narrow else -(-(last - first) // (2 * TICKS))
    ticks = [
        step * 10.0**power for power in range(first, last + stride, stride) for step in ((1, 2, 5) if narrow else (1,))
    ]
    below = max(tick for tick in ticks if tick <= low * (1 + 1e-9))
    above = min(tick for tick in ticks if tick >= high * (1 - 1e-9) and tick > below)
    return tuple(tick for tick in ticks if below <= tick <= above)


def format_tick(value: Number) -> str:
    """A tick's number, short: 0.2, 15, 1e-5."""
    return f"{0.0 if abs(value) < 1e-12 else value:.6g}".replace("e-0", "e-").replace("e+0", "e")  # noqa: PLR2004


def _draw_grid(x_axis: Axis, y_axis: Axis, x_label: str) -> Iterable[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in y_axis.ticks:
        y = y_axis.place(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>'
        yield f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{format_tick(tick)}</text>'
    yield f'<path class="axis" d="M{LEFT} {bottom}H{right}"/>'
    for tick in x_axis.ticks:
        x = x_axis.place(tick)
        yield f'<path class="axis" d="M{x:.1f} {bottom}v4"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{format_tick(tick)}</text>'
    yield f'<text class="label" x="{right}" y="{HEIGHT - 5}" text-anchor="end">{escape(x_label)}</text>'


def _draw_mark(mark: Mark, x_axis: Axis) -> str:
    x = x_axis.place(mark.x)
    late = x > (LEFT + WIDTH) / 2
    text = f'<text class="mark" x="{x - 5 if late else x + 5:.1f}" y="{TOP + 10}"'
    anchor = "end" if late else "start"
    line = f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
    return f'{line}{text} text-anchor="{anchor}">{escape(mark.label)}</text>'


def _draw_line(index: int, points: Sequence[Point], axes: tuple[Axis, Axis]) -> str:
    x_axis, y_axis = axes
    shown = _thin(points, MOST_POINTS)
    if len(shown) == 1:
        x, y = shown[0]
        return (
            f'<circle class="lone s{_find_style(index)}" cx="{x_axis.place(x):.1f}" cy="{y_axis.place(y):.1f}" r="3"/>'
        )
    path = "L".join(f"{x_axis.place(x):.1f} {y_axis.place(y):.1f}" for x, y in shown)
    return f'<path class="line s{_find_style(index)}" d="M{path}"/>' if shown else ""


def _draw_hovers(index: int, chart: Chart, points: Sequence[Point], axes: tuple[Axis, Axis]) -> str:
    x_axis, y_axis = axes
    name = escape(chart.series[index].name)
    return "".join(
        f'<circle class="dot s{_find_style(index)}" cx="{x_axis.place(x):.1f}" cy="{y_axis.place(y):.1f}" r="5">'
        f"<title>{name}: {y:.4g} at {escape(chart.x_label)} {format_tick(x)}</title></circle>"
        for x, y in _thin(points, MOST_HOVERS)
    )


def _find_style(index: int) -> str:
    return f"{index % COLOURS}" + (" dashed" if index >= COLOURS else "")


def _thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most about `most` points, evenly picked, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(index * (len(points) - 1) / (most - 1))] for index in range(most)]

"""What a volume is, for the terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.volumes import Facts, Values

_BAR = 40  # columns
_UNKNOWN = "unknown"


def print_facts(facts: "Facts") -> None:
    """Print a line for each fact, then a histogram."""
    lines = list(_tell(facts))
    width = max(len(name) for name, _ in lines)
    print(facts.spec)
    for name, told in lines:
        print(f"  {name:<{width}}  {told}")
    for line in _draw_histogram(facts.values):
        print(f"  {line}")


def _tell(facts: "Facts") -> Iterator[tuple[str, str]]:
    yield "format", facts.format
    yield "shape", f"{join_numbers(facts.shape)} (z y x)"
    yield "channels", "none" if facts.channels is None else str(facts.channels)
    yield "type", f"{facts.dtype}, {count_bytes(facts.nbytes)}"
    yield (
        "chunks",
        join_numbers(facts.chunks) + ("" if facts.shards is None else f" in shards of {join_numbers(facts.shards)}"),
    )
    yield "voxel size", _UNKNOWN if facts.voxel_size is None else f"{join_numbers(list(facts.voxel_size))} nm"
    yield "offset", _UNKNOWN if facts.offset is None else f"{', '.join(f'{place:,.10g}' for place in facts.offset)} nm"
    for number, level in enumerate(facts.levels):
        size = "" if level.voxel_size is None else f", {join_numbers(list(level.voxel_size))} nm"
        yield f"level {number}", f"{join_numbers(level.shape)}{size}"
    if facts.missing is not None:
        missing, of_all = facts.missing, f"of {facts.missing.total:,} {'chunks' if facts.shards is None else 'shards'}"
        yield "missing", f"{missing.count:,} {of_all}, read as {missing.fill:g}" if missing.count else f"none {of_all}"
    yield from (("note", note) for note in facts.notes)
    yield from _tell_values(facts.values)


def _tell_values(values: "Values") -> Iterator[tuple[str, str]]:
    seen = "all voxels" if values.share == 1 else f"a sample of {values.voxels:,} voxels ({values.share:.2%})"
    if values.low is None or values.high is None:
        yield "values", f"no numbers in {seen}"
    else:
        span = f"{_write_number(values.low)} to {_write_number(values.high)}"
        yield "values", f"{span}, mean {values.mean:.6g}, in {seen}"
    if values.not_finite:
        yield "not finite", f"{values.not_finite:,} voxels are NaN or infinite"
    yield "zero", f"{values.zero_share:.2%}"
    if values.distinct is not None:
        yield "distinct", f"{values.distinct:,} values"


def _draw_histogram(values: "Values") -> Iterator[str]:
    """A bar a bin; a bin that is not empty shows at least a sliver."""
    labels = [_write_number(edge) for edge in values.edges]
    most, width = max(values.counts, default=1), max(map(len, labels), default=0)
    for label, count in zip(labels, values.counts, strict=False):
        bar = "█" * round(_BAR * count / most) or ("▏" if count else "")
        yield f"{label:>{width}} {bar}"


def join_numbers(values: Sequence[float]) -> str:
    """Numbers with a × between them."""
    return " × ".join(f"{value:,.10g}" for value in values)


def _write_number(value: float) -> str:
    return f"{value:.15g}" if value == round(value) else f"{value:.6g}"


def count_bytes(nbytes: int) -> str:
    """Bytes in the largest unit that leaves a whole part."""
    for unit, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if nbytes >= size:
            return f"{nbytes / size:.3g} {unit}"
    return f"{nbytes} bytes"

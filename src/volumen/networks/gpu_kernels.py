"""Instance norm on a GPU in two passes over the features; imported only where there is one, for Triton comes with it.

Features are groups of rows of columns: a channel of an image is a group with one column, or, where channels lie beside
each other, an image is a group with a column a channel. cuDNN gives a whole channel to one of its blocks, which leaves
most of a GPU idle: half of a U-Net's forward. Here a channel is measured in up to `PARTS` parts.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator"

import torch
import triton
import triton.language as tl
from torch import Tensor

PARTS = 256
ELEMENTS = 8192  # in a program's hands at a time
WIDEST = 64  # columns in a program's hands


def normalise_features(
    features: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    epsilon: float,
    slope: float,
    added: Tensor | None,
    channels_last: bool,
    out: Tensor,
) -> None:
    """Writes `weight * (x - mean) / deviation + bias`, plus `added`, its negatives times `slope`.

    `out` has the features' shape, type and order of numbers, and may be the features themselves.
    """
    batch, channels = features.shape[:2]
    voxels = features[0, 0].numel()
    groups, columns = (batch, channels) if channels_last else (batch * channels, 1)
    width = min(triton.next_power_of_2(columns), WIDEST)
    rows = ELEMENTS // width
    steps = triton.cdiv(triton.cdiv(voxels, rows), PARTS)
    parts = triton.cdiv(voxels, rows * steps)
    measured = torch.empty((2, batch * channels, parts), device=features.device)
    scaled = torch.empty((2, batch * channels), device=features.device)
    measure_parts[parts, triton.cdiv(columns, width), groups](
        features, measured, voxels, columns, parts, steps, ROWS=rows, COLUMNS=width
    )
    join_parts[channels, batch](measured, scaled, weight, bias, voxels, rows * steps, epsilon, PARTS=PARTS)
    length = voxels * columns
    blocks = triton.cdiv(length, ELEMENTS)
    apply_scales[blocks, groups](features, added, out, scaled, length, columns, slope, ELEMENTS=ELEMENTS)


@triton.jit
def measure_parts(features, measured, voxels, columns, parts, steps, ROWS: tl.constexpr, COLUMNS: tl.constexpr):
    """Means of each column of a part, then sums of squares about them, joined step by step after Chan et al. 1979."""
    part, block, group = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    column = block * COLUMNS + tl.arange(0, COLUMNS)
    known = column < columns
    base = features + group.to(tl.int64) * voxels * columns
    mean = tl.zeros((COLUMNS,), tl.float32)
    spread = tl.zeros((COLUMNS,), tl.float32)
    count = 0.0
    for step in range(steps):
        first = (part * steps + step) * ROWS
        row = first + tl.arange(0, ROWS)
        inside = (row < voxels)[:, None] & known[None, :]
        places = row.to(tl.int64)[:, None] * columns + column[None, :]
        values = tl.load(base + places, mask=inside, other=0.0).to(tl.float32)
        more = tl.minimum(tl.maximum(voxels - first, 0), ROWS).to(tl.float32)
        own = tl.sum(values, 0) / tl.maximum(more, 1.0)
        away = tl.where(inside, values - own[None, :], 0.0)
        apart = own - mean
        total = tl.maximum(count + more, 1.0)
        mean += apart * (more / total)
        spread += tl.sum(away * away, 0) + apart * apart * (count * more / total)
        count += more
    place = (group * columns + column) * parts + part
    tl.store(measured + place, mean, mask=known)
    tl.store(measured + tl.num_programs(2) * columns * parts + place, spread, mask=known)


@triton.jit
def join_parts(measured, scaled, weight, bias, voxels, size, epsilon, PARTS: tl.constexpr):
    """What each plane is multiplied by, then what is added to it."""
    channel, planes = tl.program_id(0), tl.num_programs(0) * tl.num_programs(1)
    plane = tl.program_id(1) * tl.num_programs(0) + channel
    parts, part = tl.cdiv(voxels, size), tl.arange(0, PARTS)
    inside = part < parts
    counts = tl.where(inside, tl.minimum(voxels - part * size, size), 0).to(tl.float32)
    own = tl.load(measured + plane * parts + part, mask=inside, other=0.0)
    within = tl.load(measured + (planes + plane) * parts + part, mask=inside, other=0.0)
    mean = tl.sum(own * counts, 0) / voxels
    apart = tl.where(inside, own - mean, 0.0)
    variance = tl.sum(within + apart * apart * counts, 0) / voxels
    scale = tl.load(weight + channel).to(tl.float32) / tl.sqrt(variance + epsilon)
    tl.store(scaled + plane, scale)
    tl.store(scaled + planes + plane, tl.load(bias + channel).to(tl.float32) - mean * scale)


@triton.jit
def apply_scales(features, added, out, scaled, length, columns, slope, ELEMENTS: tl.constexpr):
    """Features of a group scaled, shifted, added to and activated."""
    block, group = tl.program_id(0), tl.program_id(1)
    place = block.to(tl.int64) * ELEMENTS + tl.arange(0, ELEMENTS)
    inside = place < length
    scales = scaled + group * columns + place % columns
    shifts = scales + tl.num_programs(1) * columns
    base = group.to(tl.int64) * length
    values = tl.load(features + base + place, mask=inside, other=0.0).to(tl.float32)
    values = values * tl.load(scales, mask=inside, other=0.0) + tl.load(shifts, mask=inside, other=0.0)
    if added is not None:
        values += tl.load(added + base + place, mask=inside, other=0.0).to(tl.float32)
    values = tl.where(values < 0, values * slope, values)
    tl.store(out + base + place, values.to(out.dtype.element_ty), mask=inside)

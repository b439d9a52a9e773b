import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volumen.config import Component
from volumen.decoding import Counts, Decoded, Source, decode_heads
from volumen.errors import ConfigError, DataError, ShapeError
from volumen.heads import HeadSpec
from volumen.morphology import label_components
from volumen.registry import TABLES


def decode_mask(probability: np.ndarray, steps: list[Component], head: HeadSpec | None = None, **options) -> Decoded:
    channels = len(probability) if probability.ndim == 4 else 1
    spec = head or HeadSpec("surface", channels, "sigmoid" if channels == 1 else "softmax")
    return decode_heads(Source({spec.name: probability}.__getitem__, [spec]), steps, **options)


def name_steps(*names: str) -> list[Component]:
    return [Component(name=name) for name in names]


def draw_sheets(pitch: int, phase: float, sway: float, thickness: int) -> np.ndarray:
    """Parallel wavy sheets of whole thickness that run out of the volume on all sides but two."""
    z, y, x = np.indices((30, 24, 24))
    height = z + np.rint(sway * np.sin(y / 5 + phase) + sway * np.cos(x / 7)).astype(int)
    return (height % pitch < thickness).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 12), st.floats(0, 6), st.floats(0, 2), st.integers(2, 3))
def test_a_perfect_prediction_of_sheets_decodes_to_the_truth(pitch, phase, sway, thickness):
    truth = draw_sheets(pitch, phase, sway, thickness)
    probability = truth.astype(np.float32)

    decoded = decode_mask(probability, name_steps("threshold", "max_hole"))
    closed = decode_mask(probability, name_steps("threshold", "max_hole", "closing"))

    np.testing.assert_array_equal(decoded.labels, truth)
    assert not (truth > closed.labels).any()
    assert (closed.labels != truth).mean() < 0.03  # closing rounds the inner edges of steps, and nothing else


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(2, 4), min_size=1, max_size=3), st.integers(0, 1))
def test_a_perfect_prediction_of_separate_objects_decodes_to_the_truth(radii, gap):
    grid = np.indices((12, 12, 44))
    truth = np.zeros((12, 12, 44), int)
    edge = 1
    for number, radius in enumerate(radii, start=1):
        centre = np.array([6, 6, edge + radius]).reshape(3, 1, 1, 1)
        truth[((grid - centre) ** 2).sum(0) <= radius**2] = number
        edge += 2 * radius + 2 + gap

    decoded = decode_mask((truth > 0).astype(np.float32), name_steps("threshold", "instances"))

    np.testing.assert_array_equal(decoded.labels, truth)


def test_a_flat_sheet_of_two_voxels_survives_the_kit_untouched(kit):
    truth = np.zeros((20, 20, 20), np.uint8)
    truth[9:11] = 1

    np.testing.assert_array_equal(decode_mask(truth.astype(np.float32), kit).labels, truth)


def test_the_inside_of_a_closed_winding_stays_empty(kit, winding):
    decoded = decode_mask(winding.astype(np.float32), [*kit[:2], Component(name="max_hole", options={"voxels": 10**6})])

    np.testing.assert_array_equal(decoded.labels, winding)


def test_each_step_tells_what_it_did(kit):
    probability = np.zeros((20, 20, 20), np.float32)
    probability[4:14, 4:14, 4:14] = 0.9
    probability[8, 8, 8:10] = 0.1  # a cavity of two
    probability[17, 17, 17] = 0.8  # a speck

    decoded = decode_mask(probability, kit)

    assert [report.name for report in decoded.steps] == ["threshold", "min_size", "max_hole", "closing"]
    assert decoded.steps[0].before is None
    assert [report.after for report in decoded.steps] == [
        Counts(voxels=999, components=2, cavities=1, largest=998),
        Counts(voxels=998, components=1, cavities=1, largest=998),
        Counts(voxels=1000, components=1, cavities=0, largest=1000),
        Counts(voxels=1000, components=1, cavities=0, largest=1000),
    ]
    assert all(later.before == earlier.after for earlier, later in zip(decoded.steps, decoded.steps[1:], strict=False))
    assert (decoded.foreground, decoded.background, decoded.components, decoded.largest) == (1000, 7000, 1, 1000)
    assert decoded.labels.dtype == np.uint8


def test_steps_run_in_the_order_given():
    probability = np.zeros((9, 9, 9), np.float32)
    probability[2:7, 2:7, 2:7] = 1
    probability[3:6, 3:6, 3:6] = 0
    threshold, large, hole = (
        Component(name="threshold"),
        Component(name="min_size", options={"voxels": 110}),
        Component(name="max_hole", options={"voxels": 28}),
    )

    assert decode_mask(probability, [threshold, hole, large]).foreground == 125
    assert decode_mask(probability, [threshold, large, hole]).foreground == 0


def test_small_instances_go_and_the_others_keep_their_numbers():
    probability = np.zeros((8, 8, 20), np.float32)
    probability[3, 3, 1] = 1
    probability[1:7, 1:7, 5:11] = 1

    decoded = decode_mask(probability, name_steps("threshold", "instances", "min_size"))

    assert np.unique(decoded.labels).tolist() == [0, 2]
    assert decoded.components == 1


def test_classes_are_decoded_by_argmax(rng, monkeypatch):
    monkeypatch.setitem(TABLES["decoding"], "argmax", "volumen.decoding:Argmax")
    truth = rng.integers(0, 3, (5, 6, 7))
    probability = np.stack([truth == value for value in range(3)]).astype(np.float32)

    np.testing.assert_array_equal(decode_mask(probability, name_steps("argmax")).labels, truth)


def test_progress_counts_the_steps(kit):
    seen = []

    decode_mask(np.zeros((4, 4, 4), np.float32), kit, progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "begins with threshold"),
        (["closing"], "begins with threshold.*'closing'"),
        (["threshold", "threshold"], "can only be the first"),
        (["threshold", "instances", "closing"], "'closing' takes a mask"),
        (["treshold"], "did you mean 'threshold'"),
    ],
)
def test_a_kit_that_cannot_work_is_refused(names, message):
    with pytest.raises(ConfigError, match=message):
        decode_mask(np.ones((4, 4, 4), np.float32), name_steps(*names))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"name": "threshold", "valeu": 0.5}, "did you mean 'value'"),
        ({"name": "threshold", "value": 2}, "less than or equal to 1"),
        ({"name": "closing", "radius": -1}, "greater than or equal to 0"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(step, message):
    with pytest.raises(ConfigError, match=message):
        decode_mask(np.ones((4, 4, 4), np.float32), [Component.model_validate(step)])


def test_logits_and_nan_are_refused(kit):
    with pytest.raises(DataError, match="are they logits"):
        decode_mask(np.array([[[-3.0, 4.0]]]), kit)
    with pytest.raises(DataError, match="1 values that are not numbers"):
        decode_mask(np.array([[[0.5, np.nan]]]), kit)


def test_a_head_that_does_not_match_is_refused(kit):
    with pytest.raises(ConfigError, match="no activation"):
        decode_mask(np.zeros((2, 2, 2), np.float32), kit, head=HeadSpec("surface", 1))
    with pytest.raises(ShapeError, match="2 channels; the prediction has 1"):
        decode_mask(np.zeros((2, 2, 2), np.float32), kit, head=HeadSpec("surface", 2, "softmax"))
    assert decode_mask(np.zeros((2, 2, 2), np.float32), kit, head=HeadSpec("surface", 1, "sigmoid")).foreground == 0


def test_labels_of_components_agree_with_their_count(rng):
    probability = rng.random((9, 10, 11), np.float32)

    decoded = decode_mask(probability, [Component(name="threshold", options={"value": 0.8})])

    assert decoded.components == label_components(probability >= 0.8).max()

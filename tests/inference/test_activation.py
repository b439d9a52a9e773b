import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from volumen.inference.activation import activate_logits


@given(start=st.integers(0, 40), length=st.integers(1, 40), activation=st.sampled_from(["sigmoid", "softmax"]))
def test_a_voxel_has_the_same_bits_wherever_its_block_begins(start, length, activation):
    logits = np.random.default_rng(0).normal(0, 20, (3, 2, 5, 80)).astype(np.float32)

    whole = activate_logits(logits, activation)[..., start : start + length]
    part = activate_logits(logits[..., start : start + length], activation)

    assert whole.tobytes() == part.tobytes()


def test_the_sigmoid_is_the_textbook_one_and_never_warns():
    logits = np.array([-1000, -100, -1, 0, 1, 100, 1000], np.float32).reshape(1, 1, 1, 7)

    expected = [0, 0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1, 1]

    np.testing.assert_allclose(activate_logits(logits, "sigmoid").ravel(), expected, atol=1e-7)


def test_softmax_sums_to_one_over_channels(rng):
    logits = rng.normal(0, 50, (4, 3, 3, 3)).astype(np.float32)

    np.testing.assert_allclose(activate_logits(logits, "softmax").sum(axis=0), 1, rtol=1e-6)


def test_no_activation_gives_the_logits_and_leaves_them_alone(rng):
    logits = rng.normal(0, 50, (1, 3, 3, 3)).astype(np.float32)

    result = activate_logits(logits, "none")

    np.testing.assert_array_equal(result, logits)
    assert not np.shares_memory(result, logits)

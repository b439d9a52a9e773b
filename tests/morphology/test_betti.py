import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.measure import euler_number

from volumen.morphology import Topology, count_cavities, measure_topology

MASKS = arrays(bool, st.tuples(*[st.integers(1, 6)] * 3))
RANKS = {6: 1, 26: 3}


def draw_ring() -> np.ndarray:
    """A flat ring of eight voxels."""
    mask = np.zeros((3, 5, 5), bool)
    mask[1, 1:4, 1:4] = True
    mask[1, 2, 2] = False
    return mask


@settings(max_examples=200, deadline=None)
@given(MASKS, st.sampled_from([6, 26]))
def test_components_cavities_and_euler_number_are_those_of_scipy_and_scikit_image(mask, connectivity):
    outside = np.pad(~mask, 1, constant_values=True)
    inside = ndimage.generate_binary_structure(3, RANKS[connectivity])
    around = ndimage.generate_binary_structure(3, RANKS[32 - connectivity])

    topology = measure_topology(mask, connectivity)

    assert topology.components == ndimage.label(mask, inside)[1]
    assert topology.cavities == ndimage.label(outside, around)[1] - 1
    assert topology.euler == euler_number(np.pad(mask, 1), RANKS[connectivity])


@settings(max_examples=50, deadline=None)
@given(MASKS, st.sampled_from([6, 26]), st.permutations(range(3)), st.sampled_from([(0,), (1,), (2,), (0, 1, 2)]))
def test_flips_and_turns_change_nothing(mask, connectivity, axes, flipped):
    turned = np.flip(mask.transpose(axes), flipped)

    assert measure_topology(turned, connectivity) == measure_topology(mask, connectivity)


@settings(max_examples=50, deadline=None)
@given(arrays(bool, st.tuples(*[st.integers(2, 6)] * 3)), st.sampled_from([6, 26]))
def test_cavities_are_those_that_hole_filling_counts(mask, connectivity):
    assert measure_topology(mask, connectivity).cavities == count_cavities(mask, connectivity)


@pytest.mark.parametrize("connectivity", [6, 26])
def test_a_ring_has_one_tunnel_and_a_shell_one_cavity(connectivity):
    shell = np.ones((3, 3, 3), bool)
    shell[1, 1, 1] = False

    assert measure_topology(draw_ring(), connectivity) == Topology(components=1, tunnels=1, cavities=0)
    assert measure_topology(shell, connectivity) == Topology(components=1, tunnels=0, cavities=1)


def test_voxels_that_share_an_edge_are_apart_for_6_and_together_for_26():
    ring_of_corners = draw_ring()
    ring_of_corners[1, [1, 1, 3, 3], [1, 3, 1, 3]] = False  # four voxels that touch along edges

    assert measure_topology(ring_of_corners, 6) == Topology(components=4, tunnels=0, cavities=0)
    assert measure_topology(ring_of_corners, 26) == Topology(components=1, tunnels=1, cavities=0)


def test_a_tube_that_leaves_the_volume_is_a_tunnel_and_so_is_a_ring_in_a_plane(winding):
    assert measure_topology(winding) == Topology(components=1, tunnels=1, cavities=0)
    assert measure_topology(draw_ring()[1:2]) == Topology(components=1, tunnels=1, cavities=0)


@pytest.mark.parametrize("connectivity", [6, 26])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 4, 5), (0, 4, 5), (2, 3, 9)])
def test_empty_and_full_masks_are_no_special_case(shape, connectivity):
    full = np.ones(shape, bool)

    assert measure_topology(~full, connectivity) == Topology(0, 0, 0)
    assert measure_topology(full, connectivity) == Topology(int(full.size > 0), 0, 0)

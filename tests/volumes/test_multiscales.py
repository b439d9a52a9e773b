import pytest

from volumen.errors import FormatError
from volumen.geometry import VoxelSize
from volumen.volumes.multiscales import name_axes, parse_multiscale


def describe(*transformations, axes=("z", "y", "x"), unit="nanometer", common=()):
    named = [{"name": axis, "type": "space", **({"unit": unit} if unit else {})} for axis in axes]
    datasets = [{"path": "s0", "coordinateTransformations": list(transformations)}]
    return {"version": "0.4", "axes": named, "datasets": datasets, "coordinateTransformations": list(common)}


def scale(*values):
    return {"type": "scale", "scale": list(values)}


def shift(*values):
    return {"type": "translation", "translation": list(values)}


def place(described):
    multiscale = parse_multiscale({"multiscales": [described]}, "x.zarr")
    return multiscale.place(multiscale.scales[0])


def test_scale_and_translation_are_nanometres_z_y_x():
    assert place(describe(scale(30, 8, 4), shift(1, 2, 3))) == (VoxelSize(30.0, 8.0, 4.0), (1, 2, 3))
    assert place(describe(scale(4, 8, 30), axes="xyz")) == (VoxelSize(30.0, 8.0, 4.0), (0, 0, 0))
    assert place(describe(scale(3, 2, 1), unit="micrometer"))[0] == VoxelSize(3000.0, 2000.0, 1000.0)


def test_what_all_levels_share_is_applied_after_their_own():
    common = [scale(10, 10, 10), shift(5, 5, 5)]
    assert place(describe(scale(3, 2, 1), shift(1, 1, 1), common=common)) == (VoxelSize(30.0, 20.0, 10.0), (15, 15, 15))


def test_a_sequence_is_its_parts():
    both = {"type": "sequence", "transformations": [scale(30, 8, 4), shift(1, 2, 3)]}
    assert place(describe(both)) == (VoxelSize(30.0, 8.0, 4.0), (1, 2, 3))


UNPLACED = [describe(scale(8, 8, 8), unit=None), describe(), describe(scale(8, 8), axes="yx")]


@pytest.mark.parametrize("described", UNPLACED)
def test_without_a_unit_a_scale_or_an_axis_nothing_is_known(described):
    assert place(described) == (None, None)


def test_versions_before_0_4_name_axes_by_letter_or_not_at_all():
    old = {"version": "0.3", "axes": ["c", "z", "y", "x"], "datasets": [{"path": "0"}]}
    assert parse_multiscale({"multiscales": [old]}, "x").axes == "czyx"
    assert parse_multiscale({"multiscales": [{"datasets": [{"path": "0"}]}]}, "x").axes == "tczyx"


def test_coordinate_systems_name_axes_too():
    described = describe(scale(30, 8, 4))
    axes = described.pop("axes")
    described["coordinateSystems"] = [{"name": "world", "axes": axes}]
    assert place(described)[0] == VoxelSize(30.0, 8.0, 4.0)


def test_version_0_5_stands_under_ome():
    found = parse_multiscale({"ome": {"version": "0.5", "multiscales": [describe(scale(30, 8, 4))]}}, "x")
    assert (found.version, found.axes) == ("0.5", "zyx")


@pytest.mark.parametrize("attributes", [{}, {"multiscales": []}, {"multiscales": "none"}, {"ome": {"version": "0.5"}}])
def test_other_attributes_describe_no_pyramid(attributes):
    assert parse_multiscale(attributes, "x") is None


@pytest.mark.parametrize(
    "broken",
    [
        {"axes": ["z", "y", "x"]},
        {"axes": 3, "datasets": []},
        {"axes": [{}], "datasets": [{"path": "0"}]},
        describe(scale(1, 2)),
        describe(scale(1, 2, "a")),
        describe(scale(1, 2, float("nan"))),
        describe({"type": "affine"}),
        describe({"type": "scale"}),
        "multiscales",
    ],
)
def test_a_damaged_description_is_told(broken):
    with pytest.raises(FormatError, match=r"x\.zarr: its multiscales are damaged"):
        parse_multiscale({"multiscales": [broken]}, "x.zarr")


def test_axes_of_other_names_go_by_their_type():
    axes = [
        {"name": "frame", "type": "time"},
        {"name": "dye", "type": "channel"},
        *[{"name": f"dim{n}", "type": "space"} for n in range(3)],
    ]
    assert name_axes(axes) == "tczyx"
    assert name_axes([{"name": "dim_0"}, {"name": "y"}]) == "??"

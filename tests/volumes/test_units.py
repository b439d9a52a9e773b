import pytest

from volumen.volumes.units import find_nanometres


@pytest.mark.parametrize(
    ("unit", "nanometres"),
    [
        ("nm", 1),
        ("nanometer", 1),
        ("Nanometres", 1),
        ("µm", 1000),
        ("μm", 1000),
        ("\\u00B5m", 1000),
        ("um", 1000),
        ("micron", 1000),
        ("microns", 1000),
        ("micrometre", 1000),
        ('"mm"', 1e6),
        ("millimeter", 1e6),
        ("cm", 1e7),
        ("m", 1e9),
        ("angstrom", 0.1),
        ("Å", 0.1),
        ("inch", 25.4e6),
    ],
)
def test_units_are_read_as_files_write_them(unit, nanometres):
    assert find_nanometres(unit) == nanometres


@pytest.mark.parametrize("unit", ["pixel", "", "second", None, 3, "nmm"])
def test_what_is_no_length_is_unknown(unit):
    assert find_nanometres(unit) is None

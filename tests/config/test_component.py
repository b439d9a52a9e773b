import pytest

from volumen.config import Component, set_options
from volumen.errors import ConfigError

ASKED = [Component(name="dice"), Component(name="surface_dice", options={"tolerance": 2.0, "unit": "voxels"})]


def test_options_are_set_by_the_name_of_their_component():
    changed = set_options(ASKED, ["surface_dice.tolerance=1e1", "dice.classes=[1, 2]"])

    assert changed[0].options == {"classes": [1, 2]}
    assert changed[1].options == {"tolerance": 10.0, "unit": "voxels"}
    assert ASKED[1].options["tolerance"] == 2.0


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("surface_dice", "an option is written name.option=value"),
        ("dice.=1", "an option is written name.option=value"),
        ("surfacedice.tolerance=1", "is not asked for; did you mean 'surface_dice'?"),
        ("dice.classes=[1", "not YAML"),
    ],
)
def test_what_cannot_be_set_is_said(assignment, message):
    with pytest.raises(ConfigError) as error:
        set_options(ASKED, [assignment])
    assert message in str(error.value)

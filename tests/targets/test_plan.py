import pytest

from volumen.config import Component, RunConfig, check_component, read_recipe
from volumen.errors import ConfigError
from volumen.heads import AffinitySpec, HeadSpec, LengthSpec
from volumen.registry import TABLES, load_named
from volumen.targets import BinaryTarget, ClassesTarget, build_targets, plan_heads


def configure(**heads):
    return RunConfig(heads={name: {"losses": ["dice"], **section} for name, section in heads.items()})


def test_heads_are_planned_from_their_targets_in_the_recipes_order():
    config = configure(
        surface={"target": "binary"},
        cells={"target": {"name": "classes", "classes": 4}, "activation": "softmax"},
    )
    assert plan_heads(config) == (
        HeadSpec("surface", 1, "sigmoid", "binary"),
        HeadSpec("cells", 4, "softmax", "classes"),
    )
    assert [type(target) for target in build_targets(config).values()] == [BinaryTarget, ClassesTarget]


def test_softmax_over_one_channel_is_refused():
    with pytest.raises(ConfigError, match=r"heads.surface.activation: target 'binary' goes with sigmoid.*got softmax"):
        plan_heads(configure(surface={"target": "binary", "activation": "softmax"}))


def test_classes_that_exclude_each_other_need_softmax():
    classes = {"name": "classes", "classes": 4}
    [head] = plan_heads(configure(cells={"target": classes}))
    assert head.activation == "softmax"
    with pytest.raises(ConfigError, match="target 'classes' goes with softmax or none; got sigmoid"):
        plan_heads(configure(cells={"target": classes, "activation": "sigmoid"}))


def test_channels_that_contradict_the_target_are_refused():
    with pytest.raises(ConfigError, match=r"heads.surface.channels: target 'binary' has 1; got 2"):
        plan_heads(configure(surface={"target": "binary", "channels": 2}))


@pytest.mark.parametrize("options", [{"classes": 1}, {"classes": "many"}, {}])
def test_recipes_are_told_of_wrong_numbers_of_classes(options):
    assert check_component("target", Component(name="classes", options=options))


def test_foreground_may_be_a_list_in_a_recipe():
    config = configure(surface={"target": {"name": "binary", "foreground": [1]}})
    assert check_component("target", config.heads["surface"].target) == []
    assert plan_heads(config)[0].channels == 1


def test_a_head_carries_what_decoders_need_to_know():
    offsets = [[1, 0, 0], [0, 1, 0], [0, 0, 9]]
    near, deep = plan_heads(
        configure(
            near={"target": {"name": "affinities", "offsets": offsets, "edge": "end"}},
            deep={"target": {"name": "distance", "unit": "nm", "clip": 200, "scale": 50}},
        )
    )
    assert (near.channels, near.affinities) == (3, AffinitySpec(((1, 0, 0), (0, 1, 0), (0, 0, 9)), "end"))
    assert (deep.activation, deep.lengths) == ("none", LengthSpec("nm", 50, "signed", 200))


@pytest.mark.parametrize("patch", [[1, 64, 64], [32, 64, 64]])
def test_slices_have_vectors_and_tensors_of_the_plane(patch):
    names = {"normals": (2, 3), "structure_tensor": (3, 6), "shape_descriptors": (6, 10), "nearest": (3, 4)}
    heads = {name: {"target": name, "losses": ["mse"]} for name in names}
    config = RunConfig(heads=heads, data={"patch_size": patch})
    assert [head.channels for head in plan_heads(config)] == [
        flat if patch[0] == 1 else deep for flat, deep in names.values()
    ]


def test_a_recipe_may_ask_for_vectors_of_the_plane_in_patches_of_many_sections():
    [head] = plan_heads(configure(out={"target": {"name": "normals", "dimensions": 2}}))
    assert head.channels == 2


@pytest.mark.parametrize("kind", sorted(TABLES["target"]))
def test_every_target_suggests_losses_and_decoders_that_there_are(kind):
    options = {"classes": {"classes": 3}}.get(kind, {})
    config = RunConfig(heads={"one": {"target": {"name": kind, **options}}})
    made = load_named("target", kind)
    assert [loss.name for loss in config.heads["one"].losses] == list(made.losses)
    assert [step.name for step in config.decoding] == list(made.decoding or ["threshold"])
    assert all(check_component("loss", loss) == [] for loss in config.heads["one"].losses)
    assert all(check_component("decoding", step) == [] for step in config.decoding)


def test_what_a_recipe_says_of_losses_and_decoding_stands():
    config = RunConfig(heads={"one": {"target": "affinities", "losses": ["focal"]}}, decoding=["mutex_watershed"])
    assert [loss.name for loss in config.heads["one"].losses] == ["focal"]
    assert [step.name for step in config.decoding] == ["mutex_watershed"]


def test_the_decoding_is_that_of_the_first_head_that_has_one():
    config = RunConfig(
        heads={"out": {"target": "normals"}, "deep": {"target": "distance"}, "mask": {"target": "binary"}}
    )
    assert [step.name for step in config.decoding] == ["distance_mask"]


def test_an_unknown_target_is_named_and_not_its_losses(tmp_path):
    (tmp_path / "mine.yaml").write_text("heads: {one: {target: binry}}")
    with pytest.raises(ConfigError) as caught:
        read_recipe(tmp_path / "mine.yaml")
    assert "heads.one.target: no target is called 'binry'; did you mean 'binary'?" in str(caught.value)
    assert "losses" not in str(caught.value)

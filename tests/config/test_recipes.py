import pytest
import yaml

from volumen.config import LayersSection, copy_recipe, files, list_recipes, read_config, read_recipe, write_config
from volumen.errors import ConfigError, ExistsError, MissingError, ShapeError

RECIPE = """
extends: default
heads: {surface: {target: binary, losses: [dice]}}
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(RECIPE)
    return path


@pytest.mark.parametrize("name", sorted(set(list_recipes()) - {"default"}))
def test_packaged_recipes_check_and_say_what_they_are(name):
    assert list_recipes()[name].endswith(".") or ":" in list_recipes()[name]
    config = read_recipe(name)
    assert config.heads


def test_the_scroll_recipe_has_the_figures_of_the_system_it_replaces():
    config = read_recipe("scroll-surface")
    assert config.data.patch_size == (128, 128, 128)
    assert config.data.ignore == 2
    assert [(loss.name, loss.weight) for loss in config.heads["surface"].losses] == [
        ("dice", 0.4),
        ("focal", 0.2),
        ("variance", 0.2),
    ]
    assert config.optimizer.options == {"lr": 1e-4}
    assert (config.training.max_epochs, config.training.patience) == (300, 50)


def test_no_label_is_ignored_unless_a_recipe_says_so(recipe):
    assert read_recipe(recipe).data.ignore is None


def test_overrides_lie_over_the_file_and_numbers_are_numbers(recipe):
    config = read_recipe(recipe, ["optimizer.lr=3e-3", "data.patch_size=64", "logger=csv", "training.devices=2"])
    assert config.optimizer.options == {"lr": 3e-3}
    assert config.data.patch_size == (64, 64, 64)
    assert config.training.devices == 2


def test_every_fault_is_named_at_once_with_source_path_and_nearest_name(recipe):
    recipe.write_text(RECIPE + "data: {pach_size: 3, batch_size: -1}\n")
    with pytest.raises(ConfigError) as caught:
        read_recipe(recipe, ["training.precison=16", "optimizer=adam"])
    message = str(caught.value)
    assert "3 faults" in message
    assert f"{recipe}: data.pach_size: no such key; did you mean 'patch_size'?" in message
    assert f"{recipe}: data.batch_size: should be greater than or equal to 1; got -1" in message
    assert "override 'training.precison=16': training.precison: no such key; did you mean 'precision'?" in message


def test_components_are_checked_against_the_signature_of_what_they_name(recipe):
    with pytest.raises(ConfigError) as caught:
        read_recipe(
            recipe, ["network.featuers=8", "heads.surface.losses=[dise]", "schedule={name: warm_restarts, t_0: x}"]
        )
    message = str(caught.value)
    assert "network: network 'unet' has no option 'featuers'; did you mean 'features'?" in message
    assert "heads.surface.losses.0: no loss is called 'dise'; did you mean 'dice'?" in message
    assert "schedule: schedule 'warm_restarts', option 't_0'" in message


def test_arguments_that_the_program_supplies_cannot_be_set(recipe):
    with pytest.raises(ConfigError, match="no option 'channels'"):
        read_recipe(recipe, ["network.channels=3"])


def test_a_recipe_without_heads_says_so():
    with pytest.raises(ConfigError, match="heads: needed and not given"):
        read_recipe("default")


def test_what_is_written_is_resolved_and_reads_back_equal(tmp_path, recipe):
    config = read_recipe(recipe, ["optimizer.lr=1e-5"])
    write_config(config, tmp_path / files.CONFIG)
    assert read_config(tmp_path / files.CONFIG) == config
    assert yaml.safe_load((tmp_path / files.CONFIG).read_text())["data"]["folds"] == 5


def test_a_recipe_extends_its_neighbour_or_a_packaged_one(tmp_path, recipe):
    child = tmp_path / "child.yaml"
    child.write_text("extends: mine.yaml\noptimizer: {lr: 0.5}\n")
    assert read_recipe(child).optimizer.options == {"lr": 0.5}
    child.write_text("extends: child.yaml\n")
    with pytest.raises(ConfigError, match="extends itself"):
        read_recipe(child)


def test_an_unknown_recipe_names_the_nearest():
    with pytest.raises(MissingError, match="did you mean 'scroll-surface'"):
        read_recipe("scroll-surfase")


def test_a_copied_recipe_is_never_written_over(tmp_path):
    path = copy_recipe("scroll-surface", tmp_path)
    assert path.read_text().startswith("# Surfaces")
    with pytest.raises(ExistsError, match="is there already"):
        copy_recipe("scroll-surface", tmp_path)


def test_layers_and_a_network_that_projects_go_together(recipe):
    with pytest.raises(ConfigError, match=r"labels are one where data.layers is set"):
        read_recipe(recipe, ["network={name: unet, project: max}"])
    with pytest.raises(ConfigError, match=r"set network.project to max, mean or attention"):
        read_recipe(recipe, ["data.layers={jitter: 4}"])
    both = ["network={name: unet, project: max}", "data.layers={jitter: 4}"]
    assert read_recipe(recipe, both).data.label_size == (1, 128, 128)
    with pytest.raises(ConfigError, match="several along z"):
        read_recipe(recipe, [*both, "data.patch_size=[1, 128, 128]"])
    with pytest.raises(ConfigError, match=r"takes surface volumes as they are"):
        read_recipe(recipe, [*both, "data.voxel_size=[8, 8, 8]"])


def test_a_window_lies_round_its_centre_inside_the_volume():
    assert LayersSection().find_start(65, 21) == 22
    assert LayersSection(centre=30).find_start(65, 21, shift=4) == 24
    assert LayersSection(centre=2).find_start(65, 21) == 0
    assert LayersSection(centre=64).find_start(65, 21) == 44
    with pytest.raises(ShapeError, match="centre is 65, in a volume of 65 layers"):
        LayersSection(centre=65).find_start(65, 21)

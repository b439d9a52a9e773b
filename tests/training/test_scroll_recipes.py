"""The packaged recipes for ink and fibres on phantoms, at test widths: one step, predicted, decoded, scored."""

import numpy as np
import pytest

from volumen import api
from volumen.config import read_recipe
from volumen.data import write_phantoms
from volumen.training import RunOptions
from volumen.volumes import open_volume

NARROW = ["data.num_workers=0", "data.batch_size=1", "network.features=4", "training.precision=32-true"]
RECIPES = {
    "scroll-ink": ("ink", "images/ink_000", "labels/ink_000_ink.tif", (21, 16, 16), (1, 32, 32)),
    "scroll-fibres": ("fibres", "images/fibres_000.tif", "labels/fibres_000_fibres.tif", (16, 16, 16), (32, 32, 32)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_a_step_predicts_decodes_and_is_scored(name, tmp_path):
    kind, image, truth, patch, shape = RECIPES[name]
    write_phantoms(kind, tmp_path / "data", cases=2, size=32, seed=0)
    tile = f"{list(patch)}"
    overrides = [*NARROW, "network.depth=2", "data.folds=2", f"data.patch_size={tile}", f"prediction.tile={tile}"]
    config = read_recipe(name, [*overrides, f"data.root={tmp_path / 'data'}"])
    api.train(config, out=tmp_path / "run", options=RunOptions(fast=True))
    (result,) = api.predict([tmp_path / "run/fold_0/model"], tmp_path / "data" / image, tmp_path / "out")
    assert open_volume(result.target).shape == shape
    scores = api.evaluate(result.target, tmp_path / "data" / truth, metrics=["dice"])
    assert np.isfinite(scores.means["dice"])

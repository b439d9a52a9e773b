import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from volumen.decoding import AffinityComponents, HeadMap
from volumen.errors import ModelError, OutputError, ShapeError, UnknownNameError
from volumen.heads import AffinitySpec, HeadSpec
from volumen.inference import Tiling, load_model, save_model
from volumen.inference.model_files import hash_file

CONFIG = {
    "data": {"patch_size": 16},
    "network": {"name": "unet", "features": 4, "depth": 2, "normalisation": "instance"},
    "prediction": {"overlap": 4},
}


@pytest.fixture
def folder(model_folders, tmp_path):
    return shutil.copytree(model_folders[0], tmp_path / "model")


def change_document(folder, **changes):
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_weights(folder, change):
    """Writes other weights with a hash that fits them."""
    path = folder / "weights.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path)
    change_document(folder, weights={"sha256": hash_file(path), "tensors": len(weights)})


def test_a_model_comes_back_as_it_was_saved(model, model_folders):
    again = load_model(str(model_folders[0]), device="cpu")

    assert again.heads == model.heads
    assert again.training == {"epoch": 3, "score": 0.5}
    assert not again.network.training
    for name, tensor in model.network.state_dict().items():
        assert torch.equal(tensor, again.network.state_dict()[name])


def test_loading_leaves_the_random_stream_alone(model_folders):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load_model(model_folders[0], device="cpu")

    assert torch.equal(torch.rand(3), expected)


def test_a_model_pickles_as_its_folder(model):
    again = pickle.loads(pickle.dumps(model))

    assert again.weights_hash == model.weights_hash
    assert len(pickle.dumps(model)) < 2000


def test_saving_over_a_model_replaces_it_and_leaves_nothing_beside_it(model, folder):
    save_model(folder, model.network, config=model.config, heads=model.heads, channels=1, training={"epoch": 9})

    assert load_model(folder, device="cpu").training == {"epoch": 9}
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model"]
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "weights.safetensors"]


def test_a_place_that_cannot_be_written_is_said(model, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="could not be written"):
        save_model(tmp_path / "file" / "model", model.network, config=model.config, heads=model.heads, channels=1)


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(ModelError, match="no model at"):
        load_model(tmp_path / "nothing")


def test_the_folder_of_a_run_is_answered_with_the_models_in_it(model_folders):
    with pytest.raises(ModelError, match=r"did you mean .*fold_0/model"):
        load_model(model_folders[0].parent.parent)


def test_a_folder_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("a")

    with pytest.raises(ModelError, match=r"no model\.json"):
        load_model(tmp_path)


class Bomb:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code from a checkpoint ran')",))


def test_a_checkpoint_is_no_model_and_the_folder_with_its_weights_is_named(tmp_path):
    (tmp_path / "model_epoch_0003").mkdir()
    (tmp_path / "model_epoch_0003/model.json").touch()
    for name, hint in (("epoch_0003", "did you mean .*model_epoch_0003?"), ("epoch_0004", "a model folder holds")):
        with pytest.raises(ModelError, match=hint):
            load_model(tmp_path / f"checkpoints/{name}.ckpt")


@pytest.mark.parametrize("name", ["a.pth", "a.ckpt", "a.pt", "a.pkl"])
def test_a_pickle_is_refused_unread(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(ModelError, match="can run code"):
        load_model(tmp_path / name)


def test_a_pickle_in_the_place_of_weights_is_refused_unread(folder):
    weights = folder / "weights.safetensors"
    weights.write_bytes(pickle.dumps(Bomb()))
    change_document(folder, weights={"sha256": hash_file(weights), "tensors": 1})

    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder)


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_truncated_weights_are_refused(folder, keep):
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])

    with pytest.raises(ModelError, match="damaged"):
        load_model(folder)


def test_one_flipped_bit_is_found(folder):
    weights = folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)

    with pytest.raises(ModelError, match="damaged"):
        load_model(folder)


def test_missing_weights_are_said(folder):
    (folder / "weights.safetensors").unlink()

    with pytest.raises(ModelError, match="is missing"):
        load_model(folder)


def test_tensors_that_do_not_fit_the_network_are_named(folder):
    def spoil(weights):
        names = sorted(weights)
        weights[names[0]] = weights[names[0]][:1].repeat(3, *[1] * (weights[names[0]].ndim - 1)).contiguous()
        weights["stranger"] = weights.pop(names[1])

    change_weights(folder, spoil)

    with pytest.raises(ModelError, match=r"is missing, stranger is not part of it, .* is "):
        load_model(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 99}, "install a newer volumen"),
        ({"format": "other"}, "not a model of volumen"),
        ({"config": {"heads": {}}}, "cannot be built"),
        ({"heads": [{"nome": "a"}]}, "cannot be built"),
        ({"channels": "three"}, "cannot be built"),
        ({"weights": None}, "cannot be read"),
    ],
)
def test_a_document_that_says_something_else_is_refused(folder, changes, message):
    change_document(folder, **changes)

    with pytest.raises(ModelError, match=message):
        load_model(folder)


def test_a_document_cut_short_is_refused(folder):
    path = folder / "model.json"
    path.write_text(path.read_text()[:200])

    with pytest.raises(ModelError, match="JSON"):
        load_model(folder)


def test_probabilities_lie_between_0_and_1_and_have_the_arrays_shape(model, image):
    probabilities = model.predict_probabilities(image)

    assert probabilities["surface"].shape == image.shape
    assert 0 <= probabilities["surface"].min() < probabilities["surface"].max() <= 1


def test_labels_are_the_probabilities_decoded_by_the_recipe(model, image):
    labels = model.predict(image)

    np.testing.assert_array_equal(labels, model.predict_probabilities(image)["surface"] >= 0.5)


def test_arrays_smaller_than_a_tile_are_predicted(model, image):
    assert model.predict(image[:3, :5, :7]).shape == (3, 5, 7)


def test_images_with_other_channels_and_heads_that_are_not_there_are_refused(model, image):
    with pytest.raises(ShapeError, match="1 channels"):
        model.predict(np.stack([image, image]))
    with pytest.raises(UnknownNameError, match="surface"):
        model.predict(image, head="surfaces")


def test_a_model_of_the_first_format_whose_heads_say_less_is_read(folder):
    heads = [{"name": "surface", "channels": 1, "activation": "sigmoid", "target": "binary"}]
    change_document(folder, version=1, heads=heads)
    assert load_model(folder, device="cpu").heads[0].lengths is None


def test_a_model_of_affinities_carries_its_offsets_and_decodes_by_them(write_model, tmp_path, image):
    affinities = AffinitySpec(((1, 0, 0), (0, 1, 0), (0, 0, 1)), "end")
    heads = (HeadSpec("near", 3, "sigmoid", "affinities", affinities=affinities),)
    config = {**CONFIG, "heads": {"near": {"target": "affinities"}}}
    model = load_model(write_model(tmp_path / "model", 0, config=config, heads=heads), device="cpu")
    assert model.heads == heads
    assert [step.name for step in model.config.decoding] == ["affinity_components"]
    labels = model.predict(image, tiling=Tiling(batch=1))
    near = model.predict_probabilities(image, tiling=Tiling(batch=1))["near"]
    expected = AffinityComponents()({"head": HeadMap(near, heads[0])})
    assert np.array_equal(labels, expected)

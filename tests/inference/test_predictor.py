import json
from dataclasses import replace

import numpy as np
import pytest

from volumen.errors import (
    ConfigError,
    DataError,
    ExistsError,
    MemoryBudgetError,
    MissingError,
    ModelError,
    OutputError,
    ShapeError,
)
from volumen.geometry import Box
from volumen.heads import HeadSpec
from volumen.inference import (
    Compute,
    Tiling,
    activate_logits,
    average_predictions,
    load_model,
    open_prediction,
    predict_array,
    predict_volume,
)
from volumen.inference.plan import fit_intensity
from volumen.volumes import create_volume

TILING = Tiling(batch=1)


def forward_head(model):
    return lambda image: model.network(image)["surface"][0]


@pytest.mark.parametrize("region", [None, (16, 32)])
def test_a_volume_in_regions_equals_the_array_in_one_to_the_last_bit(model, source, image, tmp_path, region):
    prediction = predict_volume([model], source, tmp_path / "p.zarr", tiling=TILING, compute=Compute(region=region))

    normalised = fit_intensity(model, image).apply(image)
    logits = predict_array(forward_head(model), normalised, tile=16, overlap=4)
    expected = activate_logits(logits[None], "sigmoid")[0]
    assert prediction.read().tobytes() == expected.tobytes()
    assert model.predict_probabilities(image)["surface"].tobytes() == expected.tobytes()


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
@pytest.mark.parametrize("batch", [1, 3])
def test_whatever_the_batch_and_layout_regions_do_not_change_a_bit(model, source, tmp_path, layout, batch):
    tiling = Tiling(batch=batch)
    whole = predict_volume([model], source, tmp_path / "a.zarr", tiling=tiling, compute=Compute(layout=layout))
    compute = Compute(layout=layout, region=(16, 16))
    parts = predict_volume([model], source, tmp_path / "b.zarr", tiling=tiling, compute=compute)

    assert whole.read().tobytes() == parts.read().tobytes()


def test_a_region_of_interest_has_the_numbers_of_the_whole(model, source, tmp_path):
    roi = Box((5, 3, 10), (27, 33, 29))
    whole = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING)
    part = predict_volume(
        [model], source, tmp_path / "b.zarr", tiling=TILING, roi=roi, compute=Compute(region=(16, 16))
    )

    assert part.shape == roi.shape
    assert part.roi == roi
    assert part.read().tobytes() == whole.read(box=roi).tobytes()


def test_several_heads_are_kept_side_by_side(write_model, source, image, tmp_path):
    heads = (HeadSpec("surface", 1, "sigmoid"), HeadSpec("kind", 3, "softmax"), HeadSpec("depth", 1))
    model = load_model(write_model(tmp_path / "model", 0, heads=heads), device="cpu")

    prediction = predict_volume([model], source, tmp_path / "p.zarr", tiling=TILING, compute=Compute(region=(16, 16)))
    whole = model.predict_probabilities(image)

    assert prediction.open_head("kind").channels == 3
    for head in heads:
        assert prediction.read(head.name).tobytes() == whole[head.name].tobytes()
    np.testing.assert_allclose(whole["kind"].sum(axis=0), 1, rtol=1e-5)
    with pytest.raises(ConfigError, match="depth has no activation"):
        predict_volume([model], source, tmp_path / "q.zarr", compute=Compute(stored="uint8"))


def test_several_models_give_the_average_of_their_predictions(models, source, tmp_path):
    together = predict_volume(models, source, tmp_path / "both.zarr", tiling=TILING)
    alone = [
        predict_volume([model], source, tmp_path / f"{number}.zarr", tiling=TILING)
        for number, model in enumerate(models)
    ]
    averaged = average_predictions(alone, tmp_path / "mean.zarr")

    assert together.read().tobytes() == averaged.read().tobytes()
    assert averaged.models == together.models
    np.testing.assert_allclose(averaged.read(), (alone[0].read() + alone[1].read()) / 2, rtol=1e-6)


def test_weights_shift_the_average(models, source, tmp_path):
    paths = [tmp_path / "0.zarr", tmp_path / "1.zarr"]
    first, second = (
        predict_volume([model], source, path, tiling=TILING).read() for model, path in zip(models, paths, strict=True)
    )

    averaged = average_predictions(paths, tmp_path / "mean.zarr", weights=[3, 1])

    np.testing.assert_allclose(averaged.read(), (3 * first + second) / 4, rtol=1e-6)
    with pytest.raises(ConfigError, match="2 weights"):
        average_predictions(paths, tmp_path / "mean2.zarr", weights=[1])


def test_predictions_of_other_parts_are_not_averaged(model, source, tmp_path):
    whole = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING)
    part = predict_volume([model], source, tmp_path / "b.zarr", tiling=TILING, roi=Box((0, 0, 0), (8, 8, 8)))

    with pytest.raises(DataError, match="different shape"):
        average_predictions([whole, part], tmp_path / "mean.zarr")


def test_a_prediction_tells_how_it_was_made(model, source, tmp_path):
    predict_volume([model], source, tmp_path / "p.zarr", tiling=TILING, compute=Compute(region=(16, 16)))

    prediction = open_prediction(tmp_path / "p.zarr")
    plan = prediction.attributes["plan"]

    assert prediction.heads == model.heads
    assert prediction.models == (str(model.folder),)
    assert plan["weights"] == [model.weights_hash]
    assert plan["tile"] == [16, 16, 16]
    assert plan["overlap"] == [4, 4, 4]
    assert plan["execution"]["batch"] == 1
    assert plan["region"] == [16, 16]


@pytest.mark.parametrize(("stored", "tolerance"), [("uint8", 0.5 / 255 + 1e-6), ("float16", 1e-3)])
def test_numbers_can_be_kept_in_fewer_bytes(model, source, tmp_path, stored, tolerance):
    exact = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING).read()
    short = predict_volume([model], source, tmp_path / "b.zarr", tiling=TILING, compute=Compute(stored=stored))

    assert short.open_head().dtype == stored
    np.testing.assert_allclose(short.read(), exact, atol=tolerance)


def test_asking_again_computes_nothing_and_another_plan_is_refused(model, source, tmp_path):
    tiles = []
    for _ in range(2):
        predict_volume(
            [model],
            source,
            tmp_path / "p.zarr",
            tiling=TILING,
            progress=lambda done, total: tiles.append((done, total)),
        )
    count = len(tiles) - 2  # each run ends by saying that all are done

    assert count == tiles[-1][0]
    assert tiles[-1] == (count, count)
    with pytest.raises(ConfigError, match=r"overlap was \[4, 4, 4\] and is \[8, 8, 8\]"):
        predict_volume([model], source, tmp_path / "p.zarr", tiling=replace(TILING, overlap=8))


def test_an_interrupted_prediction_goes_on_where_it_was(model, source, tmp_path):
    compute = Compute(region=(16, 16))
    whole = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING, compute=compute).read()
    done = []

    def interrupt(tiles, total):
        if tiles > total / 2 and not done:
            done.append(tiles)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_volume([model], source, tmp_path / "b.zarr", tiling=TILING, compute=compute, progress=interrupt)
    with pytest.raises(DataError, match="not finished"):
        open_prediction(tmp_path / "b.zarr")
    later = []
    again = predict_volume(
        [model], source, tmp_path / "b.zarr", tiling=TILING, progress=lambda tiles, total: later.append(tiles)
    )

    assert again.read().tobytes() == whole.tobytes()
    assert later[0] > 1


def test_an_intensity_range_by_hand_takes_the_place_of_the_measured_one(model, source, image, tmp_path):
    measured = fit_intensity(model, image)
    by_hand = predict_volume(
        [model], source, tmp_path / "a.zarr", tiling=TILING, intensity=(float(measured.low), float(measured.high))
    )
    other = predict_volume([model], source, tmp_path / "b.zarr", tiling=TILING, intensity=(0, 100))

    whole = predict_volume([model], source, tmp_path / "c.zarr", tiling=TILING)
    np.testing.assert_allclose(by_hand.read(), whole.read(), atol=1e-5)
    assert np.abs(other.read() - whole.read()).max() > 1e-3


def test_a_constant_volume_is_predicted_with_a_warning(model, tmp_path, caplog):
    volume = create_volume(tmp_path / "c.zarr", shape=(8, 8, 8), dtype=np.uint8, chunks=(8, 8, 8))

    prediction = predict_volume([model], volume, tmp_path / "p.zarr")

    assert np.isfinite(prediction.read()).all()
    assert "same value" in caplog.text


def test_a_voxel_that_is_not_a_number_is_an_error_and_nothing_is_left(model, tmp_path):
    volume = create_volume(tmp_path / "n.zarr", shape=(8, 8, 8), dtype=np.float32, chunks=(8, 8, 8))
    volume.write(Box((0, 0, 0), (1, 1, 1)), np.full((1, 1, 1), np.nan, np.float32))

    with pytest.raises(DataError, match="NaN"):
        predict_volume([model], volume, tmp_path / "p.zarr")
    with pytest.raises(DataError, match="NaN"):
        model.predict(volume.read())
    assert not (tmp_path / "p.zarr").exists()
    with pytest.raises(DataError, match="NaN"):
        predict_volume([model], volume, tmp_path / "p.zarr", intensity=(0, 1))


def test_foreign_output_is_left_alone(model, source, tmp_path):
    (tmp_path / "p.zarr").mkdir()
    (tmp_path / "p.zarr" / "thesis.txt").write_text("years of work")

    with pytest.raises(ExistsError, match="no prediction to go on with"):
        predict_volume([model], source, tmp_path / "p.zarr")
    assert (tmp_path / "p.zarr" / "thesis.txt").read_text() == "years of work"


def test_what_is_no_prediction_is_refused(source, tmp_path):
    with pytest.raises(MissingError, match="no prediction"):
        open_prediction(tmp_path / "nothing.zarr")
    with pytest.raises(DataError, match="not a prediction"):
        open_prediction(tmp_path / "image.zarr")


def test_a_prediction_of_another_format_version_is_refused(model, source, tmp_path):
    predict_volume([model], source, tmp_path / "p.zarr", tiling=TILING)
    path = tmp_path / "p.zarr" / "zarr.json"
    document = json.loads(path.read_text())
    document["attributes"]["volumen"]["version"] = 99
    path.write_text(json.dumps(document))

    with pytest.raises(DataError, match="volumen-prediction 99"):
        open_prediction(tmp_path / "p.zarr")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"tiling": Tiling(tile=(16, 16, 18))}, ShapeError, "multiples of"),
        ({"tiling": Tiling(overlap=16)}, ShapeError, "below the tile"),
        ({"tiling": Tiling(batch=0)}, ConfigError, "at least one tile"),
        ({"roi": Box((0, 0, 0), (29, 8, 8))}, ShapeError, "region of interest"),
        ({"roi": Box((4, 4, 4), (4, 8, 8))}, ShapeError, "region of interest"),
        ({"compute": Compute(precision="fp16")}, ConfigError, "needs a GPU"),
        ({"compute": Compute(region=(100, 64))}, ShapeError, "multiples of"),
        ({"compute": Compute(memory="plenty")}, ConfigError, "800M or 4G"),
        ({"intensity": (3, 3)}, ConfigError, "low < high"),
    ],
)
def test_knobs_that_do_not_fit_are_refused_before_anything_is_written(model, source, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        predict_volume([model], source, tmp_path / "p.zarr", **options)
    assert not (tmp_path / "p.zarr").exists()


def test_a_prediction_needs_a_model_and_a_zarr_path(model, source, tmp_path):
    with pytest.raises(ModelError, match="no model"):
        predict_volume([], source, tmp_path / "p.zarr")
    with pytest.raises(ConfigError, match=r"ends in \.zarr"):
        predict_volume([model], source, tmp_path / "p.tif")


def test_a_memory_budget_is_kept_to_or_refused_before_anything_is_written(model, source, tmp_path):
    enough = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING, compute=Compute(memory="8G"))

    assert enough.attributes["plan"]["region"] == [64, 64]
    with pytest.raises(MemoryBudgetError, match="raise --memory"):
        predict_volume([model], source, tmp_path / "b.zarr", tiling=TILING, compute=Compute(memory="50M"))
    assert not (tmp_path / "b.zarr").exists()


def test_an_average_is_not_gone_on_with_as_if_it_had_tiles(model, source, tmp_path):
    single = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING)
    average_predictions([single], tmp_path / "mean.zarr")

    with pytest.raises(ConfigError, match="average of predictions"):
        predict_volume([model], source, tmp_path / "mean.zarr", tiling=TILING)
    with pytest.raises(ConfigError, match="begun otherwise"):
        average_predictions([single], tmp_path / "a.zarr")


def test_half_precision_is_close_and_only_when_asked_for(model, source, tmp_path):
    exact = predict_volume([model], source, tmp_path / "a.zarr", tiling=TILING).read()
    rough = predict_volume([model], source, tmp_path / "b.zarr", tiling=TILING, compute=Compute(precision="bf16"))

    assert 0 < np.abs(rough.read() - exact).max() < 0.05


def test_a_place_that_cannot_be_written_is_said(model, source, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(OutputError, match="cannot be written"):
        predict_volume([model], source, tmp_path / "file" / "p.zarr", tiling=TILING)

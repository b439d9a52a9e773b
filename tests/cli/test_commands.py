import json
import pickle
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile

from volumen.volumes import open_volume

NNUNET = Path(__file__).parents[1] / "data" / "nnunet"
SMALL = ["data.patch_size=16", "data.folds=3", "network.features=2", "network.depth=2"]


@pytest.fixture
def images(walk):
    return walk / "data" / "train_images"


@pytest.fixture
def image(images):
    return images / "scroll_000.tif"


def test_recipes_are_listed_shown_copied_and_checked(volumen, tmp_path):
    assert "scroll-surface" in volumen("recipes", "list").out
    assert "lr: 0.003" in volumen("recipes", "show", "scroll-demo").out
    assert volumen("recipes", "copy", "scroll-demo", tmp_path / "mine.yaml").code == 0
    assert "right" in volumen("recipes", "check", tmp_path / "mine.yaml", "optimizer.lr=1e-4").out
    said = volumen("recipes", "check", tmp_path / "mine.yaml", "optimizer.lr=x", "data.patchsize=1")
    assert said.code == 2
    assert "data.patchsize: no such key; did you mean 'patch_size'?" in said.err


def test_a_data_set_is_planned_and_the_plan_trains_as_it_is(volumen, walk, tmp_path, monkeypatch):
    monkeypatch.setattr("volumen.networks.timing.ENOUGH_SECONDS", 0.0)
    planned = tmp_path / "planned.yaml"
    said = volumen("plan", walk / "data", "--size", "L", "--write", planned)
    assert said.code == 0, said.err
    for line in (
        "3 cases",
        "24 × 24 × 24",
        "ignored (",
        "3: 2 to learn from, 1 held out",
        "patch 24×24×24, divisor 4×4×4",
        "training in all",
        "name: planned_unet",
    ):
        assert line in said.out
    small = ["network.features=2", "network.block=plain", "data.num_workers=0", "data.batch_size=1"]
    said = volumen("train", planned, *small, "--data", walk / "data", "--out", tmp_path / "run", "--fast")
    assert said.code == 0, said.err
    said = volumen("plan", walk / "data", "--write", planned)
    assert said.code == 2
    assert "is there already" in said.err


def test_a_recipe_is_held_against_the_data(volumen, walk, image):
    said = volumen(
        "plan", walk / "data", *SMALL, "--recipe", "scroll-demo", "--predict", image, "--tile", "24", "--json"
    )
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["can_train"]
    assert told["prediction"]["tiles"] == 1
    assert told["training"]["memory"]["training"] > 0
    said = volumen(
        "plan", walk / "data", *SMALL, "--recipe", "scroll-demo", "heads.surface.label=nothing", "data.folds=9"
    )
    assert said.code == 2
    assert "error: head 'surface' asks for the label 'nothing', which no case has" in said.out
    assert "error: 9 folds need 9 cases or more; there are 3" in said.out
    assert said.err == ""


def test_training_is_profiled(volumen, walk):
    profiled = ("data", "profile", "scroll-demo", *SMALL, "--data", walk / "data", "--steps", "2")
    said = volumen(*profiled)
    assert said.code == 0, said.err
    assert re.search(r"reading +0\.\d{4}", said.out)
    assert re.search(r"the network is the limit|loading holds training back", said.out.splitlines()[-1])
    told = json.loads(volumen(*profiled, "data.num_workers=0", "--json").out)
    assert told["loops"][0]["workers"] == 0
    assert told["verdict"]
    assert {path.name for path in walk.iterdir()} == {"data", "run"}


def test_a_model_of_nnunet_is_imported_and_predicts(volumen, image, tmp_path):
    said = volumen("import", "nnunet", NNUNET / "residual", tmp_path / "models")
    assert said.code == 0, said.err
    assert said.out.split() == [str(tmp_path / "models/fold_0/model")]
    said = volumen("predict", tmp_path / "models/fold_0/model", image, tmp_path / "labels.tif")
    assert said.code == 0, said.err
    assert open_volume(tmp_path / "labels.tif").read().max() <= 2


def test_a_run_leaves_the_files_that_the_design_names(walk):
    run = walk / "run"
    for name in ("config.yaml", "folds.json", "summary.json", "report.html"):
        assert (run / name).is_file(), name
    for name in (
        "config.yaml",
        "metrics.csv",
        "report.html",
        "train.log",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "model/model.json",
    ):
        assert (run / "fold_0" / name).is_file(), name
    assert len(json.loads((run / "summary.json").read_text())["folds"]) == 1


def test_a_run_that_is_there_is_not_written_over(volumen, walk):
    said = volumen("train", "scroll-demo", "--data", walk / "data", "--out", walk / "run", "--fast", *SMALL)
    assert said.code == 2
    assert "--resume" in said.err


def test_a_folder_is_predicted_scored_and_reported(volumen, walk, model, images, tmp_path):
    said = volumen("predict", model, images, tmp_path / "masks", "--min-size", "1")
    assert said.code == 0, said.err
    assert "3 of 3 volumes done" in said.out
    mask = open_volume(tmp_path / "masks" / "scroll_000.tif").read()
    shown = open_volume(tmp_path / "masks" / "scroll_000_visualization.tif").read()
    np.testing.assert_array_equal(mask * 255, shown)
    said = volumen("evaluate", tmp_path / "masks", walk / "data" / "train_labels", "--metric", "dice,voi", "--json")
    scores = json.loads(said.out)
    assert set(scores["cases"]) == {"scroll_000", "scroll_001", "scroll_002"}
    assert set(scores["means"]) == {"dice", "voi", "voi_split", "voi_merge"}
    assert set(scores["groups"]) == set()
    table = tmp_path / "scores.csv"
    compared = (tmp_path / "masks", walk / "data" / "train_labels")
    said = volumen("evaluate", *compared, "--group", r"_00(\d)", "--csv", table)
    assert "mean of 2" in said.out
    assert table.read_text().splitlines()[0].startswith("case,group,dice")
    assert [line.split(",")[:2] for line in table.read_text().splitlines()[1:4]] == [
        ["scroll_000", "0"],
        ["scroll_001", "1"],
        ["scroll_002", "2"],
    ]
    maps = tmp_path / "maps"
    said = volumen("evaluate", *compared, "surface_dice.tolerance=1", "--against", compared[0], "--errors", maps)
    assert re.search(r"surface_dice +\+0\.0000  \(\+0\.0000 to \+0\.0000\)  p = 1", said.out)
    assert {path.name for path in maps.iterdir()} >= {"scroll_000.tif", "scroll_000.png"}
    said = volumen("evaluate", *compared, "--errors", maps, "--json")
    assert said.code == 2
    assert "is there already" in said.err
    report = tmp_path / "report.html"
    said = volumen("report", walk / "run", "--out", report, "--image", images / "scroll_000.tif")
    assert said.code == 0, said.err
    assert report.read_text().startswith("<!doctype html>")


def test_a_bad_file_is_reported_the_rest_go_on_and_the_code_is_1(volumen, model, image, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(image, tmp_path / "in" / "good.tif")
    (tmp_path / "in" / "cut.tif").write_bytes(image.read_bytes()[:900])
    tifffile.imwrite(tmp_path / "in" / "nan.tif", np.full((20, 20, 20), np.nan, np.float32))
    tifffile.imwrite(tmp_path / "in" / "flat.tif", np.zeros((20, 20), np.uint8))
    said = volumen("predict", model, tmp_path / "in", tmp_path / "out")
    assert said.code == 1
    assert "cut.tif: failed" in said.out
    assert "nan.tif: failed" in said.out
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"good.tif", "good_visualization.tif"}
    assert not any(path.name.startswith((".", "cut", "nan")) for path in (tmp_path / "out").iterdir())


def test_probabilities_decode_to_the_labels_that_predict_gives(volumen, model, image, tmp_path):
    assert volumen("predict", model, image, tmp_path / "p.zarr").code == 0
    assert volumen("predict", model, image, tmp_path / "direct.tif").code == 0
    assert volumen("decode", tmp_path / "p.zarr", tmp_path / "decoded.tif").code == 0
    decoded, direct = (open_volume(tmp_path / name).read() for name in ("decoded.tif", "direct.tif"))
    np.testing.assert_array_equal(decoded, direct)
    assert volumen("report", tmp_path / "p.zarr", "--image", image).code == 0
    assert "How it was made" in (tmp_path / "p.html").read_text()
    said = volumen("decode", tmp_path / "p.zarr", tmp_path / "decoded.tif")
    assert (said.code, "is there already" in said.err) == (2, True)


def test_what_tuning_finds_decodes(volumen, walk, model, image, tmp_path):
    volumen("predict", model, image, tmp_path / "p.zarr")
    truth = walk / "data" / "train_labels" / "scroll_000.tif"
    values = ["threshold.value=0.3,0.6", "min_size.voxels=0,50"]
    said = volumen("tune", tmp_path / "p.zarr", truth, *values, "--trials", "4", "--out", tmp_path / "best.yaml")
    assert said.code == 0, said.err
    assert re.search(r"dice \d\.\d+ → \d\.\d+ on p, 0:12,0:24,0:24, \d trials", said.out)
    assert "held out" in (tmp_path / "best.yaml").read_text()
    said = volumen(
        "decode", tmp_path / "p.zarr", tmp_path / "t.tif", "--with", tmp_path / "best.yaml", "closing.radius=0"
    )
    assert said.code == 0, said.err
    assert "closing" in said.out
    said = volumen("tune", tmp_path / "p.zarr", truth, "--out", tmp_path / "best.yaml")
    assert (said.code, "is there already" in said.err) == (2, True)
    said = volumen("decode", tmp_path / "p.zarr", tmp_path / "u.tif", "--with", "treshold")
    assert (said.code, "did you mean 'threshold'" in said.err) == (2, True)


def test_probabilities_are_kept_on_request(volumen, model, image, tmp_path):
    assert volumen("predict", model, image, tmp_path / "out", "--probabilities").code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"scroll_000.tif", "scroll_000_visualization.tif", "scroll_000.zarr"}


def test_an_ensemble_of_one_prediction_twice_is_that_prediction(volumen, model, image, tmp_path):
    volumen("predict", model, image, tmp_path / "p.zarr")
    said = volumen("ensemble", tmp_path / "p.zarr", tmp_path / "p.zarr", tmp_path / "mean.tif", "--weights", "1,3")
    assert said.code == 0, said.err
    volumen("decode", tmp_path / "p.zarr", tmp_path / "one.tif")
    mean, one = (open_volume(tmp_path / name).read() for name in ("mean.tif", "one.tif"))
    np.testing.assert_array_equal(mean, one)
    said = volumen("ensemble", tmp_path / "p.zarr", tmp_path / "other.zarr", "--weights", "1,x")
    assert (said.code, "as 1,3; got '1,x'" in said.err) == (2, True)
    said = volumen("ensemble", model, model, tmp_path / "models.tif", "--input", image)
    assert said.code == 0, said.err
    np.testing.assert_array_equal(open_volume(tmp_path / "models.tif").read(), one)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--device", "cuda:7"], "cuda"),
        (["--tile", "7"], "multiple"),
        (["--overlap", "1.5"], "overlap"),
        (["--threshold", "2"], "less than or equal to 1"),
        (["--head", "sruface"], "surface"),
        (["--roi", "0:99,0:9,0:9"], "region of interest"),
        (["--roi", "nonsense"], "z0:z1,y0:y1,x0:x1"),
        (["--intensity", "9,3"], "low < high"),
        (["--memory", "lots"], "4G"),
        (["--resume", "--overwrite"], "one of them"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_flag_of_predict_is_one_line_and_leaves_nothing(volumen, model, image, tmp_path, flags, message):
    said = volumen("predict", model, image, tmp_path / "out" / "labels.tif", *flags)
    assert said.code == 2, said
    assert message in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


class Harmful:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize("kind", ["missing", "pickle", "empty folder", "other folder", "truncated"])
def test_what_is_no_model_is_one_line_and_runs_no_code(volumen, model, image, tmp_path, kind):
    path = tmp_path / "model"
    if kind == "pickle":
        path = tmp_path / "model.pth"
        path.write_bytes(pickle.dumps(Harmful()))
    elif kind == "empty folder":
        path.mkdir()
    elif kind == "other folder":
        path = image.parent
    elif kind == "truncated":
        shutil.copytree(model, path)
        weights = path / "weights.safetensors"
        weights.write_bytes(weights.read_bytes()[:500])
    said = volumen("predict", path, image, tmp_path / "out")
    assert said.code == 2
    assert len(said.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_labels_that_a_target_has_never_heard_of_are_named(volumen, walk, tmp_path):
    shutil.copytree(walk / "data", tmp_path / "data")
    tifffile.imwrite(tmp_path / "data" / "train_labels" / "scroll_001.tif", np.full((24, 24, 24), -3, np.int16))
    said = volumen("train", "scroll-demo", "--data", tmp_path / "data", "--out", tmp_path / "run", "--fast", *SMALL)
    assert said.code in {1, 2}
    assert "scroll_001" in said.err


def test_images_without_labels_and_of_other_shapes_are_named_at_once(volumen, walk, tmp_path):
    shutil.copytree(walk / "data", tmp_path / "data")
    (tmp_path / "data" / "train_labels" / "scroll_000.tif").unlink()
    tifffile.imwrite(tmp_path / "data" / "train_labels" / "scroll_001.tif", np.zeros((24, 24, 20), np.uint8))
    said = volumen("train", "scroll-demo", "--data", tmp_path / "data", "--out", tmp_path / "run", "--fast", *SMALL)
    assert said.code == 2
    assert "scroll_000" in said.err
    assert "scroll_001" in said.err
    assert not (tmp_path / "run").exists()


def test_a_volume_is_inspected_for_people_and_for_programs(volumen, image):
    said = volumen("data", "inspect", image)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == str(image)
    told = {line[2:14].strip(): line[14:] for line in lines[1:13]}
    assert (told["format"], told["shape"]) == ("TIFF", "24 × 24 × 24 (z y x)")
    assert told["voxel size"] == "unknown"
    assert "in all voxels" in told["values"]
    assert said.out.count("█") > 16
    facts = json.loads(volumen("data", "inspect", image, "--json").out)
    assert (facts["shape"], facts["dtype"], sum(facts["values"]["counts"])) == ([24, 24, 24], "uint8", 24**3)
    said = volumen("data", "inspect", image.parent / "nothing.tif")
    assert (said.code, len(said.err.strip().splitlines())) == (2, 1)


def test_a_volume_is_converted_told_of_and_not_twice(volumen, image, tmp_path):
    copy = tmp_path / "x.ome.zarr"
    said = volumen("data", "convert", image, copy, "--levels", "2", "--crop", "0:20,0:24,2:24", "--range", "10,200")
    assert said.code == 0, said.err
    assert f"{copy}: 20 × 24 × 22 uint8, 2 levels, 10.6 kB" in said.out
    assert "MB/s" in said.out
    assert open_volume(f"{copy}@1").shape == (10, 12, 11)
    said = volumen("data", "convert", image, copy)
    assert (said.code, "--resume or --overwrite" in said.err) == (2, True)
    again = ["--levels", "2", "--crop", "0:20,0:24,2:24", "--range", "10,200", "--resume"]
    said = volumen("data", "convert", image, copy, *again)
    assert (said.code, "2 of 2 blocks were there already" in said.out) == (0, True)


def test_a_volume_is_predicted_by_two_workers_as_by_one(volumen, model, image, tmp_path):
    for name, flags in (("one", ["--threads", "1"]), ("two", ["--workers", "2", "--threads", "1"])):
        said = volumen("predict", model, image, tmp_path / f"{name}.zarr", "--batch", "1", *flags)
        assert said.code == 0, said.err
    one, two = (open_volume(tmp_path / f"{name}.zarr").read() for name in ("one", "two"))
    assert one.tobytes() == two.tobytes()

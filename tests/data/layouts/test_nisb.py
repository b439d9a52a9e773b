import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from public_data_sets import build_nisb

from volumen.config import Component
from volumen.data import NisbLayout, find_cases
from volumen.data.inspection import Faults
from volumen.data.labels import read_labels
from volumen.data.patches import PatchReader
from volumen.errors import MissingError
from volumen.geometry import Box


def test_a_bucket_is_read_where_it_lies_and_without_an_account():
    draft = NisbLayout().draft("s3://nisb/base", Faults("s3://nisb/base"))
    assert [case.name for case in draft.cases] == [*(f"train_seed{number}" for number in range(5)), "val_seed0"]
    assert draft.cases[0].image == (
        "s3://nisb/base/train/seed0/data.zarr/img?axes=xyzc&anonymous&endpoint=https://s3.nexus.mpcdf.mpg.de:443"
    )
    assert draft.folds[0].validation == ("val_seed0",)


def test_a_larger_setting_says_how_many_cubes_it_has():
    draft = NisbLayout(parts=("train",), seeds=100).draft("s3://nisb/train_100", Faults(""))
    assert len(draft.cases) == 100
    assert draft.folds is None


def test_the_expanded_tissue_has_finer_sections():
    assert tuple(NisbLayout().draft("s3://nisb/liconn", Faults("")).cases[0].voxel_size) == (12, 9, 9)
    sized = NisbLayout(voxel_size=(20, 9, 8)).draft("s3://nisb/liconn", Faults(""))
    assert tuple(sized.cases[0].voxel_size) == (20, 9, 8)


def test_another_bucket_is_read_with_ones_own_account():
    image = NisbLayout().draft("s3://mine/base", Faults("")).cases[0].image
    assert image == "s3://mine/base/train/seed0/data.zarr/img?axes=xyzc"


def test_the_test_cubes_are_used_only_when_they_are_asked_for(tmp_path, rng):
    build_nisb(tmp_path, rng)
    only = Component(name="nisb", options={"parts": ["test"]})
    assert [case.name for case in find_cases(tmp_path, layout=only)] == ["test_seed0"]


def test_a_folder_without_cubes_says_which_is_wanted(tmp_path):
    with pytest.raises(MissingError, match="folder of a setting"):
        find_cases(tmp_path, layout="nisb")


@pytest.fixture
def web(tmp_path):
    """The URL of a web server that shows the test's folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_): ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_cubes_behind_a_url_are_read_where_they_lie(web, tmp_path, rng):
    truths = build_nisb(tmp_path / "base", rng)
    cases = find_cases(f"{web}/base", layout=Component(name="nisb", options={"seeds": 2}))
    assert [case.name for case in cases] == list(truths)
    box = Box((1, 2, 3), (4, 8, 9))
    for case in cases:
        labels = read_labels(case, "neuron_ids", box, reader=PatchReader(0), ignore=2)
        assert np.array_equal(labels, truths[case.name].labels["neuron_ids"][box.slices])

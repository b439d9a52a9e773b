"""Volumes behind URLs, against servers on this machine."""

import http.server
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import boto3
import numpy as np
import pytest
import zarr
from contract import draw_array
from foreign import save_n5, save_ome_zarr, save_precomputed, save_sharded, save_zarr
from moto.server import ThreadedMotoServer

from volumen.errors import FormatError, MissingError, PlaceError
from volumen.geometry import Box
from volumen.volumes import count_missing, create_volume, credentials, open_volume, places, store
from volumen.volumes.places import RemotePlace
from volumen.volumes.spec import Options, parse_spec

BOX = Box((1, 2, 3), (6, 11, 9))


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 100  # a connection that is turned away comes again a second later


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files, and the last bytes of one where they are asked for, as web servers do."""

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        path, wanted = Path(self.translate_path(self.path)), self.headers.get("Range")
        if wanted is None or not path.is_file():
            super().do_GET()
            return
        content = path.read_bytes()
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else len(content) - int(last)
        stop = int(last) + 1 if first and last else len(content)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(content)}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        self.wfile.write(content[start:stop])


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The URL of a web server that shows `tmp_path`."""
    server = Server(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def amazon() -> Iterator[str]:
    """The URL of a server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(amazon: str, monkeypatch: pytest.MonkeyPatch) -> "Bucket":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", amazon)
    return Bucket(amazon)


class Bucket:
    def __init__(self, endpoint: str) -> None:
        self.client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        self.client.create_bucket(Bucket="scans")

    def upload(self, folder: Path, *, acl: str = "private") -> str:
        """The URL of what a folder holds."""
        for path in (path for path in folder.rglob("*") if path.is_file()):
            key = str(path.relative_to(folder.parent))
            self.client.put_object(Bucket="scans", Key=key, Body=path.read_bytes(), ACL=acl)
        return f"s3://scans/{folder.name}"


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(places, "_RETRIES", {"max_retries": 1, "initial_delay": "10ms", "max_delay": "10ms"})
    places._open_keys.cache_clear()
    store._share_context.cache_clear()


@pytest.mark.parametrize("save", [save_zarr, save_sharded, save_n5, save_ome_zarr], ids=lambda save: save.__name__)
def test_a_web_server_gives_the_voxels_that_the_disk_gives(save, web, tmp_path):
    array = draw_array()
    spec = save(tmp_path, array)
    volume = open_volume(spec.replace(str(tmp_path), web))
    assert (volume.voxel_size, volume.offset) == (open_volume(spec).voxel_size, open_volume(spec).offset)
    np.testing.assert_array_equal(volume.read(BOX), array[BOX.slices])
    np.testing.assert_array_equal(volume.read(), array)


def test_precomputed_volumes_are_found_with_and_without_their_prefix(web, tmp_path):
    save_precomputed(tmp_path, draw_array())
    for spec in (f"precomputed://{web}/x", f"{web}/x", f"precomputed://{web}/x@0"):
        np.testing.assert_array_equal(open_volume(spec).read(BOX), draw_array()[BOX.slices])


def test_a_url_that_went_through_pathlib_is_mended(web, tmp_path):
    save_zarr(tmp_path, draw_array())
    save_precomputed(tmp_path, draw_array())
    assert open_volume(Path(f"{web}/x.zarr")).shape == draw_array().shape
    assert open_volume(Path(f"precomputed://{web}/x")).shape == draw_array().shape


def test_a_level_behind_a_url(web, tmp_path):
    save_ome_zarr(tmp_path, draw_array(), levels=2)
    volume = open_volume(f"{web}/x.zarr@1")
    np.testing.assert_array_equal(volume.read(), draw_array()[::2, ::2, ::2])
    assert volume.describe().levels == (f"{web}/x.zarr@0", f"{web}/x.zarr@1")
    assert open_volume(f"{web}/x.zarr/1").voxel_size == volume.voxel_size


@pytest.mark.parametrize("name", ["x.tif", "x.h5:raw", "x.nii.gz", "x.npy"])
def test_a_single_file_behind_a_url_is_to_be_downloaded(name):
    with pytest.raises(FormatError, match="download it first"):
        open_volume(f"https://example.org/{name}")


def test_nothing_behind_a_url_is_missing(web):
    with pytest.raises(MissingError, match="no Zarr, N5 or precomputed volume is there"):
        open_volume(f"{web}/nothing")


def test_a_server_lists_nothing_so_that_arrays_must_be_named(web, tmp_path):
    create_volume(tmp_path / "x.zarr" / "image", shape=(2, 2, 2), dtype="uint8")
    with pytest.raises(FormatError, match="servers do not tell what is in one"):
        open_volume(f"{web}/x.zarr")
    assert count_missing(open_volume(f"{web}/x.zarr/image")) is None


@pytest.mark.parametrize("version", [2, 3])
def test_metadata_of_all_in_one_file_tell_what_a_group_holds(version, web, tmp_path):
    group = zarr.create_group(tmp_path / "x.zarr", zarr_format=version)
    group.create_array("image", data=draw_array())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr-python, that version 3 does not specify it
        zarr.consolidate_metadata(tmp_path / "x.zarr")
    np.testing.assert_array_equal(open_volume(f"{web}/x.zarr").read(), draw_array())


class Secretive(Handler):
    """Refuses what is not there, as buckets do that do not let their keys be listed."""

    def send_error(self, code: int, *more: object) -> None:
        super().send_error(403 if code == 404 else code, *more)


@pytest.mark.parametrize("save", [save_zarr, save_n5, save_ome_zarr, save_precomputed], ids=lambda save: save.__name__)
def test_a_server_that_hides_what_is_not_there_is_read(save, tmp_path):
    server = Server(("127.0.0.1", 0), partial(Secretive, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    spec = save(tmp_path, draw_array()).replace(str(tmp_path), f"http://127.0.0.1:{server.server_port}")
    np.testing.assert_array_equal(open_volume(spec).read(), draw_array())
    with pytest.raises(PlaceError, match="refuses to be read"):
        open_volume(spec.replace("/x", "/y"))
    server.shutdown()
    server.server_close()


def test_a_chunk_that_is_not_there_reads_as_the_fill_value(web, tmp_path):
    save_zarr(tmp_path, draw_array(), fill_value=9)
    (tmp_path / "x.zarr" / "c" / "0" / "0" / "0").unlink()
    assert (open_volume(f"{web}/x.zarr").read(Box.whole((4, 5, 6))) == 9).all()


def test_a_closed_port_is_told_in_one_line():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(PlaceError, match="cannot be reached: Could not connect") as caught:
        open_volume(f"http://127.0.0.1:{port}/x.zarr")
    assert "\n" not in str(caught.value)


def test_an_unknown_host_is_told_in_one_line(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PlaceError, match=r"no-such-host\.invalid.*cannot be reached"):
        open_volume("http://no-such-host.invalid/x.zarr")


def test_a_silent_server_is_given_up(monkeypatch):
    monkeypatch.setattr(places, "_METADATA_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(PlaceError, match="does not answer"):
        open_volume(f"http://127.0.0.1:{silent.getsockname()[1]}/x.zarr")


def test_a_server_that_goes_away_while_voxels_are_read_is_told(tmp_path):
    save_zarr(tmp_path, draw_array())
    server = Server(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    volume = open_volume(f"http://127.0.0.1:{server.server_port}/x.zarr")
    server.shutdown()
    server.server_close()
    with pytest.raises(PlaceError, match="cannot be reached"):
        volume.read()


@pytest.mark.parametrize("save", [save_zarr, save_n5, save_ome_zarr, save_precomputed], ids=lambda save: save.__name__)
def test_a_bucket_gives_the_voxels_that_the_disk_gives(save, bucket, tmp_path):
    array = draw_array()
    spec = save(tmp_path, array)
    volume = open_volume(spec.replace(str(tmp_path), bucket.upload(tmp_path)))
    assert (volume.voxel_size, volume.offset) == (open_volume(spec).voxel_size, open_volume(spec).offset)
    np.testing.assert_array_equal(volume.read(BOX), array[BOX.slices])


def test_missing_chunks_of_a_bucket_are_counted(bucket, tmp_path):
    save_zarr(tmp_path, draw_array())
    (tmp_path / "x.zarr" / "c" / "0" / "0" / "0").unlink()
    missing = count_missing(open_volume(f"{bucket.upload(tmp_path)}/x.zarr"))
    assert (missing.count, missing.total) == (1, 27)


def test_a_public_bucket_is_read_without_credentials(amazon, bucket, tmp_path, monkeypatch):
    save_zarr(tmp_path, draw_array())
    url = bucket.upload(tmp_path, acl="public-read")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    spec = f"{url}/x.zarr?anonymous&endpoint={amazon}"
    np.testing.assert_array_equal(open_volume(spec).read(BOX), draw_array()[BOX.slices])
    np.testing.assert_array_equal(open_volume(Path(spec)).read(BOX), draw_array()[BOX.slices])
    without_a_word = spec.replace("anonymous&", "")
    np.testing.assert_array_equal(open_volume(without_a_word).read(BOX), draw_array()[BOX.slices])


def test_a_bucket_that_refuses_is_told_in_one_line(bucket, tmp_path):
    save_zarr(tmp_path, draw_array())
    url = bucket.upload(tmp_path)
    with pytest.raises(PlaceError, match="refuses to be read: set credentials") as caught:
        open_volume(f"{url}/x.zarr?anonymous")
    assert "\n" not in str(caught.value)


def test_a_bucket_that_is_not_there_is_missing(bucket):
    with pytest.raises(MissingError, match="no such bucket"):
        open_volume("s3://nowhere-at-all/x.zarr")


def describe(text):
    spec = parse_spec(text)
    return RemotePlace(spec.place, spec.options).describe()


def test_google_s_buckets_are_read_as_themselves_or_as_a_public_web_server(monkeypatch, tmp_path):
    (tmp_path / "key.json").touch()
    assert describe("gs://em/a/b")["base_url"] == "https://storage.googleapis.com/em/a/b/"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert describe("gs://em/a/b") == {"driver": "gcs", "bucket": "em", "path": "a/b/"}
    assert describe("gs://em/a/b?anonymous")["driver"] == "http"
    assert describe("precomputed://gs://em/a/b@3")["path"] == "a/b/"


def test_credentials_come_from_the_usual_places(monkeypatch, tmp_path):
    monkeypatch.setattr(credentials, "_VENDOR", tmp_path / "vendor")
    assert describe("s3://b/x")["aws_credentials"] == {"type": "anonymous"}
    (tmp_path / "vendor").write_text("Amazon EC2")
    assert describe("s3://b/x")["aws_credentials"] == {"type": "default"}
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "vendor"))
    assert describe("s3://b/x")["aws_credentials"] == {"type": "profile"}
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    assert describe("s3://b/x")["aws_credentials"] == {"type": "environment"}
    assert describe("s3://b/x?anonymous")["aws_credentials"] == {"type": "anonymous"}


def test_endpoint_and_region_come_from_the_spec_before_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://a")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert describe("s3://b/x")["endpoint"] == "http://a"
    found = describe("s3://b/x?endpoint=https://c:443&region=eu-central-1")
    assert (found["endpoint"], found["aws_region"]) == ("https://c:443", "eu-central-1")


def test_places_inside_and_around():
    place = RemotePlace("s3://b/a/x.zarr", Options())
    assert str(place.join("/0/")) == "s3://b/a/x.zarr/0"
    assert str(place.parent) == "s3://b/a"
    assert RemotePlace("s3://b").parent == RemotePlace("s3://b")
    assert place.name == "x.zarr"

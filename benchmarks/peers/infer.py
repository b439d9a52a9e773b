"""One engine predicts one volume; the last line printed is its figures as JSON. Run by `benchmarks/inference.py`."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from measuring import measure
from plain_unet import CLASSES, PlainUnet, load_network

Work = Callable[[], Any]


def main() -> None:
    """Measure one engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--tile", type=int, required=True)
    parser.add_argument("--overlap", type=int, required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--region", type=int, help="voxels along y and x that `volume` holds at a time")
    parser.add_argument("--precision", default="fp32", choices=list(DTYPES), help="nnU-Net chooses for itself")
    parser.add_argument("--layout", default="contiguous", choices=["contiguous", "channels_last"], help="bare forward")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with TemporaryDirectory() as folder:
        options.folder = Path(folder)
        work = prepare(options)
        result, figures = measure(work if options.device == "cpu" else lambda: finish_on_gpu(work))
        figures["gpu_mib"] = 0 if options.device == "cpu" else torch.cuda.max_memory_allocated() / 2**20
        print(json.dumps(figures | {"sample": sample_margin(result)}))


def prepare(options: argparse.Namespace) -> Work:
    """The engine with its network and image, after one forward; nothing is held but what the engine keeps."""
    network = load_network(options.weights)
    image = None if options.engine == "volume" else np.load(options.image)
    work = ENGINES[options.engine](network, image, options)
    forward = cast_network(take_house_network(network, options) if "house" in options.engine else network, options)
    with torch.inference_mode():
        forward(torch.zeros((options.batch, 1, *[options.tile] * 3), device=options.device))
    return work


def finish_on_gpu(work: Work) -> Any:
    """The result, once the GPU has nothing left to do."""
    result = work()
    torch.cuda.synchronize()
    return result


def cast_network(network: PlainUnet, options: argparse.Namespace) -> torch.nn.Module:
    """The network on the device, computing with the precision asked for."""
    network.to(options.device)
    if options.layout == "channels_last":
        network.to(memory_format=torch.channels_last_3d)
    return network if options.precision == "fp32" else Cast(network, options)


class Cast(torch.nn.Module):
    """A network under autocast."""

    def __init__(self, network: PlainUnet, options: argparse.Namespace) -> None:
        super().__init__()
        self.network = network
        self.options = options

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Logits."""
        with torch.autocast(self.options.device, dtype=DTYPES[self.options.precision]):
            return self.network(image)


def prepare_bare(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """The forward of the same tiles, in the same batches, and nothing else."""
    from volumen.geometry import TileGrid

    tile = (options.tile,) * 3
    boxes = list(TileGrid.plan(image.shape, tile, (options.overlap,) * 3).boxes())
    forward, whole = cast_network(network, options), torch.from_numpy(image).to(options.device)

    def work() -> np.ndarray:
        first = torch.zeros((CLASSES, *tile))
        with torch.inference_mode():
            for start in range(0, len(boxes), options.batch):
                cut = torch.stack([whole[box.slices] for box in boxes[start : start + options.batch]])
                logits = forward(cut[:, None])
                first = logits[0] if start == 0 else first
        return first.float().cpu().numpy()

    return work


def prepare_array(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """`predict_array`: arrays in memory and any forward, with the batch asked for."""
    from volumen.inference import predict_array

    forward = cast_network(network, options)

    def work() -> np.ndarray:
        return predict_array(forward, image, tile=options.tile, overlap=(options.overlap,) * 3, batch=options.batch)

    return work


def prepare_house_bare(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """The forward of the same tiles through our own network with the same weights, and nothing else."""
    return prepare_bare(take_house_network(network, options), image, options)


def prepare_house_array(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """`predict_array` with our own network and the same weights."""
    return prepare_array(take_house_network(network, options), image, options)


def take_house_network(network: PlainUnet, options: argparse.Namespace) -> torch.nn.Module:
    """Our network with the same weights, giving a tensor as the common one does."""
    from house import HEAD, save_common_model

    class Sole(torch.nn.Module):
        def __init__(self, inner: torch.nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.inner(image)[HEAD][0]

    return Sole(save_common_model(options.folder / "house", network, tile=options.tile).network)


def prepare_volume(network: PlainUnet, _image: None, options: argparse.Namespace) -> Work:
    """`predict_volume`: from a Zarr array into a Zarr group, batch and layout tuned as it does by itself."""
    from house import save_common_model

    from volumen.inference import Compute, Tiling, predict_volume
    from volumen.volumes import open_volume

    model = save_common_model(options.folder / "model", network, tile=options.tile)
    tiling = Tiling((options.tile,) * 3, (options.overlap,) * 3)
    region = (options.region,) * 2 if options.region else None
    threads = options.threads if options.device == "cpu" else None
    compute = Compute(options.device, region=region, threads=threads, precision=options.precision)

    def work() -> np.ndarray:
        source = open_volume(options.image.with_suffix(".zarr"))
        prediction = predict_volume([model], source, options.folder / "out.zarr", tiling=tiling, compute=compute)
        return prediction.open_head()

    return work


def prepare_monai(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """`sliding_window_inference` with its Gaussian."""
    from monai.inferers import sliding_window_inference

    forward = cast_network(network, options)

    def work() -> np.ndarray:
        with torch.inference_mode():
            logits = sliding_window_inference(
                torch.from_numpy(image).to(options.device)[None, None],
                roi_size=(options.tile,) * 3,
                sw_batch_size=options.batch,
                predictor=forward,
                overlap=options.overlap / options.tile,
                mode="gaussian",
            )
        return logits[0].float().cpu().numpy()

    return work


def prepare_nnunet(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """nnU-Net's own predictor, told only what it asks its plans for; it always takes one tile at a time."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        tile_step_size=1 - options.overlap / options.tile,
        use_gaussian=True,
        use_mirroring=False,
        perform_everything_on_device=options.device != "cpu",
        device=torch.device(options.device),
        allow_tqdm=False,
    )
    labels = SimpleNamespace(num_segmentation_heads=CLASSES)
    predictor.manual_initialization(
        network,
        SimpleNamespace(get_label_manager=lambda _: labels),
        SimpleNamespace(patch_size=(options.tile,) * 3),
        parameters=None,
        dataset_json={},
        trainer_name="",
        inference_allowed_mirroring_axes=None,
    )
    network.to(options.device)
    return lambda: predictor.predict_sliding_window_return_logits(torch.from_numpy(image)[None]).cpu().numpy()


def sample_margin(result: Any) -> list[float]:
    """Logit of class 1 less that of class 0 at 8³ voxels clear of the faces, to see that engines agree.

    From logits `c z y x`, or from a volume of probabilities, whose logarithms differ as much.
    """
    stored = not isinstance(result, np.ndarray)
    values = np.log(result.read()) if stored else result.astype(np.float32)
    places = [np.linspace(extent // 8, extent - extent // 8 - 1, 8).astype(int) for extent in values.shape[1:]]
    margin = (values[1] - values[0])[np.ix_(*places)]
    return margin.ravel().round(6).tolist()


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
ENGINES = {
    "bare": prepare_bare,
    "array": prepare_array,
    "house_bare": prepare_house_bare,
    "house_array": prepare_house_array,
    "volume": prepare_volume,
    "monai": prepare_monai,
    "nnunet": prepare_nnunet,
}

if __name__ == "__main__":
    main()

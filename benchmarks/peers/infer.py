"""One engine predicts one volume; the last line printed is its figures as JSON. Run by `benchmarks/inference.py`."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from measuring import measure
from plain_unet import CLASSES, PlainUnet, load_network

Work = Callable[[], np.ndarray]


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
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    image = np.load(options.image)
    network = load_network(options.weights)
    work = ENGINES[options.engine](network, image, options)
    with torch.inference_mode():
        network(torch.zeros((options.batch, 1, *[options.tile] * 3)))
    result, figures = measure(work)
    print(json.dumps(figures | {"sample": sample_logits(result)}))


def prepare_bare(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """The forward of the same tiles, in the same batches, and nothing else."""
    from volumen.geometry import TileGrid

    tile = (options.tile,) * 3
    boxes = list(TileGrid.plan(image.shape, tile, (options.overlap,) * 3).boxes())

    def work() -> np.ndarray:
        first = np.zeros((CLASSES, *tile), np.float32)
        with torch.inference_mode():
            for start in range(0, len(boxes), options.batch):
                cut = np.stack([image[box.slices] for box in boxes[start : start + options.batch]])
                logits = network(torch.from_numpy(cut)[:, None])
                first = logits[0].numpy() if start == 0 else first
        return first

    return work


def prepare_volumen(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """`predict_array`, with the batch asked for."""
    from volumen.inference import predict_array

    def work() -> np.ndarray:
        return predict_array(network, image, tile=options.tile, overlap=(options.overlap,) * 3, batch=options.batch)

    return work


def prepare_monai(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """`sliding_window_inference` with its Gaussian."""
    from monai.inferers import sliding_window_inference

    def work() -> np.ndarray:
        with torch.inference_mode():
            logits = sliding_window_inference(
                torch.from_numpy(image)[None, None],
                roi_size=(options.tile,) * 3,
                sw_batch_size=options.batch,
                predictor=network,
                overlap=options.overlap / options.tile,
                mode="gaussian",
            )
        return logits[0].numpy()

    return work


def prepare_nnunet(network: PlainUnet, image: np.ndarray, options: argparse.Namespace) -> Work:
    """nnU-Net's own predictor, told only what it asks its plans for; it always takes one tile at a time."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(
        tile_step_size=1 - options.overlap / options.tile,
        use_gaussian=True,
        use_mirroring=False,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
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
    return lambda: predictor.predict_sliding_window_return_logits(torch.from_numpy(image)[None]).numpy()


def sample_logits(logits: np.ndarray) -> list[float]:
    """Logits at 8³ voxels clear of the faces, to see that engines agree."""
    places = [np.linspace(extent // 8, extent - extent // 8 - 1, 8).astype(int) for extent in logits.shape[1:]]
    return np.asarray(logits[0][np.ix_(*places)], np.float64).ravel().round(6).tolist()


ENGINES = {
    "bare": prepare_bare,
    "volumen": prepare_volumen,
    "monai": prepare_monai,
    "nnunet": prepare_nnunet,
}

if __name__ == "__main__":
    main()

"""From nothing to a scored segmentation of a volume the model has not seen: `python examples/demo.py demo`.

Makes a small synthetic scroll data set, trains the `scroll-demo` recipe (scroll-surface at a size for two cores),
predicts an unseen volume, cleans it up, scores it and writes one HTML report. For comparison it scores the model before
training, and the best plain threshold, chosen on the training cases.
"""

import logging
import shutil
import sys
import time
from pathlib import Path

import numpy as np

import volumen

CASES, SIZE = 8, 96
METRICS = ("dice", "surface_dice", "voi")


def main(folder: Path) -> None:
    """Run the demo into a folder; what an earlier run left there goes."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.captureWarnings(capture=True)
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    data, unseen, run = folder / "data", folder / "unseen", folder / "run"

    print(f"Making {CASES} scroll cases of {SIZE}³ to learn from, and one to be tested on")
    volumen.make_data("scroll", data, cases=CASES, size=SIZE, seed=1)
    [name] = volumen.make_data("scroll", unseen, cases=1, size=SIZE, seed=2)
    image, truth = unseen / "train_images" / f"{name}.tif", unseen / "train_labels" / f"{name}.tif"

    print("\nTraining scroll-demo, fold 0")
    volumen.train("scroll-demo", data=data, out=run, fold=0)

    print("\nPredicting the unseen case, cleaning it up, scoring it")
    [predicted] = volumen.predict([run / "fold_0" / "model"], image, folder / "prediction.tif")
    untrained = volumen.build_model(run / "config.yaml").predict(read(image))
    scores = {
        "untrained model": score(untrained, read(truth)),
        "best threshold": score(read(image) >= choose_threshold(data), read(truth)),
        "trained model": score(read(predicted.target), read(truth)),
    }
    shown = {"image": image, "truth": truth, "prediction": predicted.target}
    report = volumen.write_report(run, folder / "report.html", scores=scores, decoded=predicted.decoded, **shown)

    print(f"\nDone in {time.monotonic() - started:.0f} s. Scores on the unseen volume:")
    for what, values in scores.items():
        print(f"  {what:<16} " + "  ".join(f"{metric} {values[metric]:.3f}" for metric in METRICS))
    print(f"Report: {report}")


def read(path: Path) -> np.ndarray:
    """The whole of a small volume."""
    return volumen.open_volume(path).read()


def score(prediction: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The demo's metrics of one prediction."""
    return volumen.evaluate(prediction, truth, metrics=METRICS).means


def choose_threshold(data: Path) -> int:
    """The grey value whose threshold has the best Dice over all training cases."""
    surface, other = np.zeros(256), np.zeros(256)
    for image in sorted((data / "train_images").iterdir()):
        grey, labels = read(image), read(data / "train_labels" / image.name)
        surface += np.bincount(grey[labels == 1], minlength=256)
        other += np.bincount(grey[labels == 0], minlength=256)
    hits, false = surface[::-1].cumsum()[::-1], other[::-1].cumsum()[::-1]
    return int(np.argmax(2 * hits / (hits + false + surface.sum())))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))

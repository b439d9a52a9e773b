"""`volumen report`."""

from pathlib import Path

from volumen import api


def report(
    run: Path,
    /,
    *,
    out: Path | None = None,
    image: Path | None = None,
    truth: Path | None = None,
    prediction: Path | None = None,
    ignore: int | None = 2,
) -> None:
    """Write one HTML file about a training run or a prediction, with slices when an image is given.

    Args:
        run: The --out folder of a training, one of its folds, or a prediction (.zarr).
        out: The file; report.html in the run's folder, or NAME.html beside a prediction, when not given.
        image: A volume to show in three directions.
        truth: Its labels.
        prediction: Its predicted labels.
        ignore: Truth value of voxels that nobody looked at.
    """
    print(api.write_report(run, out, image=image, truth=truth, prediction=prediction, ignore=ignore))

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
    """Write one HTML file about a training run, with slices of a prediction when an image is given.

    Args:
        run: The --out folder of a training, or one of its folds.
        out: The file; report.html in the run's folder when not given.
        image: A volume to show in three directions.
        truth: Its labels.
        prediction: Its predicted labels.
        ignore: Truth value of voxels that nobody looked at.
    """
    print(api.write_report(run, out, image=image, truth=truth, prediction=prediction, ignore=ignore))

"""`volumen predict`, `decode` and `ensemble`."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from volumen import api
from volumen.cli.flags import expose
from volumen.cli.progress import show_progress
from volumen.decoding import CleanUp, Decoded
from volumen.errors import ConfigError
from volumen.inference import Compute, Predicted, PredictOptions, Tiling
from volumen.viewing import format_duration

Tiles, Machine, Steps, Choices = expose(Tiling), expose(Compute), expose(CleanUp), expose(PredictOptions)


def predict(
    *paths: Annotated[str, Parameter(name="MODEL… INPUT OUTPUT")],
    tiling: Tiles = Tiles(),  # noqa: B008 - a frozen dataclass
    compute: Machine = Machine(),  # noqa: B008
    clean_up: Steps = Steps(),  # noqa: B008
    options: Choices = Choices(),  # noqa: B008
) -> int:
    """Segment a volume, or every volume in a folder, of any size.

    OUTPUT is a folder (NAME.tif with labels and NAME_visualization.tif for the eye), or for a single volume a .tif of labels or a
    .zarr of probabilities. The probabilities of several models are averaged.

    Args:
        paths: One model folder or several, then a volume or a folder of volumes, then where the output goes.
    """
    if len(paths) < 3:  # noqa: PLR2004 - a model, an input, an output
        raise ConfigError(f"predict takes MODEL… INPUT OUTPUT; got {len(paths)} of at least 3")
    *models, source, output = paths
    started, results = time.monotonic(), []
    with show_progress("tiles") as progress:
        for result in api.predict_each(
            models,
            source,
            output,
            tiling=tiling,
            compute=compute,
            clean_up=clean_up,
            options=options,
            progress=progress,
        ):
            if result.error is not None and not Path(source).is_dir():
                raise result.error
            _print_result(result)
            results.append(result)
    return _print_summary(results, time.monotonic() - started)

"""The tree of subcommands, and what becomes of every error: one line, an exit code."""

import errno
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Group, Parameter

from volumen.cli.progress import ErrorLines
from volumen.errors import VolumenError

USERS_MISTAKE = 2
OUR_FAULT = 1
INTERRUPTED = 130
READER_GONE = 141  # what a shell says of a program that wrote into a pipe nobody reads

app = App(
    name="volumen",
    help="Learn to segment 3D volumes, then segment volumes of any size.",
    help_epilogue="volumen data make scroll scrolls --cases 5 --size 64\nvolumen recipes list",
    version=lambda: version("volumen"),
    default_parameter=Parameter(negative=()),
    help_format="plaintext",
)
app.meta.group_parameters = Group("Options", sort_key=1)


def _offer(name: str, where: str, *examples: str, parent: App = app) -> None:
    """Add a subcommand that is imported when it is asked for; its help ends in lines that run as they stand."""
    parent.command(where, name=name, help_epilogue="\n".join(examples))


_offer(
    "train",
    "volumen.cli.train:train",
    "volumen train scroll-demo --data scrolls --out runs/a --fold all --fast",
    "volumen train scroll-surface --data scrolls --out runs/b --fold all optimizer.lr=3e-4 --fast",
)
_offer(
    "plan",
    "volumen.cli.plan:plan",
    "volumen plan scrolls --recipe scroll-demo --predict scrolls/train_images/scroll_000.tif",
    "volumen plan scrolls --size plain --gigabytes 4 --write planned.yaml",
)
_offer(
    "predict",
    "volumen.cli.predict:predict",
    "volumen predict runs/a/fold_0/model scrolls/train_images runs/masks",
    "volumen predict runs/a/fold_0/model scrolls/train_images/scroll_000.tif runs/one.zarr --overlap 0.5",
)
_offer(
    "decode",
    "volumen.cli.predict:decode",
    "volumen decode runs/one.zarr runs/one.tif",
    "volumen decode runs/one.zarr runs/strict.tif --threshold 0.7 --min-size 500",
)
_offer(
    "tune",
    "volumen.cli.tune:tune",
    "volumen tune runs/one.zarr scrolls/train_labels/scroll_000.tif --metric dice --trials 20",
    "volumen tune runs/one.zarr scrolls/train_labels/scroll_000.tif threshold.value=0.3,0.5,0.7 --with threshold",
)
_offer(
    "ensemble",
    "volumen.cli.predict:ensemble",
    "volumen ensemble runs/a/fold_0/model runs/a/fold_1/model runs/mean --input scrolls/train_images",
    "volumen ensemble runs/one.zarr runs/one.zarr runs/mean.zarr --weights 1,3",
)
_offer(
    "evaluate",
    "volumen.cli.evaluate:evaluate",
    "volumen evaluate runs/masks scrolls/train_labels --metric dice,surface_dice",
    "volumen evaluate runs/one.tif scrolls/train_labels/scroll_000.tif --metric dice,voi --json",
)
_offer(
    "report",
    "volumen.cli.report:report",
    "volumen report runs/a",
    "volumen report runs/a --out runs/a/again.html",
)

recipes = App(name="recipes", help="List, show, copy and check recipes.")
app.command(recipes)
_offer("list", "volumen.cli.recipes:list_all", "volumen recipes list", "volumen recipes list", parent=recipes)
_offer(
    "show",
    "volumen.cli.recipes:show",
    "volumen recipes show scroll-surface",
    "volumen recipes show scroll-surface optimizer.lr=3e-4",
    parent=recipes,
)
_offer(
    "copy",
    "volumen.cli.recipes:copy",
    "volumen recipes copy scroll-surface mine.yaml",
    "volumen recipes copy scroll-demo .",
    parent=recipes,
)
_offer(
    "check",
    "volumen.cli.recipes:check",
    "volumen recipes check scroll-surface",
    "volumen recipes check scroll-surface data.batch_size=4",
    parent=recipes,
)

imports = App(name="import", help="Bring models of other programs.")
app.command(imports)
_offer(
    "nnunet",
    "volumen.cli.models:import_nnunet",
    "volumen import nnunet Dataset001_Scroll/nnUNetTrainer__nnUNetPlans__3d_fullres runs/imported",
    "volumen import nnunet Dataset001_Scroll/nnUNetTrainer__nnUNetPlans__3d_fullres runs/best "
    "--fold 0 --checkpoint checkpoint_best.pth",
    parent=imports,
)

data = App(name="data", help="Make data sets, look at volumes, convert them, measure what loads them.")
app.command(data)
_offer(
    "make",
    "volumen.cli.data:make",
    "volumen data make scroll scrolls --cases 5 --size 64",
    "volumen data make neurons neurons --cases 2 --size 64 --seed 7",
    parent=data,
)
_offer(
    "download",
    "volumen.cli.download:download",
    "volumen data download --list",
    "volumen data download --list",
    parent=data,
)
_offer(
    "inspect",
    "volumen.cli.data:inspect",
    "volumen data inspect scrolls/train_images/scroll_000.tif",
    "volumen data inspect scrolls/train_labels/scroll_000.tif --json",
    parent=data,
)
_offer(
    "convert",
    "volumen.cli.data:convert",
    "volumen data convert scrolls/train_images/scroll_000.tif scroll.ome.zarr --levels 2",
    "volumen data convert scroll.ome.zarr part.tif --crop 0:32,0:64,0:64 --dtype uint8 --range 20,220",
    parent=data,
)
_offer(
    "profile",
    "volumen.cli.data:profile",
    "volumen data profile scroll-demo --data scrolls --steps 5",
    "volumen data profile scroll-demo data.num_workers=2 --data scrolls --steps 5 --without-workers",
    parent=data,
)


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: bool = False,
) -> object:
    """Learn to segment 3D volumes, then segment volumes of any size.

    Args:
        tokens: the subcommand and its arguments.
        debug: Show the traceback of an error and everything that is logged.
    """
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="volumen: %(levelname)s: %(message)s",
        handlers=[ErrorLines()],
    )
    try:
        return app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the program's border: every error becomes one line and an exit code
        if debug:
            traceback.print_exc()
        return _explain(error)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code is 0, 1 (a part failed, our fault) or 2 (the user's mistake)."""
    try:
        code = app.meta(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _explain(error)
    except BrokenPipeError:
        return _leave_quietly()
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _leave_quietly() -> int:
    """Nobody reads on, as after `| head`: no word about it, and none when Python closes its streams."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_GONE


def _explain(error: Exception) -> int:
    if isinstance(error, VolumenError):
        _say(str(error))
        return error.exit_code
    if isinstance(error, CycloptsError):
        _say(f"{error} See `volumen --help`.".replace("\n", " "))
        return USERS_MISTAKE
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT}:
        _say(f"cannot write: {error.strerror}: {error.filename or 'the output'}; free space or name another folder")
        return USERS_MISTAKE
    log = Path(tempfile.gettempdir()) / "volumen-error.log"
    log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    _say(f"a fault of ours, please report it: {type(error).__name__}: {error} (traceback in {log})")
    return OUR_FAULT


def _say(message: str) -> None:
    print(f"volumen: {message}", file=sys.stderr)

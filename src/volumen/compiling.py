"""How loops are compiled: kernels, which Python calls, and parts of them, which only compiled code calls.

numba's stubs know nothing of two of its options. They leave out the entries for C and for Python that numba makes for
each loop: compiling those of a small loop takes as long as the loop.
"""

import logging
from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__name__)


def kernel(loop: Callable[P, R]) -> Callable[P, R]:
    """The loop, compiled at its first call and kept on disk for later processes; it runs without Python's lock."""
    try:
        compiled: Callable[P, R] = njit(cache=True, nogil=True, no_cfunc_wrapper=True)(loop)  # type: ignore[call-overload]
    except RuntimeError:  # there is no folder that numba may write to
        _warn_of_no_folder()
        compiled = njit(nogil=True, no_cfunc_wrapper=True)(loop)  # type: ignore[call-overload]
    return compiled


def kernel_part(loop: Callable[P, R]) -> Callable[P, R]:
    """The loop, compiled into the kernels that call it; a call from Python would crash the process.

    So files that are not `*_kernels.py` may not import it: `tests/test_house.py` sees to that.
    """
    compiled: Callable[P, R] = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(loop)  # type: ignore[call-overload]
    return compiled


@cache
def _warn_of_no_folder() -> None:
    """Says once why every process starts slowly."""
    logger.warning(
        "loops are compiled anew in every process, which takes seconds: neither the folder of volumen nor the user's "
        "cache can be written; set NUMBA_CACHE_DIR to a folder that can"
    )

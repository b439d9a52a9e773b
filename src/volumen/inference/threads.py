"""How many threads compute."""

import torch


def set_threads(threads: int | None) -> int:
    """Threads that one forward uses from now on: as asked, else as torch found."""
    if threads is not None:
        torch.set_num_threads(threads)
    return torch.get_num_threads()

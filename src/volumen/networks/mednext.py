"""MedNeXt (Roy et al. 2023) in its four sizes; MONAI's, which lacks checkpointing."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from volumen.networks.adapters import Adapted, load_monai
from volumen.networks.checkpointing import checkpoint_parts
from volumen.networks.network import Task

Size = Literal["S", "B", "M", "L"]

# Roy et al. 2023, table 1: expansion and number of blocks, from the finest stage to the coarsest; decoders mirror it.
EXPANSIONS: dict[Size, tuple[int, ...]] = {
    "S": (2, 2, 2, 2, 2),
    "B": (2, 3, 4, 4, 4),
    "M": (2, 3, 4, 4, 4),
    "L": (3, 4, 8, 8, 8),
}
BLOCKS: dict[Size, tuple[int, ...]] = {
    "S": (2, 2, 2, 2, 2),
    "B": (2, 2, 2, 2, 2),
    "M": (3, 4, 4, 4, 4),
    "L": (3, 4, 8, 8, 8),
}
POOLINGS = 4


@dataclass(frozen=True, kw_only=True)
class MedNeXtDesign:
    """A MedNeXt by its options.

    Args:
        size: S, B, M or L: 5.6, 10.5, 17.5 or 61.7 M parameters with kernel 3.
        kernel: edge of its large convolutions; a warm start from kernel 3 enlarges them (UpKern).
        features: channels of the finest stage.
        response_normalisation: whether blocks weigh channels against each other, as in the second version.
        deep_supervision: whether the coarser maps carry logits too, in training.
        checkpointing: whether blocks forget what they computed and compute it again: an eighth of the memory.
    """

    size: Size = "S"
    kernel: Literal[3, 5] = 3
    features: Annotated[int, Field(ge=1)] = 32
    response_normalisation: bool = False
    deep_supervision: bool = True
    checkpointing: bool = False

    def build(self, task: Task) -> Adapted:
        """The network, weights drawn from torch's generator."""
        nets = load_monai("mednext")
        expansions, blocks = EXPANSIONS[self.size], BLOCKS[self.size]
        inner = nets.MedNeXt(
            spatial_dims=2 if task.is_flat else 3,
            init_filters=self.features,
            in_channels=task.channels,
            out_channels=task.outputs,
            encoder_expansion_ratio=expansions[:POOLINGS],
            decoder_expansion_ratio=expansions[POOLINGS - 1 :: -1],
            bottleneck_expansion_ratio=expansions[POOLINGS],
            kernel_size=self.kernel,
            deep_supervision=self.deep_supervision,
            use_residual_connection=True,
            blocks_down=blocks[:POOLINGS],
            blocks_bottleneck=blocks[POOLINGS],
            blocks_up=blocks[POOLINGS - 1 :: -1],
            global_resp_norm=self.response_normalisation,
        )
        if self.checkpointing:
            stages = [*inner.enc_stages, inner.bottleneck, *inner.dec_stages]
            checkpoint_parts([*inner.down_blocks, *inner.up_blocks, *(block for stage in stages for block in stage)])
        return Adapted(inner, task, step=2**POOLINGS)

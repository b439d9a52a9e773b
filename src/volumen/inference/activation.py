"""Logits become probabilities, the same bits for a voxel wherever it lies in the array."""

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from volumen.heads import Activation

Logits = Float32[np.ndarray, "c z y x"]


def activate_planes(logits: Float32[Tensor, "c z y x"], activation: Activation) -> Float32[Tensor, "c z y x"]:
    """Probabilities of a head where its logits are; on the CPU those of `activate_logits`."""
    if logits.device.type == "cpu":
        return torch.from_numpy(activate_logits(logits.numpy(), activation))
    if activation == "sigmoid":
        return torch.sigmoid(logits)
    return torch.softmax(logits, 0) if activation == "softmax" else logits.clone()


def activate_logits(logits: Logits, activation: Activation) -> Logits:
    """Probabilities of a head, written over a contiguous copy of its logits.

    NumPy, not torch: on a CPU that computes the ends of an array with another exponential than its middle, so that a
    voxel's last bit would depend on where a block begins.
    """
    values = np.array(logits, np.float32, order="C")
    if activation == "sigmoid":
        return _apply_sigmoid(values)
    if activation == "softmax":
        return _apply_softmax(values)
    return values


def _apply_sigmoid(values: Logits) -> Logits:
    np.negative(values, out=values)
    with np.errstate(over="ignore"):  # exp(100) is infinite, 1/(1 + inf) is 0: what is meant
        np.exp(values, out=values)
    values += 1
    np.reciprocal(values, out=values)
    return values


def _apply_softmax(values: Logits) -> Logits:
    values -= values.max(axis=0)
    np.exp(values, out=values)
    values /= values.sum(axis=0)
    return values

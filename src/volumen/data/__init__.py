"""Cases, folds, patches, augmentation, loaders and synthetic data sets."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.data.augmentation.intensity import BrightnessContrast as BrightnessContrast
    from volumen.data.augmentation.intensity import GaussianNoise as GaussianNoise
    from volumen.data.augmentation.spatial import Flip as Flip
    from volumen.data.augmentation.spatial import Rotate90 as Rotate90
    from volumen.data.augmentation.transform import Kind as Kind
    from volumen.data.augmentation.transform import Transform as Transform
    from volumen.data.cases import Case as Case
    from volumen.data.cases import assign_groups as assign_groups
    from volumen.data.cases import choose_label as choose_label
    from volumen.data.finding import find_cases as find_cases
    from volumen.data.folds import Fold as Fold
    from volumen.data.folds import read_folds as read_folds
    from volumen.data.folds import split_folds as split_folds
    from volumen.data.folds import write_folds as write_folds
    from volumen.data.groups import find_groups as find_groups
    from volumen.data.intensities import fit_normalisations as fit_normalisations
    from volumen.data.loader import SampleLoader as SampleLoader
    from volumen.data.loader import build_loader as build_loader
    from volumen.data.phantoms import make_neurons as make_neurons
    from volumen.data.phantoms import make_scroll as make_scroll
    from volumen.data.phantoms import write_phantoms as write_phantoms
    from volumen.data.samples import IGNORE as IGNORE
    from volumen.data.samples import Sample as Sample
    from volumen.data.sampling import BalancedSampling as BalancedSampling
    from volumen.data.sampling import UniformSampling as UniformSampling

_HOMES = {
    "BalancedSampling": "sampling",
    "BrightnessContrast": "augmentation.intensity",
    "Case": "cases",
    "Flip": "augmentation.spatial",
    "Fold": "folds",
    "GaussianNoise": "augmentation.intensity",
    "IGNORE": "samples",
    "Kind": "augmentation.transform",
    "Rotate90": "augmentation.spatial",
    "Sample": "samples",
    "SampleLoader": "loader",
    "Transform": "augmentation.transform",
    "UniformSampling": "sampling",
    "assign_groups": "cases",
    "build_loader": "loader",
    "choose_label": "cases",
    "find_cases": "finding",
    "find_groups": "groups",
    "fit_normalisations": "intensities",
    "make_neurons": "phantoms",
    "make_scroll": "phantoms",
    "read_folds": "folds",
    "split_folds": "folds",
    "write_folds": "folds",
    "write_phantoms": "phantoms",
}
__all__ = [
    "IGNORE",
    "BalancedSampling",
    "BrightnessContrast",
    "Case",
    "Flip",
    "Fold",
    "GaussianNoise",
    "Kind",
    "Rotate90",
    "Sample",
    "SampleLoader",
    "Transform",
    "UniformSampling",
    "assign_groups",
    "build_loader",
    "choose_label",
    "find_cases",
    "find_groups",
    "fit_normalisations",
    "make_neurons",
    "make_scroll",
    "read_folds",
    "split_folds",
    "write_folds",
    "write_phantoms",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

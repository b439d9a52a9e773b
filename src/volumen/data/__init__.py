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
    from volumen.data.downloads.catalogue import RemoteData as RemoteData
    from volumen.data.downloads.catalogue import RemoteFile as RemoteFile
    from volumen.data.downloads.catalogue import find_data as find_data
    from volumen.data.downloads.catalogue import list_data as list_data
    from volumen.data.downloads.download import Downloaded as Downloaded
    from volumen.data.downloads.download import download_data as download_data
    from volumen.data.downloads.transfer import Patience as Patience
    from volumen.data.encoding import LabelTarget as LabelTarget
    from volumen.data.encoding import Wanted as Wanted
    from volumen.data.finding import find_cases as find_cases
    from volumen.data.finding import gather_cases as gather_cases
    from volumen.data.folds import Fold as Fold
    from volumen.data.folds import read_folds as read_folds
    from volumen.data.folds import split_folds as split_folds
    from volumen.data.folds import write_folds as write_folds
    from volumen.data.frames import Frame as Frame
    from volumen.data.groups import find_groups as find_groups
    from volumen.data.images import count_channels as count_channels
    from volumen.data.intensities import fit_normalisations as fit_normalisations
    from volumen.data.layouts.axonem import AxonemLayout as AxonemLayout
    from volumen.data.layouts.choice import recognise_layout as recognise_layout
    from volumen.data.layouts.cremi import CremiLayout as CremiLayout
    from volumen.data.layouts.folders import FolderLayout as FolderLayout
    from volumen.data.layouts.hdf5 import Hdf5Layout as Hdf5Layout
    from volumen.data.layouts.kasthuri import KasthuriLayout as KasthuriLayout
    from volumen.data.layouts.layout import Draft as Draft
    from volumen.data.layouts.layout import Layout as Layout
    from volumen.data.layouts.lucchi import LucchiLayout as LucchiLayout
    from volumen.data.layouts.mitoem import MitoemLayout as MitoemLayout
    from volumen.data.layouts.mitoem2 import Mitoem2Layout as Mitoem2Layout
    from volumen.data.layouts.nisb import NisbLayout as NisbLayout
    from volumen.data.layouts.nnunet import NnunetLayout as NnunetLayout
    from volumen.data.layouts.nucmm import NucmmLayout as NucmmLayout
    from volumen.data.layouts.snemi3d import SnemiLayout as SnemiLayout
    from volumen.data.layouts.surface_detection import SurfaceDetectionLayout as SurfaceDetectionLayout
    from volumen.data.leaks import check_leaks as check_leaks
    from volumen.data.loader import SampleLoader as SampleLoader
    from volumen.data.loader import build_loader as build_loader
    from volumen.data.phantoms import make_fibres as make_fibres
    from volumen.data.phantoms import make_ink as make_ink
    from volumen.data.phantoms import make_neurons as make_neurons
    from volumen.data.phantoms import make_scroll as make_scroll
    from volumen.data.phantoms import make_vesicles as make_vesicles
    from volumen.data.phantoms import write_phantoms as write_phantoms
    from volumen.data.placement import find_scale as find_scale
    from volumen.data.samples import Sample as Sample
    from volumen.data.sampling import BalancedSampling as BalancedSampling
    from volumen.data.sampling import UniformSampling as UniformSampling
    from volumen.data.slabs import SlabSplit as SlabSplit
    from volumen.data.splits import Division as Division
    from volumen.data.splits import FileSplit as FileSplit
    from volumen.data.splits import FoldSplit as FoldSplit
    from volumen.data.splits import GroupSplit as GroupSplit
    from volumen.data.splits import PublishedSplit as PublishedSplit
    from volumen.data.splits import ShareSplit as ShareSplit
    from volumen.data.splits import Split as Split
    from volumen.data.splits import divide_cases as divide_cases
    from volumen.data.values import IGNORE as IGNORE
    from volumen.data.values import Components as Components
    from volumen.data.values import LabelValues as LabelValues

_HOMES = {
    "AxonemLayout": "layouts.axonem",
    "BalancedSampling": "sampling",
    "BrightnessContrast": "augmentation.intensity",
    "Case": "cases",
    "Components": "values",
    "CremiLayout": "layouts.cremi",
    "Division": "splits",
    "Downloaded": "downloads.download",
    "Draft": "layouts.layout",
    "FileSplit": "splits",
    "Flip": "augmentation.spatial",
    "Fold": "folds",
    "FoldSplit": "splits",
    "FolderLayout": "layouts.folders",
    "Frame": "frames",
    "GaussianNoise": "augmentation.intensity",
    "GroupSplit": "splits",
    "Hdf5Layout": "layouts.hdf5",
    "IGNORE": "values",
    "KasthuriLayout": "layouts.kasthuri",
    "Kind": "augmentation.transform",
    "LabelTarget": "encoding",
    "LabelValues": "values",
    "Layout": "layouts.layout",
    "LucchiLayout": "layouts.lucchi",
    "Mitoem2Layout": "layouts.mitoem2",
    "MitoemLayout": "layouts.mitoem",
    "NisbLayout": "layouts.nisb",
    "NnunetLayout": "layouts.nnunet",
    "NucmmLayout": "layouts.nucmm",
    "Patience": "downloads.transfer",
    "PublishedSplit": "splits",
    "RemoteData": "downloads.catalogue",
    "RemoteFile": "downloads.catalogue",
    "Rotate90": "augmentation.spatial",
    "Sample": "samples",
    "SampleLoader": "loader",
    "ShareSplit": "splits",
    "SlabSplit": "slabs",
    "SnemiLayout": "layouts.snemi3d",
    "Split": "splits",
    "SurfaceDetectionLayout": "layouts.surface_detection",
    "Transform": "augmentation.transform",
    "UniformSampling": "sampling",
    "Wanted": "encoding",
    "assign_groups": "cases",
    "build_loader": "loader",
    "check_leaks": "leaks",
    "choose_label": "cases",
    "count_channels": "images",
    "divide_cases": "splits",
    "download_data": "downloads.download",
    "find_cases": "finding",
    "find_data": "downloads.catalogue",
    "find_groups": "groups",
    "find_scale": "placement",
    "fit_normalisations": "intensities",
    "gather_cases": "finding",
    "list_data": "downloads.catalogue",
    "make_fibres": "phantoms",
    "make_ink": "phantoms",
    "make_neurons": "phantoms",
    "make_scroll": "phantoms",
    "make_vesicles": "phantoms",
    "read_folds": "folds",
    "recognise_layout": "layouts.choice",
    "split_folds": "folds",
    "write_folds": "folds",
    "write_phantoms": "phantoms",
}
__all__ = [
    "IGNORE",
    "AxonemLayout",
    "BalancedSampling",
    "BrightnessContrast",
    "Case",
    "Components",
    "CremiLayout",
    "Division",
    "Downloaded",
    "Draft",
    "FileSplit",
    "Flip",
    "Fold",
    "FoldSplit",
    "FolderLayout",
    "Frame",
    "GaussianNoise",
    "GroupSplit",
    "Hdf5Layout",
    "KasthuriLayout",
    "Kind",
    "LabelTarget",
    "LabelValues",
    "Layout",
    "LucchiLayout",
    "Mitoem2Layout",
    "MitoemLayout",
    "NisbLayout",
    "NnunetLayout",
    "NucmmLayout",
    "Patience",
    "PublishedSplit",
    "RemoteData",
    "RemoteFile",
    "Rotate90",
    "Sample",
    "SampleLoader",
    "ShareSplit",
    "SlabSplit",
    "SnemiLayout",
    "Split",
    "SurfaceDetectionLayout",
    "Transform",
    "UniformSampling",
    "Wanted",
    "assign_groups",
    "build_loader",
    "check_leaks",
    "choose_label",
    "count_channels",
    "divide_cases",
    "download_data",
    "find_cases",
    "find_data",
    "find_groups",
    "find_scale",
    "fit_normalisations",
    "gather_cases",
    "list_data",
    "make_fibres",
    "make_ink",
    "make_neurons",
    "make_scroll",
    "make_vesicles",
    "read_folds",
    "recognise_layout",
    "split_folds",
    "write_folds",
    "write_phantoms",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

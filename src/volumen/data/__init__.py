"""Cases, folds, patches, augmentation, loaders and synthetic data sets."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.data.augmentation.dropout import PatchDropout as PatchDropout
    from volumen.data.augmentation.elastic import Elastic as Elastic
    from volumen.data.augmentation.intensity import BrightnessContrast as BrightnessContrast
    from volumen.data.augmentation.intensity import Gamma as Gamma
    from volumen.data.augmentation.intensity import GaussianNoise as GaussianNoise
    from volumen.data.augmentation.moving import Rotate as Rotate
    from volumen.data.augmentation.moving import Scale as Scale
    from volumen.data.augmentation.moving import SliceJitter as SliceJitter
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
    from volumen.data.drawing import SamplePlan as SamplePlan
    from volumen.data.encoding import LabelTarget as LabelTarget
    from volumen.data.encoding import Wanted as Wanted
    from volumen.data.finding import find_cases as find_cases
    from volumen.data.finding import gather_cases as gather_cases
    from volumen.data.findings import Finding as Finding
    from volumen.data.findings import find_copies as find_copies
    from volumen.data.findings import find_faults as find_faults
    from volumen.data.findings import gather_warnings as gather_warnings
    from volumen.data.findings import judge_copies as judge_copies
    from volumen.data.fingerprint import CaseFacts as CaseFacts
    from volumen.data.fingerprint import Fingerprint as Fingerprint
    from volumen.data.fingerprint import LabelFacts as LabelFacts
    from volumen.data.fingerprint import take_fingerprint as take_fingerprint
    from volumen.data.folds import Fold as Fold
    from volumen.data.folds import read_folds as read_folds
    from volumen.data.folds import split_folds as split_folds
    from volumen.data.folds import write_folds as write_folds
    from volumen.data.frames import Frame as Frame
    from volumen.data.groups import find_groups as find_groups
    from volumen.data.images import count_channels as count_channels
    from volumen.data.indexed_sampling import ClassSampling as ClassSampling
    from volumen.data.indexed_sampling import ForegroundSampling as ForegroundSampling
    from volumen.data.indexed_sampling import InstanceSampling as InstanceSampling
    from volumen.data.indexed_sampling import LabelledSampling as LabelledSampling
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
    from volumen.data.loader import plan_samples as plan_samples
    from volumen.data.measures import Measured as Measured
    from volumen.data.measures import count_cores as count_cores
    from volumen.data.measures import measure_cases as measure_cases
    from volumen.data.phantoms import make_fibres as make_fibres
    from volumen.data.phantoms import make_ink as make_ink
    from volumen.data.phantoms import make_neurons as make_neurons
    from volumen.data.phantoms import make_scroll as make_scroll
    from volumen.data.phantoms import make_vesicles as make_vesicles
    from volumen.data.phantoms import write_phantoms as write_phantoms
    from volumen.data.placement import find_scale as find_scale
    from volumen.data.placement import rescale_cases as rescale_cases
    from volumen.data.progress import NamedProgress as NamedProgress
    from volumen.data.progress import name_progress as name_progress
    from volumen.data.samples import Sample as Sample
    from volumen.data.samples import collate_samples as collate_samples
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
    from volumen.data.stages import ReadingLoad as ReadingLoad
    from volumen.data.stages import StageSeconds as StageSeconds
    from volumen.data.stages import measure_reading as measure_reading
    from volumen.data.stages import time_samples as time_samples
    from volumen.data.values import IGNORE as IGNORE
    from volumen.data.values import Components as Components
    from volumen.data.values import LabelValues as LabelValues
    from volumen.data.whole import WholeCase as WholeCase
    from volumen.data.whole import read_case as read_case

_HOMES = {
    "WholeCase": "whole",
    "read_case": "whole",
    "AxonemLayout": "layouts.axonem",
    "BalancedSampling": "sampling",
    "BrightnessContrast": "augmentation.intensity",
    "Case": "cases",
    "ClassSampling": "indexed_sampling",
    "CaseFacts": "fingerprint",
    "Components": "values",
    "CremiLayout": "layouts.cremi",
    "Division": "splits",
    "Downloaded": "downloads.download",
    "Draft": "layouts.layout",
    "Elastic": "augmentation.elastic",
    "FileSplit": "splits",
    "Finding": "findings",
    "Fingerprint": "fingerprint",
    "Flip": "augmentation.spatial",
    "Fold": "folds",
    "FoldSplit": "splits",
    "FolderLayout": "layouts.folders",
    "ForegroundSampling": "indexed_sampling",
    "Frame": "frames",
    "Gamma": "augmentation.intensity",
    "GaussianNoise": "augmentation.intensity",
    "GroupSplit": "splits",
    "Hdf5Layout": "layouts.hdf5",
    "IGNORE": "values",
    "InstanceSampling": "indexed_sampling",
    "KasthuriLayout": "layouts.kasthuri",
    "Kind": "augmentation.transform",
    "LabelFacts": "fingerprint",
    "LabelTarget": "encoding",
    "LabelValues": "values",
    "LabelledSampling": "indexed_sampling",
    "Layout": "layouts.layout",
    "LucchiLayout": "layouts.lucchi",
    "Measured": "measures",
    "Mitoem2Layout": "layouts.mitoem2",
    "MitoemLayout": "layouts.mitoem",
    "NisbLayout": "layouts.nisb",
    "NnunetLayout": "layouts.nnunet",
    "NucmmLayout": "layouts.nucmm",
    "PatchDropout": "augmentation.dropout",
    "Patience": "downloads.transfer",
    "PublishedSplit": "splits",
    "ReadingLoad": "stages",
    "RemoteData": "downloads.catalogue",
    "RemoteFile": "downloads.catalogue",
    "Rotate": "augmentation.moving",
    "Rotate90": "augmentation.spatial",
    "Sample": "samples",
    "SampleLoader": "loader",
    "SamplePlan": "drawing",
    "Scale": "augmentation.moving",
    "ShareSplit": "splits",
    "SlabSplit": "slabs",
    "SliceJitter": "augmentation.moving",
    "SnemiLayout": "layouts.snemi3d",
    "Split": "splits",
    "StageSeconds": "stages",
    "NamedProgress": "progress",
    "SurfaceDetectionLayout": "layouts.surface_detection",
    "Transform": "augmentation.transform",
    "UniformSampling": "sampling",
    "Wanted": "encoding",
    "assign_groups": "cases",
    "build_loader": "loader",
    "check_leaks": "leaks",
    "choose_label": "cases",
    "collate_samples": "samples",
    "count_channels": "images",
    "count_cores": "measures",
    "divide_cases": "splits",
    "download_data": "downloads.download",
    "find_cases": "finding",
    "find_copies": "findings",
    "find_data": "downloads.catalogue",
    "find_faults": "findings",
    "find_groups": "groups",
    "find_scale": "placement",
    "fit_normalisations": "intensities",
    "gather_cases": "finding",
    "gather_warnings": "findings",
    "judge_copies": "findings",
    "list_data": "downloads.catalogue",
    "make_fibres": "phantoms",
    "make_ink": "phantoms",
    "make_neurons": "phantoms",
    "make_scroll": "phantoms",
    "measure_cases": "measures",
    "measure_reading": "stages",
    "name_progress": "progress",
    "plan_samples": "loader",
    "make_vesicles": "phantoms",
    "read_folds": "folds",
    "recognise_layout": "layouts.choice",
    "rescale_cases": "placement",
    "split_folds": "folds",
    "take_fingerprint": "fingerprint",
    "time_samples": "stages",
    "write_folds": "folds",
    "write_phantoms": "phantoms",
}
__all__ = [
    "IGNORE",
    "AxonemLayout",
    "BalancedSampling",
    "BrightnessContrast",
    "Case",
    "CaseFacts",
    "ClassSampling",
    "Components",
    "CremiLayout",
    "Division",
    "Downloaded",
    "Draft",
    "Elastic",
    "FileSplit",
    "Finding",
    "Fingerprint",
    "Flip",
    "Fold",
    "FoldSplit",
    "FolderLayout",
    "ForegroundSampling",
    "Frame",
    "Gamma",
    "GaussianNoise",
    "GroupSplit",
    "Hdf5Layout",
    "InstanceSampling",
    "KasthuriLayout",
    "Kind",
    "LabelFacts",
    "LabelTarget",
    "LabelValues",
    "LabelledSampling",
    "Layout",
    "LucchiLayout",
    "Measured",
    "Mitoem2Layout",
    "MitoemLayout",
    "NamedProgress",
    "NisbLayout",
    "NnunetLayout",
    "NucmmLayout",
    "PatchDropout",
    "Patience",
    "PublishedSplit",
    "ReadingLoad",
    "RemoteData",
    "RemoteFile",
    "Rotate",
    "Rotate90",
    "Sample",
    "SampleLoader",
    "SamplePlan",
    "Scale",
    "ShareSplit",
    "SlabSplit",
    "SliceJitter",
    "SnemiLayout",
    "Split",
    "StageSeconds",
    "SurfaceDetectionLayout",
    "Transform",
    "UniformSampling",
    "Wanted",
    "WholeCase",
    "assign_groups",
    "build_loader",
    "check_leaks",
    "choose_label",
    "collate_samples",
    "count_channels",
    "count_cores",
    "divide_cases",
    "download_data",
    "find_cases",
    "find_copies",
    "find_data",
    "find_faults",
    "find_groups",
    "find_scale",
    "fit_normalisations",
    "gather_cases",
    "gather_warnings",
    "judge_copies",
    "list_data",
    "make_fibres",
    "make_ink",
    "make_neurons",
    "make_scroll",
    "make_vesicles",
    "measure_cases",
    "measure_reading",
    "name_progress",
    "plan_samples",
    "read_case",
    "read_folds",
    "recognise_layout",
    "rescale_cases",
    "split_folds",
    "take_fingerprint",
    "time_samples",
    "write_folds",
    "write_phantoms",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

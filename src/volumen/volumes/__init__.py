"""Any array on disk, in a bucket or in memory as one `Volume`; statistics and normalisation of its intensities."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.volumes.cache import limit_cache as limit_cache
    from volumen.volumes.conversion import Converted as Converted
    from volumen.volumes.conversion import ConvertOptions as ConvertOptions
    from volumen.volumes.conversion import convert_volume as convert_volume
    from volumen.volumes.export import export_volume as export_volume
    from volumen.volumes.folders import list_volumes as list_volumes
    from volumen.volumes.formats import is_volume_folder as is_volume_folder
    from volumen.volumes.formats import name_volume as name_volume
    from volumen.volumes.inspection import Facts as Facts
    from volumen.volumes.inspection import Level as Level
    from volumen.volumes.inspection import Values as Values
    from volumen.volumes.inspection import inspect_volume as inspect_volume
    from volumen.volumes.intensity import Intensity as Intensity
    from volumen.volumes.intensity import choose_pieces as choose_pieces
    from volumen.volumes.intensity import measure_intensity as measure_intensity
    from volumen.volumes.layers import open_layers as open_layers
    from volumen.volumes.memory import ArrayVolume as ArrayVolume
    from volumen.volumes.memory import to_volume as to_volume
    from volumen.volumes.missing import Missing as Missing
    from volumen.volumes.missing import count_missing as count_missing
    from volumen.volumes.normalisation import DatasetZScoreNormalisation as DatasetZScoreNormalisation
    from volumen.volumes.normalisation import IntensityMap as IntensityMap
    from volumen.volumes.normalisation import NoNormalisation as NoNormalisation
    from volumen.volumes.normalisation import Normalisation as Normalisation
    from volumen.volumes.normalisation import PercentileNormalisation as PercentileNormalisation
    from volumen.volumes.normalisation import RangeNormalisation as RangeNormalisation
    from volumen.volumes.normalisation import ZScoreNormalisation as ZScoreNormalisation
    from volumen.volumes.opening import create_volume as create_volume
    from volumen.volumes.opening import open_volume as open_volume
    from volumen.volumes.resampling import Scale as Scale
    from volumen.volumes.resampling import find_nearest as find_nearest
    from volumen.volumes.resampling import read_linear as read_linear
    from volumen.volumes.resampling import read_nearest as read_nearest
    from volumen.volumes.resampling import scale_shape as scale_shape
    from volumen.volumes.slices import is_stack as is_stack
    from volumen.volumes.slices import sort_naturally as sort_naturally
    from volumen.volumes.spec import parse_spec as parse_spec
    from volumen.volumes.views import CroppedVolume as CroppedVolume
    from volumen.volumes.views import LayeredVolume as LayeredVolume
    from volumen.volumes.views import ResampledVolume as ResampledVolume
    from volumen.volumes.views import StackedVolume as StackedVolume
    from volumen.volumes.volume import Layout as Layout
    from volumen.volumes.volume import Offset as Offset
    from volumen.volumes.volume import Storage as Storage
    from volumen.volumes.volume import Volume as Volume
    from volumen.volumes.zarr_groups import create_group as create_group
    from volumen.volumes.zarr_groups import list_arrays as list_arrays
    from volumen.volumes.zarr_groups import read_attributes as read_attributes
    from volumen.volumes.zarr_groups import write_attributes as write_attributes

_HOMES = {
    "ArrayVolume": "memory",
    "DatasetZScoreNormalisation": "normalisation",
    "CroppedVolume": "views",
    "ResampledVolume": "views",
    "Facts": "inspection",
    "ConvertOptions": "conversion",
    "Converted": "conversion",
    "Intensity": "intensity",
    "IntensityMap": "normalisation",
    "LayeredVolume": "views",
    "Layout": "volume",
    "Level": "inspection",
    "Missing": "missing",
    "NoNormalisation": "normalisation",
    "Normalisation": "normalisation",
    "Offset": "volume",
    "PercentileNormalisation": "normalisation",
    "RangeNormalisation": "normalisation",
    "Scale": "resampling",
    "StackedVolume": "views",
    "Storage": "volume",
    "Values": "inspection",
    "Volume": "volume",
    "ZScoreNormalisation": "normalisation",
    "choose_pieces": "intensity",
    "count_missing": "missing",
    "convert_volume": "conversion",
    "create_group": "zarr_groups",
    "create_volume": "opening",
    "export_volume": "export",
    "find_nearest": "resampling",
    "inspect_volume": "inspection",
    "is_stack": "slices",
    "is_volume_folder": "formats",
    "limit_cache": "cache",
    "list_arrays": "zarr_groups",
    "list_volumes": "folders",
    "measure_intensity": "intensity",
    "name_volume": "formats",
    "open_layers": "layers",
    "open_volume": "opening",
    "parse_spec": "spec",
    "read_attributes": "zarr_groups",
    "read_linear": "resampling",
    "read_nearest": "resampling",
    "scale_shape": "resampling",
    "sort_naturally": "slices",
    "to_volume": "memory",
    "write_attributes": "zarr_groups",
}
__all__ = [
    "ArrayVolume",
    "ConvertOptions",
    "Converted",
    "CroppedVolume",
    "DatasetZScoreNormalisation",
    "Facts",
    "Intensity",
    "IntensityMap",
    "LayeredVolume",
    "Layout",
    "Level",
    "Missing",
    "NoNormalisation",
    "Normalisation",
    "Offset",
    "PercentileNormalisation",
    "RangeNormalisation",
    "ResampledVolume",
    "Scale",
    "StackedVolume",
    "Storage",
    "Values",
    "Volume",
    "ZScoreNormalisation",
    "choose_pieces",
    "convert_volume",
    "count_missing",
    "create_group",
    "create_volume",
    "export_volume",
    "find_nearest",
    "inspect_volume",
    "is_stack",
    "is_volume_folder",
    "limit_cache",
    "list_arrays",
    "list_volumes",
    "measure_intensity",
    "name_volume",
    "open_layers",
    "open_volume",
    "parse_spec",
    "read_attributes",
    "read_linear",
    "read_nearest",
    "scale_shape",
    "sort_naturally",
    "to_volume",
    "write_attributes",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.volumes.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

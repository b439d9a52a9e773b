"""Any array on disk as one `Volume`; streaming statistics and normalisation."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.volumes.intensity import Intensity as Intensity
    from volumen.volumes.intensity import measure_intensity as measure_intensity
    from volumen.volumes.memory import ArrayVolume as ArrayVolume
    from volumen.volumes.memory import to_volume as to_volume
    from volumen.volumes.normalisation import IntensityMap as IntensityMap
    from volumen.volumes.normalisation import NoNormalisation as NoNormalisation
    from volumen.volumes.normalisation import PercentileNormalisation as PercentileNormalisation
    from volumen.volumes.normalisation import RangeNormalisation as RangeNormalisation
    from volumen.volumes.normalisation import ZScoreNormalisation as ZScoreNormalisation
    from volumen.volumes.opening import create_volume as create_volume
    from volumen.volumes.opening import export_volume as export_volume
    from volumen.volumes.opening import list_volumes as list_volumes
    from volumen.volumes.opening import open_volume as open_volume
    from volumen.volumes.volume import Volume as Volume
    from volumen.volumes.zarr import create_group as create_group
    from volumen.volumes.zarr import read_attributes as read_attributes
    from volumen.volumes.zarr import write_attributes as write_attributes

_HOMES = {
    "ArrayVolume": "memory",
    "Intensity": "intensity",
    "IntensityMap": "normalisation",
    "NoNormalisation": "normalisation",
    "PercentileNormalisation": "normalisation",
    "RangeNormalisation": "normalisation",
    "Volume": "volume",
    "ZScoreNormalisation": "normalisation",
    "create_group": "zarr",
    "create_volume": "opening",
    "export_volume": "opening",
    "list_volumes": "opening",
    "measure_intensity": "intensity",
    "open_volume": "opening",
    "read_attributes": "zarr",
    "to_volume": "memory",
    "write_attributes": "zarr",
}
__all__ = [
    "ArrayVolume",
    "Intensity",
    "IntensityMap",
    "NoNormalisation",
    "PercentileNormalisation",
    "RangeNormalisation",
    "Volume",
    "ZScoreNormalisation",
    "create_group",
    "create_volume",
    "export_volume",
    "list_volumes",
    "measure_intensity",
    "open_volume",
    "read_attributes",
    "to_volume",
    "write_attributes",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.volumes.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

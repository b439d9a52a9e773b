"""Units of length as files write them, in nanometres."""

_NANOMETRES = {
    "pm": 1e-3,
    "picometer": 1e-3,
    "å": 0.1,
    "angstrom": 0.1,
    "nm": 1.0,
    "nanometer": 1.0,
    "µm": 1e3,
    "um": 1e3,
    "micron": 1e3,
    "micrometer": 1e3,
    "mm": 1e6,
    "millimeter": 1e6,
    "cm": 1e7,
    "centimeter": 1e7,
    "m": 1e9,
    "meter": 1e9,
    "in": 25.4e6,
    "inch": 25.4e6,
}


def find_nanometres(unit: object) -> float | None:
    """How many nanometres a unit is; None for what is no unit of length known here."""
    if not isinstance(unit, str):
        return None
    name = unit.strip().strip('"').lower().replace("\\u00b5", "µ").replace("μ", "µ")
    name = name.replace("metre", "meter")
    return _NANOMETRES.get(name) or _NANOMETRES.get(name.removesuffix("s"))

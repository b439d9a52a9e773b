"""Networks: planned from plain numbers, built by name, logits out for every head."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.networks.build import build_network as build_network
    from volumen.networks.build import build_planned_unet as build_planned_unet
    from volumen.networks.build import build_residual_unet as build_residual_unet
    from volumen.networks.build import build_unet as build_unet
    from volumen.networks.network import Network as Network
    from volumen.networks.network import count_parameters as count_parameters
    from volumen.networks.planner import NetworkPlan as NetworkPlan
    from volumen.networks.planner import Stage as Stage
    from volumen.networks.planner import format_plan as format_plan
    from volumen.networks.planner import plan_network as plan_network
    from volumen.networks.planner import round_up as round_up

_HOMES = {
    "Network": "network",
    "NetworkPlan": "planner",
    "Stage": "planner",
    "build_network": "build",
    "build_planned_unet": "build",
    "build_residual_unet": "build",
    "build_unet": "build",
    "count_parameters": "network",
    "format_plan": "planner",
    "plan_network": "planner",
    "round_up": "planner",
}
__all__ = [
    "Network",
    "NetworkPlan",
    "Stage",
    "build_network",
    "build_planned_unet",
    "build_residual_unet",
    "build_unet",
    "count_parameters",
    "format_plan",
    "plan_network",
    "round_up",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.networks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Networks: planned from plain numbers, built by name, logits out for every head."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volumen.networks.budget import BUDGETS as BUDGETS
    from volumen.networks.budget import Budget as Budget
    from volumen.networks.budget import Size as Size
    from volumen.networks.budget import TrainingPlan as TrainingPlan
    from volumen.networks.budget import choose_voxel_size as choose_voxel_size
    from volumen.networks.budget import count_maps as count_maps
    from volumen.networks.budget import plan_training as plan_training
    from volumen.networks.build import build_network as build_network
    from volumen.networks.build import forecast_plan as forecast_plan
    from volumen.networks.build import settle_network as settle_network
    from volumen.networks.family import StagedDesign as StagedDesign
    from volumen.networks.family import UNetDesign as UNetDesign
    from volumen.networks.family import design_light_unet as design_light_unet
    from volumen.networks.family import design_planned_unet as design_planned_unet
    from volumen.networks.family import design_residual_unet as design_residual_unet
    from volumen.networks.family import design_rsunet as design_rsunet
    from volumen.networks.family import design_unet as design_unet
    from volumen.networks.mednext import MedNeXtDesign as MedNeXtDesign
    from volumen.networks.memory import Memory as Memory
    from volumen.networks.memory import forecast_memory as forecast_memory
    from volumen.networks.memory import observe_memory as observe_memory
    from volumen.networks.monai_unets import DynUNetDesign as DynUNetDesign
    from volumen.networks.monai_unets import MonaiUNetDesign as MonaiUNetDesign
    from volumen.networks.network import Design as Design
    from volumen.networks.network import Network as Network
    from volumen.networks.network import Task as Task
    from volumen.networks.network import count_parameters as count_parameters
    from volumen.networks.nnunet import fill_from_nnunet as fill_from_nnunet
    from volumen.networks.plan import NetworkPlan as NetworkPlan
    from volumen.networks.plan import Stage as Stage
    from volumen.networks.plan import format_plan as format_plan
    from volumen.networks.plan import round_up as round_up
    from volumen.networks.planner import Widths as Widths
    from volumen.networks.planner import plan_network as plan_network
    from volumen.networks.planner import plan_poolings as plan_poolings
    from volumen.networks.segresnet import SegResNetDesign as SegResNetDesign
    from volumen.networks.segresnet import VistaDesign as VistaDesign
    from volumen.networks.speed import arrange_weights as arrange_weights
    from volumen.networks.speed import compile_network as compile_network
    from volumen.networks.speed import put_channels_last as put_channels_last
    from volumen.networks.timing import Seconds as Seconds
    from volumen.networks.timing import forecast_seconds as forecast_seconds
    from volumen.networks.transfer import Transfer as Transfer
    from volumen.networks.transfer import name_weights as name_weights
    from volumen.networks.transfer import transfer_weights as transfer_weights
    from volumen.networks.transformers import SwinUNETRDesign as SwinUNETRDesign
    from volumen.networks.transformers import UNETRDesign as UNETRDesign
    from volumen.networks.unet import UNet as UNet

_HOMES = {
    "BUDGETS": "budget",
    "Budget": "budget",
    "Design": "network",
    "DynUNetDesign": "monai_unets",
    "MedNeXtDesign": "mednext",
    "Memory": "memory",
    "MonaiUNetDesign": "monai_unets",
    "Network": "network",
    "NetworkPlan": "plan",
    "Seconds": "timing",
    "SegResNetDesign": "segresnet",
    "Size": "budget",
    "Stage": "plan",
    "StagedDesign": "family",
    "SwinUNETRDesign": "transformers",
    "Task": "network",
    "TrainingPlan": "budget",
    "Transfer": "transfer",
    "UNETRDesign": "transformers",
    "UNet": "unet",
    "UNetDesign": "family",
    "VistaDesign": "segresnet",
    "Widths": "planner",
    "arrange_weights": "speed",
    "build_network": "build",
    "choose_voxel_size": "budget",
    "compile_network": "speed",
    "count_maps": "budget",
    "count_parameters": "network",
    "design_light_unet": "family",
    "design_planned_unet": "family",
    "design_residual_unet": "family",
    "design_rsunet": "family",
    "design_unet": "family",
    "fill_from_nnunet": "nnunet",
    "forecast_memory": "memory",
    "forecast_plan": "build",
    "forecast_seconds": "timing",
    "format_plan": "plan",
    "name_weights": "transfer",
    "observe_memory": "memory",
    "plan_network": "planner",
    "plan_poolings": "planner",
    "plan_training": "budget",
    "put_channels_last": "speed",
    "round_up": "plan",
    "settle_network": "build",
    "transfer_weights": "transfer",
}
__all__ = [
    "BUDGETS",
    "Budget",
    "Design",
    "DynUNetDesign",
    "MedNeXtDesign",
    "Memory",
    "MonaiUNetDesign",
    "Network",
    "NetworkPlan",
    "Seconds",
    "SegResNetDesign",
    "Size",
    "Stage",
    "StagedDesign",
    "SwinUNETRDesign",
    "Task",
    "TrainingPlan",
    "Transfer",
    "UNETRDesign",
    "UNet",
    "UNetDesign",
    "VistaDesign",
    "Widths",
    "arrange_weights",
    "build_network",
    "choose_voxel_size",
    "compile_network",
    "count_maps",
    "count_parameters",
    "design_light_unet",
    "design_planned_unet",
    "design_residual_unet",
    "design_rsunet",
    "design_unet",
    "fill_from_nnunet",
    "forecast_memory",
    "forecast_plan",
    "forecast_seconds",
    "format_plan",
    "name_weights",
    "observe_memory",
    "plan_network",
    "plan_poolings",
    "plan_training",
    "put_channels_last",
    "round_up",
    "settle_network",
    "transfer_weights",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"volumen.networks.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

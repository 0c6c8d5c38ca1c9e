"""The catalogue: facts about GPUs, cloud instances, models and grids, looked up by the names people write."""

from ecolint.catalog.checkpoints import Checkpoint, checkpoint, requantized
from ecolint.catalog.gpus import PLATFORMS, Gpu, Instance, all_gpus, canonical, gpu, gpus, instance, requested, vendor
from ecolint.catalog.models import Model, Size, all_models, model, published, size_in_name
from ecolint.catalog.regions import Region, all_regions, equivalents, region
from ecolint.catalog.shapes import decoder_parameters
from ecolint.catalog.sizes import crossover, least_bytes, precisions, weights_gb

__all__ = [
    "PLATFORMS",
    "Checkpoint",
    "Gpu",
    "Instance",
    "Model",
    "Region",
    "Size",
    "all_gpus",
    "all_models",
    "all_regions",
    "canonical",
    "checkpoint",
    "crossover",
    "decoder_parameters",
    "equivalents",
    "gpu",
    "gpus",
    "instance",
    "least_bytes",
    "model",
    "precisions",
    "published",
    "region",
    "requantized",
    "requested",
    "size_in_name",
    "vendor",
    "weights_gb",
]

"""How platforms ask for GPUs, with what their spellings trap one into: alternatives, memory, parts, ranges, counts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecolint import catalog
from ecolint.model import Alternative, Data, Entry, Items, Place, Span, Table
from ecolint.stacks import spelling

UNDECIDED = {
    ("ray", "V100"),
    ("ray", "Intel-GAUDI"),
    ("dstack", "V100"),
    ("modal", "B200+"),
    ("karpenter", "a100"),
    ("karpenter", "v100"),
}
"""Names that a platform gives to cards of different memory."""


def spellings() -> list[tuple[str, str, str]]:
    """Platform, spelling and the catalogue's name of the card in whose row it stands."""
    path = Path(catalog.__file__).parent / "gpus.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (platform, one.strip(), row["gpu"])
        for row in rows
        for platform, column in catalog.PLATFORMS.items()
        for one in row[column].split(";")
        if one.strip()
    ]


@pytest.mark.parametrize(("platform", "written"), sorted({(platform, one) for platform, one, _ in spellings()}))
def test_every_spelling_of_every_platform_is_one_card(platform: str, written: str) -> None:
    rows = [catalog.gpu(name) for p, one, name in spellings() if (p, one) == (platform, written)]
    found = catalog.gpu(written, platform)
    if (platform, written) in UNDECIDED:
        assert found is None
        return
    assert found is not None
    assert found in rows
    for asked, count in ((f"{written}:8", 8), (f"4x {written}", 4), (f"{written} x2", 2), (written.lower(), 1)):
        assert catalog.gpu(asked, platform) == found, asked
        assert catalog.requested(asked)[1] == count


def mapping(**fields: Data) -> Table:
    """A mapping as a settings file holds it; the underscores of its keys stand for what a keyword cannot hold."""
    place = Place("task.yaml", Span(0, 0))
    entries = (Entry(name, (Alternative("known", data),), place) for name, data in fields.items())
    return Table("yaml.mapping", place, tuple(entries))


def items(*data: Data) -> Items:
    return Items(tuple((Alternative("known", one),) for one in data))


@pytest.mark.parametrize(
    ("platform", "asked", "card", "count"),
    [
        # the same name, another card
        ("skypilot", "A100:8", "A100 40GB SXM4", 8),
        ("skypilot", "A100-80GB:4", "A100 80GB SXM4", 4),
        ("skypilot", "V100", "V100 SXM2 16GB", 1),
        ("skypilot", "V100-32GB:2", "V100 SXM2 32GB", 2),
        ("modal", "A100", "A100 40GB SXM4", 1),
        ("modal", "H100!:8", "H100 SXM5", 8),
        ("modal", "B200+", None, 1),
        ("gke", "nvidia-tesla-a100", "A100 40GB SXM4", 1),
        ("truss", "A100", "A100 80GB SXM4", 1),
        ("truss", "A100_40GB:2", "A100 40GB SXM4", 2),
        ("truss", "H100_40GB", None, 1),
        ("endpoints", "nvidia-a100", "A100 80GB SXM4", 1),
        ("beam", "A100-40", "A100 40GB SXM4", 1),
        ("beam", "A100_80", "A100 80GB SXM4", 1),
        ("beam", "any", None, 1),
        ("ray", "A10", "A10G", 1),
        ("ray", "A100", None, 1),
        ("ray", "A100-40G", "A100 40GB SXM4", 1),
        ("ray", "H100", "H100 SXM5", 1),
        ("modal", "A10", "A10", 1),
        ("fly", "a100-40gb", "A100 40GB PCIe", 1),
        ("cerebrium", "ADA_L40", "L40S", 1),
        ("runpod", "NVIDIA A100-SXM4-80GB", "A100 80GB SXM4", 1),
        ("runpod", "NVIDIA GeForce RTX 4090", "RTX 4090", 1),
        # memory, counts and ranges
        ("dstack", "A100", None, 1),
        ("dstack", "A100:80GB", "A100 80GB SXM4", 1),
        ("dstack", "A100:80GB:2", "A100 80GB SXM4", 2),
        ("dstack", "A100:80GB..", "A100 80GB SXM4", 1),
        ("dstack", "A100:40GB..60GB:2", "A100 40GB SXM4", 2),
        ("dstack", "A100:40GB..:2", None, 2),
        ("dstack", "L4:24GB..", "L4", 1),
        ("dstack", "nvidia:L4:2", "L4", 2),
        ("dstack", "H100:1..8", "H100 SXM5", None),
        ("dstack", "H100:2..", "H100 SXM5", None),
        ("dstack", "24GB", None, 1),
        ("dstack", "24GB..40GB:2", None, 2),
        ("dstack", "24GB..", None, 1),
        ("dstack", 8, None, 8),
        ("dstack", "L4,A10G:2", None, 2),
        ("skypilot", "L4:0.5", None, None),
        # lists, sets and mappings
        ("skypilot", items("L4"), "L4", 1),
        ("skypilot", items("L4", "A10G"), None, 1),
        ("skypilot", items("L4:2", "A10G"), None, None),
        ("skypilot", mapping(H100=8), "H100 SXM5", 8),
        ("skypilot", mapping(L4=None), "L4", 1),
        ("skypilot", mapping(L4=None, A10G=None), None, 1),
        ("skypilot", mapping(L4=2, A10G=1), None, None),
        ("skypilot", mapping(**{"L4:8": None}), "L4", 8),
        ("skypilot", mapping(**{"L4:8": None, "A10G:8": None}), None, 8),
        ("skypilot", mapping(**{"A100-80GB": 4}), "A100 80GB SXM4", 4),
        ("dstack", mapping(name="A100", memory="80GB", count=2), "A100 80GB SXM4", 2),
        ("dstack", mapping(name="A100", count=2), None, 2),
        ("dstack", mapping(name=items("A100", "H100"), memory="80GB"), None, None),
        ("dstack", mapping(name=items("H100")), "H100 SXM5", 1),
        ("dstack", mapping(name="L4", count="1..4"), "L4", None),
        ("dstack", mapping(memory="24GB..", count=4), None, 4),
        ("dstack", mapping(), None, None),
        # a part of a card is not the card
        ("gfd", "NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", None, 1),
        ("gfd", "NVIDIA-H100-80GB-HBM3-MIG-3g.40gb", None, 1),
    ],
)
def test_what_is_asked_for(platform: str, asked: Data, card: str | None, count: int | None) -> None:
    def read(kind: str) -> object:
        try:
            return spelling.read(asked, kind)
        except spelling.Unreadable:
            return None

    assert (read(f"gpu:{platform}"), read("gpu_count")) == (card, count)


@pytest.mark.parametrize(
    ("name", "card", "count"),
    [
        ("Standard_NC40ads_H100_v5", "H100 NVL", 1),
        ("Standard_NC80adis_H100_v5", "H100 NVL", 2),
        ("Standard_ND96isr_H100_v5", "H100 SXM5", 8),
        ("Standard_NC24ads_A100_v4", "A100 80GB PCIe", 1),
        ("a2-highgpu-8g", "A100 40GB SXM4", 8),
        ("a2-ultragpu-1g", "A100 80GB SXM4", 1),
        ("g5.12xlarge", "A10G", 4),
        ("ml.g5.12xlarge", "A10G", 4),
        ("ml.g6e.12xlarge", "L40S", 4),
        ("ml.p5en.48xlarge", "H200 SXM", 8),
        ("p4d.24xlarge", "A100 40GB SXM4", 8),
    ],
)
def test_an_instance_type_is_its_cards(name: str, card: str, count: int) -> None:
    assert (spelling.read(name, "instance_gpu"), spelling.read(name, "instance_gpu_count")) == (card, count)


def test_an_instance_of_sagemaker_is_the_machine_of_the_same_name() -> None:
    path = Path(catalog.__file__).parent / "instances.csv"
    with path.open(encoding="utf-8", newline="") as file:
        names = [row["instance_type"] for row in csv.DictReader(file) if row["instance_type"].startswith("ml.")]
    assert len(names) == 20
    for name in names:
        hosted, machine = catalog.instance(name), catalog.instance(name.removeprefix("ml."))
        assert hosted is not None
        assert machine is not None
        assert (hosted.gpu, hosted.gpu_count) == (machine.gpu, machine.gpu_count), name
    assert catalog.instance("ml.m5.large") is None


@pytest.mark.parametrize("kind", ["instance_gpu", "instance_gpu_count"])
def test_a_part_of_a_card_that_is_rented_is_no_card(kind: str) -> None:
    with pytest.raises(spelling.Unreadable):
        spelling.read("Standard_NV6ads_A10_v5", kind)

"""The picture of a calibration: predicted against measured ratio, a panel for each comparison, a mark for each tier."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib

matplotlib.use("Agg")

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

if TYPE_CHECKING:
    from calibration import Trial

TITLES = {
    "nf4 / fp16": ("NF4 against FP16", "#0072B2"),
    "int8_default / fp16": ("default INT8 against FP16", "#D55E00"),
    "int8_pure / fp16": ("INT8, threshold 0, against FP16", "#009E73"),
    "int8_default / int8_pure": ("default INT8 against threshold 0", "#7B3294"),
}
"""Panels by what is compared, with colours that stay apart for the colour-blind."""
MARKS = {"same GPU": ("o", 0.985), "same architecture": ("s", 1.0), "other architectures": ("^", 1.015)}
"""A mark for each tier, and how far it is moved sideways: one measured ratio is predicted from several tiers."""
TICKS = (0.5, 0.7, 1, 1.5, 2, 3, 5, 8)


def plot(found: Sequence[Trial], path: Path) -> None:
    """Write a PNG of the ratios that some session reaches, both axes logarithmic, the 90 % intervals as bars."""
    figure = Figure(figsize=(9, 9.4), layout="constrained")
    for at, (name, (title, colour)) in enumerate(TITLES.items(), 1):
        trials = [each for each in found if each.told.inside and each.tier in MARKS and each.asked.name == name]
        axes = figure.add_subplot(2, 2, at)
        low, high = _limits(trials)
        axes.plot([low, high], [low, high], color="0.4", linewidth=1, zorder=1)
        for tier, (mark, aside) in MARKS.items():
            pairs = [(t.told.forecast, exp(t.asked.point.value) * aside) for t in trials if t.tier == tier]
            reach = [
                [exp(one.centre) - exp(one.centre - one.down) for one, _ in pairs],
                [exp(one.centre + one.up) - exp(one.centre) for one, _ in pairs],
            ]
            axes.errorbar(
                [measured for _, measured in pairs],
                [exp(one.centre) for one, _ in pairs],
                yerr=reach,
                fmt=mark,
                color=colour,
                markerfacecolor=_filling(tier, colour),
                markersize=6,
                elinewidth=0.6,
            )
        axes.set(title=title, xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(FixedLocator([tick for tick in TICKS if low <= tick <= high]))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(StrMethodFormatter("×{x:g}"))
        axes.grid(color="0.9", linewidth=0.6)
        axes.set_axisbelow(True)
    keys = [
        Line2D([], [], marker=mark, color="0.2", linestyle="", markerfacecolor=_filling(tier, "0.2"))
        for tier, (mark, _) in MARKS.items()
    ]
    names = [f"predicted from {'the ' if tier.startswith('same') else ''}{tier}" for tier in MARKS]
    figure.legend(keys, names, loc="outside upper center", ncols=3, frameon=False, fontsize="small")
    figure.supxlabel("measured energy ratio, each session held out in turn", fontsize="medium")
    figure.supylabel("predicted ratio and its 90 % interval", fontsize="medium")
    figure.savefig(path, dpi=90, metadata={"Software": None})


def _limits(trials: Sequence[Trial]) -> tuple[float, float]:
    """The ends that hold every mark and bar of a panel."""
    told = [trial.told.forecast for trial in trials]
    values = [trial.asked.point.value for trial in trials]
    low = min([*values, *(one.centre - one.down for one in told)])
    high = max([*values, *(one.centre + one.up for one in told)])
    return exp(low - 0.05), exp(high + 0.05)


def _filling(tier: str, colour: str) -> str:
    return colour if tier == "same GPU" else "white"

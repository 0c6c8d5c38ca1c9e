"""The room that names the data behind the figures: what reports end with, without reading any of it."""

from __future__ import annotations

from collections.abc import Mapping

from ecolint.speech import Said, say

DATASET = say("EcoCompute measurements (Hongping Zhang), as judged and shipped with ecolint")
VERSION = "2026-11"
DOI = "10.5281/zenodo.18900289"
DOIS: tuple[str, ...] = (DOI, "10.5281/zenodo.19647290")

SOURCES: Mapping[str, str] = {
    "skill-v2.5.0": "EcoCompute skill v2.5.0",
    "skill-v3.0.8": "EcoCompute skill v3.0.8",
    "dynamic-eval-memo": "ecocompute-dynamic-eval, dataset memo",
    "dynamic-eval-batch-sweep": "ecocompute-dynamic-eval, raw batch sweep",
    "zenodo-v1.1.0": f"EcoCompute dataset v1.1.0, doi:{DOIS[0]}",
    "rtx4090-2026-07": f"EcoCompute dataset, RTX 4090 2026-07, doi:{DOIS[1]}",
}
"""What each source key is called in print."""

WORKS = say(
    "EcoCompute skill v2.5.0 and v3.0.8, ecocompute-dynamic-eval, EcoCompute dataset v1.1.0 and RTX 4090 2026-07"
)
"""The sources by name, for the line that reports end with."""


def dataset_line() -> Said:
    """What every report for people ends with: where the figures come from, and of which version they are."""
    return say(
        "Evidence: {dataset}, version {version}, from {works}; {dois}; energy of the GPU board alone.",
        dataset=DATASET,
        version=VERSION,
        works=WORKS,
        dois=", ".join(f"doi:{one}" for one in DOIS),
    )


def own_line(counts: Mapping[str, int]) -> Said:
    """That a user's own files are used too, by name and number of rows."""
    files = ", ".join(f"{file} ({count})" for file, count in counts.items())
    return say("Your own measurements, which come first (rows): {files}.", files=files)

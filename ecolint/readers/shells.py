"""The shells that a container's command may hand a script to: `sh -c "…"`."""

from __future__ import annotations

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})

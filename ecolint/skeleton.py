"""The skeleton of a new rule: a file that loads as it stands and says what to fill in."""

from __future__ import annotations

_SKELETON = '''code = "{code}"
name = "{name}"
basis = "derived"                        # measured | derived | convention
summary = "say in a few words what the rule fires on"
# claim = "…"                            # the id of a published claim, quoted beside the estimate
# compare = {{ quantization = "none" }}    # what energy is compared with; without it, the first better deployment
# defers_to = ["…"]                      # rules that speak of the same waste: where one fires, this one does not
# rises = false                          # the level stays, whatever the estimate says
# settled = true                         # only where no branch decides it
# advised = true                         # the advisor warns of it even where conventions are off
# unanimous = true                       # only where every variant that reads the culprit agrees

[[case]]                                 # the first case that holds is reported
when = "execution == 'eager'"
level = "yellow"                         # red | yellow | green | gray
message = "one sentence that stands alone[ about {{model}}], without a full stop"
underline = ["execution"]                # the facts whose text is shown, most telling first
# quantify = false                       # no figure stands beside the finding
# likely = true                          # the case itself is a heuristic

[[better]]                               # best first; every one that holds is offered, the first is applied
set = {{ execution = ["compiled", "cuda_graphs"] }}
# when = "…"                             # asked of the deployment as it is
# needs = "fits_in_vram()"               # asked of the better deployment
applicability = "unsafe"                 # safe | unsafe | manual (with advice)
title = "say what the fix does"

[docs]
what = """
Say what the rule finds, and what it leaves alone.
"""
why = """
Say why it wastes energy.
"""
fix_safety = """
Say what a fix changes: numerics, memory, speed.
"""
references = ["name the source that was read"]

[[docs.example]]
file = "serve.py"                        # its suffix tells the syntax; gpu and context may be set too
bad = """
code that draws the rule
"""
good = """
code that draws nothing
"""

# [zh]                                   # the same texts in Chinese, once the English ones stand: summary,
# [[zh.case]], [[zh.detail]], [[zh.better]] for each of the above in their order, [zh.docs]
'''


def skeleton(code: str, name: str) -> tuple[str, str]:
    """The file name and the text of a new rule, which loads as it stands."""
    return f"{code}_{name.replace('-', '_')}.toml", _SKELETON.format(code=code, name=name)

# SPDX-License-Identifier: Apache-2.0
"""Lives that carry one number in several places, from their first moment on (odd_process births and lives)."""
import re


def marks(line):
    """Where the captures of one line carry the number of a life: place to number."""
    found = {}
    for capture in line.captures:
        texts = {"stat": capture.entries.get("stat"), "comm": capture.entries.get("comm"),
                 "status": capture.entries.get("status", b"").split(b"\n")[0], "fd/{}": capture.entries.get("100"),
                 "cmdline": capture.entries.get("cmdline"), "environ": capture.entries.get("environ")}
        match = re.search(rb"(?:born|life)-(\d{6})", texts.get(capture.name) or b"")
        if match:
            found[capture.name] = int(match[1])
    return found


def torn(line):
    """Captures that say `complete` for less than the whole of a life that had all marks."""
    here = {capture.name: capture for capture in line.captures if capture.outcome == "complete"}
    empty = [name for name in ("cmdline", "environ", "maps", "exe") if name in here and not here[name].length]
    if "fd/{}" in here and "100" not in here["fd/{}"].entries and "100" not in here["fd/{}"].lost:
        empty.append("fd/{}")
    return empty

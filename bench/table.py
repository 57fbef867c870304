"""What every table of figures here needs: the machine it was taken on, and its place in a page."""

from __future__ import annotations

import os
import platform
import sys
import time
from pathlib import Path


def machine() -> str:
    """What the figures were taken on."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) // 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    about = f"{os.cpu_count()} cores ({model or platform.machine()}), {memory} GiB"
    return f"{time.strftime('%Y-%m-%d')}, {platform.system()} {platform.release()}, {about}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def write(target: Path, text: str, name: str = "bench") -> None:
    """Put a table between the two marks of its name in a page. Exits when the page has none."""
    begin_mark, end_mark = f"<!-- {name} -->", f"<!-- /{name} -->"
    page = target.read_text()
    before, begin, rest = page.partition(begin_mark)
    _old, end, after = rest.partition(end_mark)
    if not (begin and end):
        sys.exit(
            f"{target}: the marks {begin_mark} and {end_mark} are not in it; they say where the table goes. Add them."
        )
    target.write_text(f"{before}{begin_mark}\n{text}\n{end_mark}{after}")

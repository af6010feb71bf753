"""The machine of a measurement, which the output of the benchmark names above its table."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")
DMI = Path("/run/udev/data/+dmi:id")
"""Copy by udev of the DMI tables, which only root may read: the kind of each memory module, among others."""
UNKNOWN = "kind unknown"
_GIB = 2**30


def describe(command: str) -> str:
    """Return a Markdown list: processor, memory, system, date, and the command of the measurement."""
    memory = f"{psutil.virtual_memory().total / _GIB:.1f} GiB, {memory_kind(DMI)}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return "\n".join(
        (
            f"- Processor: {processor(CPU_INFO)}, {os.cpu_count()} cores",
            f"- Memory: {memory}",
            f"- System: {platform.system()} {platform.release()}, {python}, uvicorn {version('uvicorn')}",
            f"- Measured: {datetime.now(UTC):%Y-%m-%d}, load average {psutil.getloadavg()[0]:.1f} at the start",
            f"- Command: `{command}`",
        )
    )


def processor(cpu_info: Path) -> str:
    """Return the model of the processor; with family and model, because virtual machines shorten the name."""
    try:
        text = cpu_info.read_text("utf-8")
    except OSError:
        return platform.machine()
    found: dict[str, str] = dict(re.findall(r"^(model name|cpu family|model)\s*: (.+)$", text, re.MULTILINE))
    if "model name" not in found:
        return platform.machine()
    return f"{found['model name']} (family {found.get('cpu family')}, model {found.get('model')})"


def memory_kind(dmi: Path) -> str:
    """Return kind and speed of the memory modules, such as "DDR5 4800 MT/s", or `UNKNOWN`."""
    try:
        text = dmi.read_text("utf-8")
    except OSError:
        return UNKNOWN
    kinds = re.findall(r"^E:MEMORY_DEVICE_\d+_TYPE=(.+)$", text, re.MULTILINE)
    speeds = re.findall(r"^E:MEMORY_DEVICE_\d+_SPEED_MTS=(.+)$", text, re.MULTILINE)
    return " ".join((*sorted(set(kinds)), *(f"{speed} MT/s" for speed in sorted(set(speeds))))) or UNKNOWN

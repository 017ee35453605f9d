"""What this machine is, and which of its cores a process may keep to."""

import os
import platform


def cores() -> list[int]:
    """Give the cores this process may use; empty where the system does not say."""
    affinity = getattr(os, "sched_getaffinity", None)
    return sorted(affinity(0)) if affinity else []


def pin_to_core(core: int | None) -> None:
    """Keep this process to one core; ``None`` leaves it free."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def describe() -> str:
    """Name the system, its cores and the interpreter in one line."""
    return (
        f"{platform.system()} {platform.machine()}, {len(cores()) or os.cpu_count()} cores, "
        f"{platform.python_implementation()} {platform.python_version()}"
    )

"""The command line as a process of its own, as users run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LIMIT_SECONDS = 120  # of a program that hangs


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without the developer's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WEEX_")}
    return {**kept, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "80", **(extra or {})}


def call(
    *arguments: str, script: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run to the end; ``script`` replaces ``-m weex_client``."""
    return subprocess.run(
        command(*arguments, script=script),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        env=environment(variables),
        check=False,
    )


def start(*arguments: str, script: str | None = None) -> subprocess.Popen[str]:
    """Start, with pipes for both outputs."""
    return subprocess.Popen(
        command(*arguments, script=script),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def command(*arguments: str, script: str | None = None) -> list[str]:
    start_of_it = ("-m", "weex_client") if script is None else ("-c", script)
    return [sys.executable, *start_of_it, *arguments]

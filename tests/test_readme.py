"""The README says what is true: its commands are those that run, its code is an example's."""

from __future__ import annotations

import os
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.rst").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    pattern = rf"^\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)"
    return [textwrap.dedent(found).strip("\n") for found in re.findall(pattern, README, re.M)]


def set_up_commands() -> list[str]:
    """Return the README's commands that make a virtual environment."""
    return [block for block in blocks("bash") if "venv" in block]


def test_readme_has_two_set_up_commands_of_one_line_each() -> None:
    commands = set_up_commands()

    assert len(commands) == 2
    assert not any("\n" in command for command in commands)


def test_first_command_installs_the_package_and_watches_the_sandbox() -> None:
    first, _ = set_up_commands()

    assert ".[cli]" in first
    assert first.endswith("weex-client watch --sandbox BTCUSDT ETHUSDT")


def test_ci_runs_the_second_command_word_for_word() -> None:
    _, second = set_up_commands()
    script = ROOT / ".ci" / "run"
    lines = [line for line in script.read_text().splitlines() if line and line[0] != "#"]

    assert lines == ["set -e", 'cd "$(dirname "$0")/.."', second]
    assert os.access(script, os.X_OK)


def test_second_command_pins_the_nox_that_the_checks_need() -> None:
    _, second = set_up_commands()
    needed = re.search(r'needs_version = ">=(.+)"', (ROOT / "noxfile.py").read_text())

    assert needed is not None
    assert f"nox=={needed[1]} " in second


def test_usage_is_the_quickstart_example() -> None:
    usage = next(block for block in blocks("python") if "import asyncio" in block)
    example = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")
    body, _, _ = example.partition('\n\nif __name__ == "__main__":')

    assert usage == f"{body}\n\nasyncio.run(quickstart(WeexConfig.from_env()))"


@pytest.mark.parametrize("path", sorted(set(re.findall(r"<((?:docs|examples)/[^>]+)>`__", README))))
def test_link_of_the_readme_leads_to_a_file(path: str) -> None:
    assert (ROOT / path).exists()


def test_python_versions_of_the_readme_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["requires-python"] == ">=3.11"
    assert "Python 3.11 or newer" in README

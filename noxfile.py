"""Every check of the project; ``nox`` alone runs all but the benchmark and the long searches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nox

PROJECT = nox.project.load_toml("pyproject.toml")

# The Python that runs nox is always there; on it, coverage is measured too.
OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = tuple(dict.fromkeys(("3.11", "3.12", "3.13", "3.14", OWN_PYTHON)))

# Rooms without I/O: no branch of them may go untested.
PURE_ROOMS = (
    "weex_client/book/*",
    "weex_client/export/candles.py",
    "weex_client/export/columns.py",
    "weex_client/export/intervals.py",
    "weex_client/export/known.py",
    "weex_client/models/*",
    "weex_client/protocol/*",
    "weex_client/simulation/*",
    "weex_client/streaming/book_feed.py",
    "weex_client/streaming/budget.py",
    "weex_client/streaming/continuity.py",
    "weex_client/streaming/feed_state.py",
    "weex_client/streaming/feeds.py",
    "weex_client/streaming/handover.py",
    "weex_client/streaming/liveness.py",
    "weex_client/streaming/outages.py",
    "weex_client/streaming/passengers.py",
    "weex_client/streaming/registry.py",
    "weex_client/streaming/requests.py",
    "weex_client/streaming/server_time.py",
    "weex_client/streaming/session.py",
    "weex_client/venues/*",
)

# Fifty runs of ten simulated minutes, about a second each.
SIMULATION = "tests/simulate/test_simulate.py"

# A process for each core; whoever is done takes over from the others.
IN_PARALLEL = ("-n", "auto", "--dist", "worksteal")

# Where version managers put interpreters that are not, or not usably, on the PATH.
VERSION_FOLDERS = (
    Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions",
    Path.home() / ".asdf" / "installs" / "python",
    Path.home() / ".local" / "share" / "mise" / "installs" / "python",
    Path.home() / ".local" / "share" / "uv" / "python",
)

nox.needs_version = ">=2026.10.20"
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
# Nox would make a missing Python an error wherever CI is set; here it is skipped everywhere.
nox.options.error_on_missing_interpreters = False


def works(python: Path) -> bool:
    """Tell whether an interpreter runs at all; a version manager's stand-in may not."""
    try:
        run = subprocess.run([python, "-c", ""], capture_output=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0


def folders_with_pythons() -> list[str]:
    """Return the folders of version managers that hold a Python to test with."""
    found = []
    for version in PYTHONS:
        candidates = (
            folder / f"python{version}"
            for versions in VERSION_FOLDERS
            for folder in sorted(versions.glob(f"*{version}*/bin"), reverse=True)
        )
        found += [str(python.parent) for python in candidates if works(python)][:1]
    return found


os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", ""), *folders_with_pythons()])


def group(name: str) -> tuple[str, ...]:
    """Return the pinned requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format of everything."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package, of the examples, and those that users see."""
    session.install(*group("types"), "-e", ".[cli,paper,testing,mongo]")
    session.run("mypy", "--strict")
    session.run("mypy", "--strict", "examples")
    # A program that reads everything the package offers, and never meets an Any.
    session.run("mypy", "--strict", "tests/examples/typed_reading.py")


@nox.session
def contracts(session: nox.Session) -> None:
    """Check that each room imports only rooms below it."""
    session.install(*group("contracts"), "-e", ".[cli,paper]")
    session.run("lint-imports")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests; on the Python that runs nox, with branch coverage and all fifty seeds."""
    recipes = group("recipes") if session.python == OWN_PYTHON else ()
    session.install(*group("tests"), *group("files"), *recipes, "-e", ".[cli,export,mongo,paper]")
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    # The examples have a session of their own, as installed. Measuring coverage doubles what the
    # simulation takes, and it covers nothing of its own.
    arguments = (
        *IN_PARALLEL,
        "--ignore=tests/examples/test_example_files.py",
        f"--ignore={SIMULATION}",
    )
    if session.python != OWN_PYTHON:
        session.run("python", "-m", "pytest", *arguments)
        session.run("python", "-m", "tests.simulate", "--seeds", "10")
        return
    session.run("python", "-m", "pytest", *IN_PARALLEL, SIMULATION)
    session.run("python", "-m", "pytest", "--cov", "--cov-report=", *arguments)
    session.run("coverage", "report", "--skip-covered")
    session.run("coverage", "report", "--show-missing", f"--include={','.join(PURE_ROOMS)}")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(*group("docs"), "-e", ".[cli,paper]")
    session.run("sphinx-build", "-W", "-n", "--keep-going", "-q", "docs", "docs/_build/html")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every example against the embedded exchange, as installed from a wheel."""
    session.install(*group("tests"), ".[paper]")
    session.run("python", "-m", "pytest", *IN_PARALLEL, "tests/examples/test_example_files.py")


@nox.session(default=False)
def simulate(session: nox.Session) -> None:
    """Run 500 seeds of WEEX, 60 of each other venue, 200 of an account; arguments go to it."""
    session.install(*group("tests"), "-e", ".[cli]")
    if session.posargs:
        session.run("python", "-m", "tests.simulate", *session.posargs)
        return
    session.run("python", "-m", "tests.simulate", "--venue", "all")
    account = ("--account", "--seeds", "200", "--seconds", "300")
    session.run("python", "-m", "tests.simulate", *account)


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Do each fault to a client 30 times, and print what came of it as a table."""
    session.install(*group("tests"), "-e", ".[cli]")
    session.run("python", "-m", "tests.faults", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Put 200,000 bad frames into every venue's sessions; arguments go to the fuzzer."""
    session.install(*group("tests"), "-e", ".[cli]")
    session.run("python", "-m", "tests.fuzz", *(session.posargs or ["--frames", "200000"]))


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure; arguments after ``--`` go to the benchmark."""
    session.install(*group("bench"), *group("files"), "-e", ".[cli,export,mongo,paper]")
    session.run("python", "-m", "tests.bench", *session.posargs)
    if not session.posargs:
        session.run("python", "-m", "tests.sinks.speed")
        session.run("python", "-m", "tests.bench.export")
        session.run("python", "-m", "tests.bench.replaying")

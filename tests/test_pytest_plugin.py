"""The pytest plugin, in runs of its own, as a user's project has it."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
# A checkout that is not installed has no entry point.
BY_NAME = (
    ()
    if entry_points(group="pytest11", name="weex_client")
    else ("-p", "weex_client.pytest_plugin")
)

INI = """
    [pytest]
    asyncio_mode = {mode}
    asyncio_default_fixture_loop_scope = function
    filterwarnings = error
"""
BOT_TEST = """
    async def test_bot(weex_sandbox_client, sandbox_exchange):
        async for message in weex_sandbox_client.stream_tickers("BTCUSDT"):
            assert message.data.last > 0
            break
        (connection,) = sandbox_exchange.connections
        assert connection.path == "/contract/v3/ws/public"
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini(INI.format(mode="auto"))
    return pytester


def run(project: pytest.Pytester, *options: str) -> pytest.RunResult:
    return project.runpytest_subprocess("--strict-markers", *BY_NAME, *options)


def test_fixtures_give_an_exchange_and_a_client_of_it(project: pytest.Pytester) -> None:
    project.makepyfile(BOT_TEST)
    run(project).assert_outcomes(passed=1)


def test_fixtures_work_in_strict_mode(project: pytest.Pytester) -> None:
    project.makeini(INI.format(mode="strict"))
    project.makepyfile("import pytest\npytestmark = pytest.mark.asyncio\n" + _dedented(BOT_TEST))
    run(project).assert_outcomes(passed=1)


def _dedented(text: str) -> str:
    return "\n".join(line[4:] for line in text.splitlines())


def test_closest_marker_wins_over_module_and_options(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest
        from weex_client.sandbox import Chaos

        pytestmark = pytest.mark.sandbox(seed=1, speed=20, symbols=["ETHUSDT"])

        @pytest.mark.sandbox(seed=2, chaos=5, market="spot")
        async def test_own(sandbox_exchange, weex_sandbox_client):
            assert (sandbox_exchange.seed, sandbox_exchange.speed) == (2, 20)
            assert sandbox_exchange.symbols == ("ETHUSDT",)
            assert sandbox_exchange.chaos == Chaos(5)
            stream = weex_sandbox_client.stream_book_tickers("ETHUSDT")
            assert (await anext(stream)).symbol == "ETHUSDT"

        async def test_module(sandbox_exchange):
            assert (sandbox_exchange.seed, sandbox_exchange.chaos) == (1, Chaos(9))
        """
    )
    run(project, "--weex-seed", "8", "--weex-chaos", "9").assert_outcomes(passed=2)


def test_options_are_for_tests_without_a_marker(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        async def test_options(sandbox_exchange):
            assert (sandbox_exchange.seed, sandbox_exchange.speed) == (8, 2.5)
        """
    )
    run(project, "--weex-seed", "8", "--weex-speed", "2.5").assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        ("7", "*takes keywords only, such as seed=7*"),
        ("sede=7", "*a sandbox has seed, speed, chaos,*but no sede*"),
        ("market='futures'", "*contract or spot, not 'futures'*"),
        ("speed=0", "*speed must be positive*"),
    ],
)
def test_wrong_markers_are_told(project: pytest.Pytester, marker: str, complaint: str) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.sandbox({marker})
        async def test_it(sandbox_exchange):
            pass
        """
    )
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([complaint])


def test_a_failure_tells_the_seeds_and_the_faults(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.sandbox(seed=3, chaos=5)
        async def test_it(sandbox_exchange, weex_sandbox_client):
            await anext(weex_sandbox_client.stream_tickers("BTCUSDT"))
            await sandbox_exchange.faults.cut()
            assert False
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*embedded exchange*",
            "seed=3 speed=1 chaos=Chaos(seed=5, *",
            "*s before: cut on connection 1: BTCUSDT@ticker",
        ]
    )


@pytest.mark.parametrize("missing", ["switched off", "not installed"])
def test_without_pytest_asyncio_it_says_what_is_missing(
    project: pytest.Pytester, missing: str
) -> None:
    project.makepyfile("def test_it(weex_sandbox_client):\n    pass\n\ndef test_other():\n    pass")
    project.makeini("[pytest]\n")
    if missing == "not installed":
        project.makepyfile(pytest_asyncio="raise ImportError('not installed')")
    result = run(project, "-p", "no:asyncio")
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*UsageError: the fixtures of weex_client need *pytest-asyncio*"])


def test_the_exchange_is_not_imported_before_it_is_needed(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_it(request):
            assert "weex_client.pytest_plugin" in sys.modules
            assert "weex_client.sandbox" not in sys.modules
        """
    )
    run(project).assert_outcomes(passed=1)


def test_help_and_markers_tell_of_the_plugin(project: pytest.Pytester) -> None:
    help_text = run(project, "--help").stdout
    help_text.fnmatch_lines(["*--weex-seed=SEED*", "*--weex-speed=SPEED*", "*--weex-chaos=SEED*"])
    run(project, "--markers").stdout.fnmatch_lines(["@pytest.mark.sandbox(seed=7, *"])


def test_the_plugin_that_is_tested_is_this_one(project: pytest.Pytester) -> None:
    code = "import weex_client.pytest_plugin as p; print(p.__file__)"
    result = project.run(sys.executable, "-c", code)
    result.stdout.fnmatch_lines([str(ROOT / "weex_client" / "pytest_plugin.py")])

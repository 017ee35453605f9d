"""The pytest plugin of weex_client: an embedded exchange, and a client of it, as fixtures.

pytest imports this module at every start, so it imports the embedded exchange only where a test
asks for it. What the fixtures give is made in ``weex_client.testing``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

import pytest

try:
    from pytest_asyncio import fixture as _fixture
except ImportError:
    # Its absence is told to whoever asks for a fixture, by `_needs_asyncio`.
    from pytest import fixture as _fixture  # type: ignore[no-redef]  # noqa: PT013

if TYPE_CHECKING:
    from weex_client import WeexWebSocketClient
    from weex_client.sandbox import SandboxExchange
    from weex_client.testing import SandboxSettings

_OPTIONS = ("seed", "speed", "chaos")
_MISSING = object()
_EXCHANGE = pytest.StashKey["SandboxExchange"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, which are for tests whose marker does not say otherwise."""
    group = parser.getgroup("weex_client", "embedded exchange of weex_client")
    group.addoption("--weex-seed", type=int, metavar="SEED", help="Seed of the market; 7.")
    group.addoption(
        "--weex-speed", type=float, metavar="SPEED", help="Simulated seconds a real second; 1."
    )
    group.addoption("--weex-chaos", type=int, metavar="SEED", help="Let things go wrong by a plan.")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "sandbox(seed=7, speed=1.0, chaos=None, symbols=None, market='contract',"
        " start_time_ns=None, house_trader=True): the embedded exchange of the fixtures"
        " sandbox_exchange and weex_sandbox_client.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell of a failed test what makes it fail again."""
    report = yield
    exchange = item.stash.get(_EXCHANGE, None)
    if exchange is not None and report.when == "call" and report.failed:
        from weex_client.testing import told

        report.sections.append(("embedded exchange", told(exchange)))
    return report


@pytest.fixture
def _needs_asyncio(request: pytest.FixtureRequest) -> None:
    """Say what is missing where nobody would run the fixtures."""
    # The option exists where the plugin is at work.
    if request.config.getoption("asyncio_mode", _MISSING) is _MISSING:
        raise pytest.UsageError(
            "the fixtures of weex_client need the plugin pytest-asyncio:"
            " run pip install 'weex-client[testing]', and do not switch the plugin off"
        )


def _settings(request: pytest.FixtureRequest) -> SandboxSettings:
    from weex_client.testing import SandboxSettings

    options = {name: request.config.getoption(f"weex_{name}") for name in _OPTIONS}
    layers: list[dict[str, Any]] = [{k: v for k, v in options.items() if v is not None}]
    # The closest marker, that of the function, comes first; it is to win.
    for marker in reversed(list(request.node.iter_markers("sandbox"))):
        if marker.args:
            raise pytest.UsageError("the marker 'sandbox' takes keywords only, such as seed=7")
        layers.append(dict(marker.kwargs))
    try:
        return SandboxSettings.of(*layers)
    except ValueError as exc:
        raise pytest.UsageError(f"marker 'sandbox': {exc}") from None


@_fixture
async def sandbox_exchange(
    _needs_asyncio: None, request: pytest.FixtureRequest
) -> AsyncIterator[SandboxExchange]:
    """Run an embedded exchange; the marker ``sandbox`` says which."""
    async with _settings(request).exchange() as exchange:
        request.node.stash[_EXCHANGE] = exchange
        yield exchange


@_fixture
async def weex_sandbox_client(
    sandbox_exchange: SandboxExchange, request: pytest.FixtureRequest
) -> AsyncIterator[WeexWebSocketClient]:
    """Open a client of the embedded exchange, of the market that the marker names."""
    from weex_client.testing import client_of

    async with client_of(sandbox_exchange, _settings(request).market) as client:
        yield client

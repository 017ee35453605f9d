"""What users may rely on is there, under the names it was promised, and typed."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest

import weex_client
import weex_client.paper
import weex_client.sandbox
import weex_client.sync
import weex_client.websocket
from weex_client import OverflowPolicy, Subscription, WeexConfig, WeexWebSocketClient

# By the public contract; recording comes with its issue.
PROMISED = {
    "weex_client": {
        "WeexConfig",
        "WeexWebSocketClient",
        *("SmartMoneyConfig", "SmartMoneyWebSocketClient"),
        *("WhaleUpdate", "FundingRate", "Liquidation", "Signal", "SmartMoneyEvent"),
        "OverflowPolicy",
        "Subscription",
        "Message",
        *("Ticker", "Trade", "OrderBookView", "OrderBookDelta", "Candle", "BookTicker"),
        *("Account", "Position", "Order", "Fill", "ConnectionEvent"),
        *("WeexClientError", "UsageError", "UnsupportedChannelError", "ClientClosedError"),
        *("ConfigError", "TransportError", "ConnectError", "ConnectionLostError"),
        *("SilentLineError", "RetriesExhaustedError", "VenueError", "AuthenticationError"),
        *("SubscriptionRejectedError", "RateLimitedError", "ProtocolError", "DecodeError"),
        *("SequenceGapError", "StreamError", "SlowConsumerError", "StreamGapError"),
    },
    "weex_client.websocket": {"WeexWebSocketClient", "SmartMoneyWebSocketClient"},
    "weex_client.sandbox": {"SandboxExchange"},
    "weex_client.sync": {"SyncClient", "SyncMetrics", "SyncStream"},
    "weex_client.paper": {"PaperTradingEngine", "RiskLimits", "PaperReport"},
}

MARKET_STREAMS = {
    "stream_tickers": {"symbols": ...},
    "stream_trades": {"symbols": ...},
    "stream_order_book": {"symbol": ..., "level": 5},
    "stream_order_book_deltas": {"symbol": ..., "level": 200},
    "stream_candles": {"symbols": ..., "interval": "1m"},
    "stream_book_tickers": {"symbols": ...},
}
PRIVATE_STREAMS = ("stream_account", "stream_positions", "stream_orders", "stream_fills")

# A mapping's values have the types of all its fields, a generator is thrown anything, decoders
# build books from raw material, and settings are a venue's.
MAY_SAY_ANY = {
    *("Payload.__getitem__", "Payload.get", "Payload.values", "Payload.items"),
    *("Subscription.athrow", "StreamConfig.__init__", "Deferred.later"),
    "ClientConfigs.config",
}


@pytest.mark.parametrize("module", PROMISED)
def test_promised_names_can_be_imported(module: str) -> None:
    assert PROMISED[module] <= set(importlib.import_module(module).__all__)


@pytest.mark.parametrize("module", PROMISED)
def test_all_lists_each_public_name_once_and_in_order(module: str) -> None:
    imported = importlib.import_module(module)

    constants_first = sorted(set(imported.__all__), key=lambda name: (not name.isupper(), name))
    assert constants_first == imported.__all__
    assert all(hasattr(imported, name) for name in imported.__all__)


def test_all_leaves_out_no_class_of_the_package() -> None:
    classes = {name for name, item in vars(weex_client).items() if inspect.isclass(item)}

    assert classes == set(weex_client.__all__)


def test_package_says_that_it_is_typed() -> None:
    assert (Path(weex_client.__file__).parent / "py.typed").is_file()


@pytest.mark.parametrize("name", MARKET_STREAMS)
def test_market_stream_has_the_promised_parameters(name: str) -> None:
    _check_stream(name, MARKET_STREAMS[name], OverflowPolicy.DROP_OLDEST)


@pytest.mark.parametrize("name", PRIVATE_STREAMS)
def test_private_stream_has_the_promised_parameters(name: str) -> None:
    _check_stream(name, {}, OverflowPolicy.RAISE)


def _check_stream(name: str, positional: dict[str, Any], overflow: OverflowPolicy) -> None:
    parameters = dict(inspect.signature(getattr(WeexWebSocketClient, name)).parameters)
    del parameters["self"]
    options = {key: parameters.pop(key) for key in ("queue_size", "overflow")}

    assert all(option.kind is option.KEYWORD_ONLY for option in options.values())
    assert options["queue_size"].default is None
    assert options["overflow"].default is overflow
    defaults = {
        key: ... if parameter.default is parameter.empty else parameter.default
        for key, parameter in parameters.items()
    }
    assert defaults == positional


def test_client_has_the_promised_members() -> None:
    assert inspect.iscoroutinefunction(WeexWebSocketClient.connect)
    assert inspect.iscoroutinefunction(WeexWebSocketClient.disconnect)
    assert isinstance(WeexWebSocketClient.is_connected, property)
    assert callable(WeexWebSocketClient.events)
    assert callable(WeexWebSocketClient.stats)
    assert {"connector", "retry_first_connect"} <= set(
        inspect.signature(WeexWebSocketClient).parameters
    )


def test_subscription_is_a_generator_and_a_context_manager() -> None:
    assert issubclass(Subscription, AsyncGenerator)
    for member in ("__aenter__", "__aexit__", "batches", "dropped", "delivered", "pending"):
        assert hasattr(Subscription, member)


def test_config_has_the_promised_fields_and_defaults() -> None:
    fields = WeexConfig.model_fields

    assert {"public_url", "private_url", "rest_url", "market"} <= set(fields)
    assert {"api_key", "secret_key", "passphrase", "stale_after_seconds"} <= set(fields)
    assert fields["market"].default == "contract"
    assert fields["queue_size"].default == 1000
    assert fields["max_reconnect_attempts"].default is None
    assert fields["reconnect_delay_seconds"].default == 1
    assert fields["reconnect_max_delay_seconds"].default == 60
    assert WeexConfig.model_config["env_prefix"] == "WEEX_"


def test_every_public_signature_is_annotated_and_says_any_only_where_it_must() -> None:
    incomplete, vague = set(), set()
    for name, function in _public_functions():
        hints = typing.get_type_hints(function)
        named = set(inspect.signature(function).parameters) - {"self", "cls"}
        if not named | {"return"} <= hints.keys():
            incomplete.add(name)
        if Any in hints.values():
            vague.add(name)

    assert incomplete == set()
    assert vague <= MAY_SAY_ANY


def _public_functions() -> Iterator[tuple[str, Any]]:
    """Yield what users can call on what the package exports, by qualified name."""
    items = [
        getattr(module, name)
        for module in (
            weex_client,
            weex_client.paper,
            weex_client.sandbox,
            weex_client.sync,
            weex_client.websocket,
        )
        for name in module.__all__
    ]
    owners = {owner for item in items if inspect.isclass(item) for owner in item.__mro__}
    for owner in owners:
        if not owner.__module__.startswith("weex_client"):
            continue
        for name, member in vars(owner).items():
            function = _function_of(member)
            is_public = not name.startswith("_") or name in ("__init__", "__getitem__")
            if is_public and getattr(function, "__module__", "").startswith("weex_client"):
                yield function.__qualname__, function


def _function_of(member: Any) -> Any:
    """Return the function behind a property, a computed field or a class method, or None."""
    member = getattr(member, "wrapped", member)
    member = getattr(member, "fget", getattr(member, "__func__", member))
    return member if inspect.isfunction(member) else None

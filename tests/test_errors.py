"""Errors: whose fault, whether trying again helps, and the facts as attributes."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from weex_client import errors

RETRYABLE = {
    "TransportError",
    "ConnectError",
    "ConnectionLostError",
    "SilentLineError",
    "RateLimitedError",
    "NoMarketError",
}


def test_every_error_has_the_one_root() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), errors.WeexClientError)


def test_only_the_line_and_a_busy_venue_are_worth_another_try() -> None:
    retryable = {name for name in errors.__all__ if getattr(errors, name).retryable}
    assert retryable == RETRYABLE


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (
            errors.UnsupportedChannelError("x", venue="weex", available=("a", "b")),
            {"venue": "weex", "available": ("a", "b")},
        ),
        (
            errors.ConnectError("x", url="wss://y", status=403, retry_after_seconds=2.0),
            {"url": "wss://y", "status": 403, "retry_after_seconds": 2.0, "retryable": True},
        ),
        (errors.ConnectError("x", url="wss://y", retryable=False), {"retryable": False}),
        (errors.ConnectionLostError("x", code=1007, reason="r"), {"code": 1007, "reason": "r"}),
        (errors.SilentLineError("x", silent_seconds=40.0), {"silent_seconds": 40.0}),
        (errors.RetriesExhaustedError("x", attempts=3), {"attempts": 3, "retryable": False}),
        (
            errors.SubscriptionRejectedError("x", channel="c", symbol=None, reason="r"),
            {"channel": "c", "symbol": None, "reason": "r"},
        ),
        (
            errors.SymbolError("x", venue="v", symbol="AB", suggestion="A-B"),
            {"venue": "v", "symbol": "AB", "suggestion": "A-B"},
        ),
        (errors.RateLimitedError("x", retry_after_seconds=1.5), {"retry_after_seconds": 1.5}),
        (errors.SequenceGapError("x", expected=1, received=3), {"expected": 1, "received": 3}),
        (errors.SlowConsumerError("x", queue_size=5), {"queue_size": 5}),
        (errors.TapeError("x", path="tape.db"), {"path": "tape.db"}),
        (errors.StrategyError("x", strategy="maker"), {"strategy": "maker"}),
        (
            errors.InvalidOrderError("x", symbol="BTCUSDT", field="size"),
            {"symbol": "BTCUSDT", "field": "size"},
        ),
        (
            errors.InsufficientBalanceError(
                "x", symbol=None, currency="USDT", needed=Decimal(2), available=Decimal(1)
            ),
            {"currency": "USDT", "needed": Decimal(2), "available": Decimal(1)},
        ),
        (errors.PostOnlyError("x", symbol=None, best_price=Decimal(9)), {"best_price": Decimal(9)}),
        (
            errors.DuplicateOrderError("x", symbol=None, client_order_id="a"),
            {"client_order_id": "a"},
        ),
        (errors.UnknownOrderError("x", symbol=None, order_id="1"), {"order_id": "1"}),
        (
            errors.OrderClosedError("x", symbol=None, order_id="1", status="filled"),
            {"order_id": "1", "status": "filled"},
        ),
        (errors.RiskLimitError("x", symbol=None, limit="max_drawdown"), {"limit": "max_drawdown"}),
    ],
)
def test_facts_of_an_error_are_attributes(
    error: errors.WeexClientError, facts: dict[str, object]
) -> None:
    assert str(error) == "x"
    assert {name: getattr(error, name) for name in facts} == facts


@pytest.mark.parametrize(
    "error",
    [
        errors.UnsupportedChannelError("x", venue="weex", available=("a",)),
        errors.ConnectError("x", url="wss://y", retryable=False),
        errors.DecodeError("x"),
    ],
)
def test_error_comes_back_from_another_process_with_its_facts(
    error: errors.WeexClientError,
) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.args, vars(again), again.retryable) == (error.args, vars(error), error.retryable)

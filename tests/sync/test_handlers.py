"""Which handlers a message is for."""

from __future__ import annotations

from typing import Any

import pytest

from weex_client import Message, UsageError
from weex_client.sync.handlers import Handlers


def message(channel: str, symbol: str | None) -> Message[Any]:
    return Message.model_construct(channel=channel, symbol=symbol)


def ignore(message: Message[Any]) -> None:
    pass


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("ticker", {"ticker:BTCUSDT", "ticker:ETHUSDT"}),
        ("*ticker", {"ticker:BTCUSDT", "ticker:ETHUSDT", "bookticker:BTCUSDT"}),
        ("ticker:btcusdt", {"ticker:BTCUSDT"}),
        ("*:BTC*", {"ticker:BTCUSDT", "bookticker:BTCUSDT"}),
        ("account:", {"account:"}),
        ("*", {"ticker:BTCUSDT", "ticker:ETHUSDT", "bookticker:BTCUSDT", "account:"}),
        ("tickers", set()),
    ],
)
def test_pattern_is_for_the_channel_and_with_a_colon_for_the_symbol_too(
    pattern: str, fits: set[str]
) -> None:
    handlers = Handlers().plus(pattern, ignore)
    all_of_them = [
        message("ticker", "BTCUSDT"),
        message("ticker", "ETHUSDT"),
        message("bookticker", "BTCUSDT"),
        message("account", None),
    ]

    for _ in range(2):  # what is remembered says the same
        found = {f"{m.channel}:{m.symbol or ''}" for m in all_of_them if handlers.of(m)}
        assert found == fits


def test_handlers_come_in_the_order_in_which_they_were_added() -> None:
    first, second = [].append, [].append
    handlers = Handlers().plus("*", first).plus("trades", ignore).plus("ticker", second)

    assert handlers.of(message("ticker", "BTCUSDT")) == (first, second)


def test_what_could_never_be_called_is_refused() -> None:
    async def wait(message: Message[Any]) -> None:
        pass

    handlers = Handlers()
    not_callable: Any = "print"
    for pattern, handler in (("", ignore), (":BTCUSDT", ignore), ("*", wait), ("*", not_callable)):
        with pytest.raises(UsageError):
            handlers.plus(pattern, handler)

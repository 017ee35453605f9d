"""What the fixtures are made of."""

from __future__ import annotations

import pytest

from weex_client.sandbox import Chaos, SandboxExchange
from weex_client.testing import SandboxSettings, client_of, told


def test_later_layers_win() -> None:
    settings = SandboxSettings.of({"seed": 1, "speed": 5.0}, {}, {"seed": 2, "chaos": 3})
    assert settings == SandboxSettings(seed=2, speed=5.0, chaos=3)
    exchange = settings.exchange()
    assert (exchange.seed, exchange.speed, exchange.chaos) == (2, 5.0, Chaos(3))


def test_defaults_are_those_of_the_exchange() -> None:
    plain, made = SandboxExchange(), SandboxSettings().exchange()
    assert (made.seed, made.speed, made.chaos) == (plain.seed, plain.speed, plain.chaos)
    assert made.symbols == plain.symbols


@pytest.mark.parametrize("wrong", [{"sede": 7}, {"market": "futures"}])
def test_unknown_names_are_errors(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"sede|futures"):
        SandboxSettings.of(wrong)


async def test_a_client_goes_on_soon_after_a_cut_and_the_story_can_be_told() -> None:
    settings = SandboxSettings(seed=3, speed=20.0, market="spot")
    async with settings.exchange() as exchange, client_of(exchange, "spot") as client:
        stream, events = client.stream_book_tickers("BTCUSDT"), client.events()
        await anext(stream)
        await exchange.faults.cut()
        async for event in events:
            if event.kind == "resubscribed":
                break
        first, second, cut = told(exchange).splitlines()
        assert first == "seed=3 speed=20 chaos=None"
        assert second == "1 records of faults, 0 frames lost"
        assert cut.endswith("s before: cut on connection 1: BTCUSDT@bookTicker")

"""Live, recorded, read, replayed and served again: the same messages, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from weex_client.recording import Recording, replaying
from weex_client.sandbox.taped import TapeExchange
from weex_client.websocket import VENUES

from .live import STREAMS, Key, Lines, read_streams, recorded, until


@pytest.mark.parametrize("venue", STREAMS)
async def test_what_was_printed_live_comes_again(venue: str, tmp_path: Path) -> None:
    tape = tmp_path / "tape.db"
    live = await recorded(venue, tape)

    with Recording(tape) as recording:
        for key in STREAMS[venue]:
            assert lines_of(recording, key) == live.get(key, []), key
        assert recording.digest() == recording.digest()
        if venue != "smartmoney":  # whose news are not repeated: that is a gap
            assert {gap.kind for gap in recording.gaps()} >= {"interruption"}
    assert await replayed(venue, tape) == live
    assert await replayed(venue, tape, speed=1000.0) == live


async def replayed(venue: str, tape: Path, speed: float = 0.0) -> Lines:
    """Return the lines that an unchanged program prints in a replay."""
    lines: Lines = {}
    client_class = VENUES[venue]
    config = client_class.config_class(_env_file=None)
    async with client_class(config, connector=replaying(tape, speed)) as client:

        async def until_over() -> None:
            await until(
                lambda: not any(scope.subscriptions for scope in client.stats().scopes.values())
            )

        await read_streams(client, venue, lines, until_over)
    return lines


def lines_of(recording: Recording, key: Key) -> list[str]:
    channel, symbol, level = key
    messages = recording.messages(channel, symbol or (), level=level)
    return [message.model_dump_json() for message in messages]


@pytest.mark.parametrize("venue", STREAMS)
async def test_any_client_gets_a_tape_from_the_exchange(venue: str, tmp_path: Path) -> None:
    tape = tmp_path / "tape.db"
    live = await recorded(venue, tape)
    lines: Lines = {}
    # Where a recorded line was cut, what was asked for then is not asked for again: KuCoin's books
    # and candles begin with an answer, and its answers bring trades that no frame did.
    asks = venue == "kucoin"
    channels = {"trades"} if asks else {"trades", "whales", "candles", "book"}
    keys = [key for key in STREAMS[venue] if key[0] in channels]
    wanted = {key: news(live[key]) if asks else live[key] for key in keys}

    async with (
        TapeExchange(tape, speed=10.0) as exchange,
        VENUES[venue](exchange.config(venue)) as client,
    ):

        async def until_all() -> None:
            await until(
                lambda: all(
                    {*map(identity, wanted[key])} <= {*map(identity, lines.get(key, ()))}
                    and len(lines[key]) >= len(wanted[key])
                    for key in keys
                )
            )

        await read_streams(client, venue, lines, until_all)
    for key in keys:
        served, told = [content(line) for line in lines[key]], [content(line) for line in live[key]]
        if asks:
            # Trades that an answer has brought lack what only frames tell: who traded.
            served = [each["data"]["trade_id"] for each in served]
            told = [each["data"]["trade_id"] for each in told]
            told = [each for each in told if each in served]
        assert served == told, key


def news(lines: list[str]) -> list[str]:
    """Return what came in frames."""
    return [line for line in lines if not json.loads(line)["is_snapshot"]]


def identity(line: str) -> str:
    """Return what a message says, as a text."""
    return json.dumps(content(line))


def content(line: str) -> Any:
    """Return what a message says, without when it came."""
    message = json.loads(line)
    message.pop("received_time_ns")
    message.pop("is_snapshot")  # one line lives on where the recorded one had to begin anew
    if message["exchange_time_ns"] is None:
        message.pop("timestamp")
    return message

"""What every venue keeps, whatever it is: a further one is tested by being registered."""

from __future__ import annotations

import contextlib
import json
import logging
from enum import StrEnum
from typing import Any

import pytest
from pydantic import SecretStr

from tests.contract.conftest import Party
from tests.end_to_end.conftest import first, happened, impatient, take, until
from weex_client.errors import (
    AuthenticationError,
    SubscriptionRejectedError,
    UnsupportedChannelError,
    UsageError,
)
from weex_client.models import Message, Payload
from weex_client.protocol import Scope
from weex_client.sandbox import FaultKind, SandboxExchange
from weex_client.sandbox.fronts import FRONTS
from weex_client.sandbox.taped.speech import SPEECHES
from weex_client.venues import VENUES as TAPED
from weex_client.websocket import VENUES

# Ours alone; whoever finds it in a text has found a leak.
CANARY = "c4n4ry5ecret"


def test_every_venue_has_a_front_and_can_be_taped() -> None:
    assert FRONTS.keys() == VENUES.keys() == SPEECHES.keys() == TAPED.keys()
    for name, client_class in VENUES.items():
        assert TAPED[name] == (client_class.config_class, client_class.venue_class)


async def test_every_channel_speaks_in_typed_messages(party: Party) -> None:
    # All at once: some venues send what several channels say in the same frames.
    streams = {channel: party.stream(channel) for channel in party.venue.channels}
    for channel, stream in streams.items():
        message = await first(stream)
        assert isinstance(message, Message), channel
        assert (message.venue, message.channel) == (party.name, channel.value)
        assert type(message.channel) is str, channel
        assert isinstance(message.data, Payload)
        if party.venue.has_symbols(channel):
            assert message.symbol == party.symbols[0]
        # Money is exact; the only floats there are are Unix seconds.
        floats = [value for value in message.data.values() if isinstance(value, float)]
        assert all(1e9 < value < 1e10 for value in floats), channel
        assert message.received_time_ns > 0
        assert json.loads(message.model_dump_json())["channel"] == channel.value
        assert str(message)


async def test_what_a_venue_lacks_is_said_at_the_call(party: Party) -> None:
    with pytest.raises(UnsupportedChannelError) as refused:
        party.client.stream("nonesuch")
    assert party.channel.value in str(refused.value)
    assert set(refused.value.available) == {each.value for each in party.venue.channels}


async def test_a_cut_line_is_dialled_again_and_speaks_again(party: Party) -> None:
    stream, events = party.stream(), party.client.events()
    await take(stream)
    for _ in range(2):
        await party.exchange.faults.cut()
        event = await happened(events, "resubscribed")
        assert (event.channel, event.symbol) == (party.channel.value, party.symbols[0])
        await take(stream, stream.pending + 1)
    assert party.client.is_connected


async def test_a_symbol_that_is_none_ends_its_own_stream_only(party: Party) -> None:
    good = party.stream()
    await take(good)
    with pytest.raises((SubscriptionRejectedError, UsageError)) as refused:
        await take(party.stream(symbol="NOSUCHCOIN"))
    assert "NOSUCHCOIN" in str(refused.value)
    await take(good, good.pending + 1)


async def test_a_reader_that_leaves_gives_its_subscription_back(party: Party) -> None:
    kept = party.stream(symbol=party.symbols[1])
    await take(kept)
    before = [set(each.streams) for each in party.exchange.connections]
    async with contextlib.aclosing(party.stream()) as stream:
        async for _ in stream:
            break
    await until(lambda: [set(each.streams) for each in party.exchange.connections] == before)
    await take(kept, kept.pending + 1)


async def test_frames_that_nobody_knows_are_counted_and_harm_nothing(party: Party) -> None:
    stream = party.stream()
    await take(stream)
    party.exchange.faults.huge_frame(1000)
    party.exchange.faults.corrupt(count=2)
    await until(lambda: sum(unknown(party).values()))
    await until(lambda: len(party.exchange.faults.log.of(FaultKind.CORRUPT)) >= 2)
    await take(stream, stream.pending + 3)
    assert not party.client.stats().scopes["public"].reconnects


def unknown(party: Party) -> dict[str, int]:
    return dict(party.client.stats().scopes["public"].unknown_frames)


async def test_a_request_that_the_venue_refuses_is_an_error_with_its_words(party: Party) -> None:
    party.exchange.faults.refuse(reason="under maintenance")
    with pytest.raises(SubscriptionRejectedError, match="maintenance"):
        await take(party.stream())


async def refusal_of(party: Party, channel: StrEnum) -> None:
    async with party.client:
        await take(party.stream(channel))


async def test_wrong_credentials_are_one_error_and_no_secret_is_told(
    name: str, exchange: SandboxExchange, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = {key: SecretStr(CANARY) for key in ("api_key", "secret_key", "passphrase")}
    # Where a secret is decoded, this one can be.
    config = impatient(exchange.config(name)).model_copy(update=keys)
    client = VENUES[name](config)
    told: list[Any] = [repr(config), repr(client)]
    venue = VENUES[name].venue_class(config)
    party = Party(name, exchange, client, venue, tuple(exchange.front(name).symbols[:2]))
    channel = next((c for c in venue.channels if venue.scope(c) is Scope.PRIVATE), party.channel)
    with pytest.raises(AuthenticationError) as refused:
        await refusal_of(party, channel)
    told += [str(refused.value), repr(refused.value), vars(refused.value)]
    # The exchange stands in the same program; its own log is the venue's affair.
    ours = [each for each in caplog.records if each.name != "websockets.server"]
    told += [record.getMessage() for record in ours]
    cause: BaseException | None = refused.value
    while cause is not None:
        traceback = cause.__traceback__
        while traceback is not None:
            if "/weex_client/" in traceback.tb_frame.f_code.co_filename:
                told.append(repr(traceback.tb_frame.f_locals))
            traceback = traceback.tb_next
        cause = cause.__cause__ or cause.__context__
    assert CANARY not in " ".join(map(str, told))

"""The account's state across connections: nothing missed, nothing twice, nobody kept waiting."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
import traceback
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from tests.streaming.account_venue import AccountDesk, refused
from tests.streaming.memory_line import CREDENTIALS, filled, other_tasks, read, rest, turns, until
from weex_client.errors import AuthenticationError, ConnectError
from weex_client.rest import HttpResponse

NOBODY = ConnectError("nobody answers", url="http://127.0.0.1:1")


@contextlib.asynccontextmanager
async def open_account(**settings: Any) -> AsyncIterator[AccountDesk]:
    desk = AccountDesk(**settings)
    async with desk.client:
        yield desk


async def waiting(stream: Any) -> list[Any]:
    """Read what is there."""
    await turns(60)
    return await read(stream, stream.pending)


async def cut(desk: AccountDesk) -> None:
    line = desk.venue.private_line()
    assert line is not None
    line.cut()
    await until(lambda: desk.venue.private_line() is None)


async def back(desk: AccountDesk) -> None:
    await desk.pass_time(2, step=0.5)
    await until(lambda: desk.venue.private_line() is not None)
    await turns(80)


def told_by(messages: list[Any]) -> list[tuple[Any, ...]]:
    return [(m.data.order_id, m.data.status, m.is_snapshot) for m in messages]


async def test_open_orders_come_first_and_as_a_snapshot() -> None:
    async with open_account() as desk:
        order = str(desk.venue.place())
        orders = desk.client.stream_orders()
        assert told_by(await waiting(orders)) == [(order, "new", True)]


async def test_positions_and_balances_come_first_and_as_a_snapshot() -> None:
    async with open_account() as desk:
        desk.venue.fill(desk.venue.place(size="2"), "2")
        positions, account = desk.client.stream_positions(), desk.client.stream_account()
        (position,) = await waiting(positions)
        (balance,) = await waiting(account)
        assert (position.data.size, position.data.entry_price) == (Decimal(2), Decimal(100))
        assert (balance.data.balance, balance.data.available) == (Decimal("999.99"),) * 2
        assert (position.is_snapshot, balance.is_snapshot) == (True, True)
        assert balance.exchange_time_ns is None  # the venue does not say


async def test_fills_before_the_stream_are_not_told() -> None:
    async with open_account() as desk:
        order = desk.venue.place(size="2")
        desk.venue.fill(order)
        desk.clock.advance(1)
        fills = desk.client.stream_fills()
        assert await waiting(fills) == []
        fill = desk.venue.fill(order)
        assert [m.data.fill_id for m in await waiting(fills)] == [fill]


async def test_order_filled_while_the_line_was_down_is_news_with_its_final_status() -> None:
    async with open_account() as desk:
        orders = desk.client.stream_orders()
        await turns(60)
        filled_one, canceled_one = desk.venue.place(), desk.venue.place()
        assert len(await waiting(orders)) == 2
        await cut(desk)
        desk.clock.advance(0.1)
        desk.venue.fill(filled_one)
        desk.venue.cancel(canceled_one)
        await back(desk)
        assert told_by(await waiting(orders)) == [
            (str(filled_one), "filled", False),
            (str(canceled_one), "canceled", False),
        ]


async def test_order_placed_and_order_filled_in_part_meanwhile_are_news_then_state() -> None:
    async with open_account() as desk:
        orders = desk.client.stream_orders()
        await turns(60)
        old = desk.venue.place(size="2")
        await waiting(orders)
        await cut(desk)
        desk.clock.advance(0.1)
        desk.venue.fill(old)
        desk.clock.advance(0.1)
        new = desk.venue.place()
        await back(desk)
        changed = [(str(old), "partially_filled"), (str(new), "new")]
        assert told_by(await waiting(orders)) == [
            *((*each, False) for each in changed),
            *((*each, True) for each in changed),
        ]


async def test_unchanged_order_is_state_only() -> None:
    async with open_account() as desk:
        orders = desk.client.stream_orders()
        await turns(60)
        order = str(desk.venue.place())
        await waiting(orders)
        await cut(desk)
        await back(desk)
        assert told_by(await waiting(orders)) == [(order, "new", True)]


async def test_fills_meanwhile_are_told_once_each_in_time_order() -> None:
    async with open_account() as desk:
        desk.venue.page_size = 3
        fills = desk.client.stream_fills()
        await turns(60)
        order = desk.venue.place(size="20")
        ids = [desk.venue.fill(order)]
        await filled(fills)
        await cut(desk)
        for _ in range(10):
            desk.clock.advance(0.1)
            ids.append(desk.venue.fill(order))
        await back(desk)
        await turns(300)
        ids.append(desk.venue.fill(order))
        messages = await waiting(fills)
        assert [m.data.fill_id for m in messages] == ids
        assert not any(m.is_snapshot for m in messages)
        assert desk.client.stats().channels["fills"].gaps == 0


async def test_more_fills_in_a_moment_than_a_page_are_announced_as_a_gap() -> None:
    async with open_account() as desk:
        events, fills = desk.client.events(), desk.client.stream_fills()
        await turns(60)
        order = desk.venue.place(size="200")
        await cut(desk)
        desk.clock.advance(0.1)
        for _ in range(101):
            desk.venue.fill(order)
        await back(desk)
        await turns(300)
        assert len(await waiting(fills)) == 100
        gaps = [event for event in await waiting(events) if event.kind == "gap"]
        assert [event.channel for event in gaps] == ["fills"]
        assert "more fills than the venue tells" in gaps[0].cause


async def test_spot_fills_are_asked_for_by_symbol() -> None:
    async with open_account(market="spot") as desk:
        fills, orders = desk.client.stream_fills(), desk.client.stream_orders()
        await turns(60)
        first, other = desk.venue.place("BTCUSDT"), desk.venue.place("ETHUSDT")
        await filled(orders, 2)
        await cut(desk)
        desk.clock.advance(0.1)
        ids = [desk.venue.fill(first), desk.venue.fill(other)]
        await back(desk)
        assert [m.data.fill_id for m in await waiting(fills)] == ids


async def test_position_closed_meanwhile_comes_with_size_zero() -> None:
    async with open_account() as desk:
        positions = desk.client.stream_positions()
        await turns(60)
        desk.venue.fill(desk.venue.place())
        await waiting(positions)
        await cut(desk)
        desk.venue.fill(desk.venue.place(side="SELL"))
        await back(desk)
        (position,) = await waiting(positions)
        assert (position.data.symbol, position.data.size) == ("BTCUSDT", Decimal(0))
        assert position.data.entry_price is None
        assert not position.is_snapshot


@pytest.mark.parametrize("market", ["spot", "contract"])
async def test_balance_that_changed_meanwhile_is_news_then_state(market: str) -> None:
    async with open_account(market=market) as desk:
        account = desk.client.stream_account()
        await waiting(account)
        await cut(desk)
        desk.venue.fill(desk.venue.place())
        await back(desk)
        messages = await waiting(account)
        assert [(m.data.balance, m.is_snapshot) for m in messages] == [
            (Decimal("999.99"), False),
            (Decimal("999.99"), True),
        ]


async def test_second_reader_starts_from_the_state() -> None:
    async with open_account() as desk:
        first = desk.client.stream_orders()
        await turns(60)
        order = str(desk.venue.place())
        await waiting(first)
        second = desk.client.stream_orders()
        assert told_by(await waiting(second)) == [(order, "new", True)]
        assert await waiting(first) == []


async def test_state_larger_than_a_queue_does_not_run_it_over() -> None:
    async with open_account() as desk:
        for _ in range(50):
            desk.venue.place()
        orders = desk.client.stream_orders(queue_size=4)
        late = None
        assert len(await read(orders, 50)) == 50
        late = desk.client.stream_orders(queue_size=4)
        assert len(await read(late, 50)) == 50


async def test_frames_wait_for_the_state_but_not_for_long() -> None:
    async with open_account() as desk:
        answer = asyncio.Event()
        desk.venue.patience = answer.wait
        orders = desk.client.stream_orders()
        await until(lambda: desk.venue.asked)
        await turns(20)
        order = str(desk.venue.place())
        assert await waiting(orders) == []
        await desk.pass_time(2, step=0.5)
        assert told_by(await waiting(orders)) == [(order, "new", False)]
        answer.set()
        assert await waiting(orders) == []  # the answer was given before the order came


async def test_answer_that_frames_have_overtaken_does_not_turn_back_the_clock() -> None:
    async with open_account() as desk:
        order = desk.venue.place()
        answer = asyncio.Event()
        desk.venue.patience = answer.wait
        orders = desk.client.stream_orders()
        await until(lambda: desk.venue.asked)
        await turns(20)
        desk.clock.advance(0.1)
        desk.venue.fill(order)
        await desk.pass_time(2, step=0.5)
        answer.set()
        assert told_by(await waiting(orders)) == [(str(order), "filled", False)]


async def test_order_that_the_venue_forgot_is_announced_as_a_gap() -> None:
    async with open_account() as desk:
        events, orders = desk.client.events(), desk.client.stream_orders()
        await turns(60)
        order = desk.venue.place()
        await waiting(orders)
        await cut(desk)
        del desk.venue.account.orders[order]
        await back(desk)
        assert await waiting(orders) == []
        (gap,) = [event for event in await waiting(events) if event.kind == "gap"]
        assert str(order) in gap.cause


async def test_failed_request_is_announced_and_put_again() -> None:
    async with open_account() as desk:
        desk.venue.place()
        desk.venue.failures = [NOBODY, HttpResponse(200, b"<html>"), refused(500, -1000)]
        events, orders = desk.client.events(), desk.client.stream_orders()
        await turns(60)
        await desk.pass_time(10)
        assert len(await waiting(orders)) == 1
        stale = [event for event in await waiting(events) if event.kind == "stale"]
        assert len(stale) == 3
        assert all(event.channel == "orders" and event.delay_seconds for event in stale)
        assert all("open orders could not be read" in event.cause for event in stale)
        assert "not JSON" in stale[1].cause
        assert "HTTP 500" in stale[2].cause


async def test_stream_goes_on_while_requests_fail() -> None:
    async with open_account() as desk:
        desk.venue.always_fails = NOBODY
        orders = desk.client.stream_orders()
        await turns(60)
        order = str(desk.venue.place())
        assert told_by(await waiting(orders)) == [(order, "new", False)]


async def test_outage_is_told_without_a_gap_once_the_state_was_read() -> None:
    async with open_account() as desk:
        events, orders = desk.client.events(), desk.client.stream_orders()
        await turns(60)
        await cut(desk)
        desk.venue.failures = [NOBODY]
        await back(desk)
        kinds = [event.kind for event in await waiting(events)]
        assert "gap" not in kinds
        assert kinds.index("stale") < kinds.index("resubscribed")
        assert orders.pending == 0


async def test_nothing_is_read_if_nobody_wants_it() -> None:
    async with open_account(seed_private=False) as desk:
        desk.venue.place()
        events, orders = desk.client.events(), desk.client.stream_orders()
        await turns(60)
        await cut(desk)
        await back(desk)
        assert desk.venue.asked == []
        assert await waiting(orders) == []
        assert "gap" in [event.kind for event in await waiting(events)]


async def test_account_on_this_machine_is_not_asked_for_at_the_venues_own_address() -> None:
    async with open_account(rest_url="") as desk:
        _orders = desk.client.stream_orders()
        await turns(60)
        assert desk.venue.asked == []


async def test_refused_credentials_end_the_private_streams_after_one_fresh_signature() -> None:
    async with open_account() as desk:
        desk.venue.always_fails = refused(401, -1047, server_time_ns=desk.clock.time_ns())
        tickers, orders = desk.client.stream_tickers("BTCUSDT"), desk.client.stream_orders()
        with pytest.raises(AuthenticationError, match="check key, secret, passphrase"):
            await rest(orders)
        await desk.pass_time(120, step=10)
        assert len(desk.venue.asked) == 2
        assert desk.client.is_connected
        assert tickers.pending == 0


async def test_who_is_not_trusted_is_asked_once_and_ends_the_private_streams() -> None:
    async with open_account() as desk:
        desk.venue.always_fails = ConnectError("TLS failed", url="x", retryable=False)
        tickers, orders = desk.client.stream_tickers("BTCUSDT"), desk.client.stream_orders()
        with pytest.raises(ConnectError, match="TLS failed"):
            await rest(orders)
        await desk.pass_time(120, step=10)
        assert len(desk.venue.asked) == 1
        assert desk.client.is_connected
        assert tickers.pending == 0


async def test_expired_timestamp_is_signed_anew_by_the_servers_clock() -> None:
    async with open_account() as desk:
        server_ns = desk.clock.time_ns() + 3600 * 10**9
        desk.venue.failures = [refused(400, -1046, server_time_ns=server_ns)]
        desk.venue.place()
        orders = desk.client.stream_orders()
        assert len(await waiting(orders)) == 1
        timestamps = [each.headers["ACCESS-TIMESTAMP"] for each in desk.venue.requests]
        assert timestamps[1] == str(server_ns // 1_000_000)


async def test_venue_that_wants_to_be_asked_later_is() -> None:
    async with open_account() as desk:
        desk.venue.failures = [HttpResponse(429, b"", retry_after_seconds=30)]
        _orders = desk.client.stream_orders()
        await turns(60)
        await desk.pass_time(29)
        assert len(desk.venue.asked) == 1
        await desk.pass_time(2)
        assert len(desk.venue.asked) == 2


async def test_leaving_in_the_middle_of_a_request_leaves_nothing_behind() -> None:
    async with open_account() as desk:
        desk.venue.patience = asyncio.Event().wait
        orders = desk.client.stream_orders()
        await until(lambda: desk.venue.asked)
        await orders.aclose()
    assert other_tasks() == set()


async def test_frames_of_a_lower_version_are_left_out_and_counted() -> None:
    async with open_account() as desk:
        orders = desk.client.stream_orders()
        await turns(60)
        order = desk.venue.account.orders[desk.venue.place()]
        await waiting(orders)
        line = desk.venue.private_line()
        assert line is not None
        line.say(desk.venue.frame("orders", desk.venue.order_row(order), version=0))
        assert await waiting(orders) == []
        assert desk.client.stats().channels["orders"].stale == 1


async def test_counter_that_began_anew_does_not_silence_the_account() -> None:
    async with open_account() as desk:
        orders = desk.client.stream_orders()
        await turns(60)
        desk.venue.account.version = 1000
        desk.venue.place()
        await waiting(orders)
        await cut(desk)
        desk.venue.account.version = 0
        await back(desk)
        await waiting(orders)
        order = str(desk.venue.place())
        assert told_by(await waiting(orders)) == [(order, "new", False)]


async def test_canceling_keeps_what_the_order_was() -> None:
    async with open_account() as desk:
        orders = desk.client.stream_orders()
        await turns(60)
        order = desk.venue.account.orders[desk.venue.place(size="2")]
        desk.venue.fill(order.order_id)
        line = desk.venue.private_line()
        assert line is not None
        line.say(desk.venue.frame("orders", desk.venue.order_row(order, status="CANCELING")))
        desk.venue.cancel(order.order_id)
        line.say(desk.venue.frame("orders", desk.venue.order_row(order, status="CANCELING")))
        statuses = [m.data.status for m in await waiting(orders)]
        assert statuses == ["new", "partially_filled", "partially_filled", "canceled"]


async def test_credentials_are_in_no_event_log_or_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {name: SecretStr(f"canary-{name}") for name in CREDENTIALS}
    async with open_account(**secrets) as desk:
        words = " ".join(each.get_secret_value() for each in secrets.values())
        quoted = json.dumps({"code": -1140, "msg": words}).encode()
        desk.venue.secret_key = "canary-secret_key"
        desk.venue.failures = [HttpResponse(400, quoted), HttpResponse(200, b"canary"), NOBODY]
        desk.venue.always_fails = HttpResponse(401, quoted)
        events, orders = desk.client.events(), desk.client.stream_orders()
        await turns(60)
        await desk.pass_time(20)
        with pytest.raises(AuthenticationError) as caught:
            await rest(orders)
        told = [*map(repr, await waiting(events)), repr(desk.client.stats()), repr(desk.client)]
        assert len(told) > 5
        raised = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in raised.stack if "weex_client" in frame.filename]
        everything = " ".join(
            [*told, caplog.text, str(caught.value), str([f.locals for f in ours])]
        )
        assert "canary" not in everything


# The proof: whatever the line does, every fill comes once, and the last word is the truth.


async def _live(desk: AccountDesk, chance: random.Random) -> None:
    """Let orders live, and the line die in between."""
    venue = desk.venue

    async def patience() -> None:
        await turns(chance.randrange(60))

    venue.patience = patience
    for _ in range(40):
        open_orders = [o.order_id for o in venue.account.orders.values() if o.unified in ALIVE]
        match chance.choice(("place", "fill", "fill", "cancel", "cut", "turn", "time", "fail")):
            case "place":
                symbol = chance.choice(("BTCUSDT", "ETHUSDT"))
                venue.place(
                    symbol, str(chance.randint(1, 4)), chance.choice(("BUY", "BUY", "SELL"))
                )
            case "fill" if open_orders:
                venue.fill(chance.choice(open_orders))
            case "cancel" if open_orders:
                venue.cancel(chance.choice(open_orders))
            case "cut":
                line = venue.private_line()
                if line is not None:
                    # What was on its way is lost, or is not.
                    if chance.random() < 0.7:
                        line._frames.clear()
                    line.cut()
            case "fail":
                venue.failures.append(NOBODY)
            case "time":
                await desk.pass_time(chance.choice((0.5, 3)), step=0.5)
            case _:
                await turns(chance.randrange(40))
        # The venue's clock goes on: nothing else tells a later word from an earlier one.
        desk.clock.advance(0.001)


ALIVE = ("new", "partially_filled")


@pytest.mark.parametrize("seed", range(200))
async def test_no_reconnection_loses_or_repeats_anything(seed: int) -> None:
    chance = random.Random(seed)
    market = chance.choice(("contract", "contract", "spot"))
    async with open_account(market=market, queue_size=10_000) as desk:
        client, venue = desk.client, desk.venue
        fills, orders, account = (
            client.stream_fills(),
            client.stream_orders(),
            client.stream_account(),
        )
        positions = client.stream_positions() if market == "contract" else None
        if market == "spot":
            # The spot market tells the fills of one symbol at a time: it must have been seen.
            venue.place("BTCUSDT")
            venue.place("ETHUSDT")
            await filled(orders, 2)
        await turns(chance.randrange(60))
        await _live(desk, chance)
        venue.failures.clear()
        await desk.pass_time(30, step=1)
        await turns(200)
        # Fills: each once, and none of them only as history.
        told_ids = [m.data.fill_id for m in await waiting(fills)]
        assert sorted(told_ids) == sorted(str(fill["id"]) for fill in venue.account.fills)
        # Orders: the last word is the truth, and nothing came back to life.
        last: dict[str, Any] = {}
        for message in await waiting(orders):
            before = last.get(message.data.order_id)
            assert before is None or before.status in ALIVE or before == message.data
            assert before is None or before.filled_size <= message.data.filled_size
            last[message.data.order_id] = message.data
        # One that nobody saw alive is not among the open ones, and was not asked for.
        truth = {str(o.order_id): o for o in venue.account.orders.values()}
        assert {key for key, o in truth.items() if o.unified in ALIVE} <= last.keys()
        for order_id, data in last.items():
            order = truth[order_id]
            assert (data.status, data.filled_size) == (order.unified, order.filled)
        balances = {m.data.currency: m.data.balance for m in await waiting(account)}
        assert balances == {"USDT": venue.account.balance}
        if positions is not None:
            sizes = {m.data.symbol: m.data.size for m in await waiting(positions)}
            missed = venue.account.positions.keys() - sizes.keys()
            assert all(not venue.account.positions[symbol] for symbol in missed)
            assert sizes.items() <= venue.account.positions.items()

"""Trouble with frames: lost, doubled, swapped, damaged, old; and the log that tells of each."""

from __future__ import annotations

import asyncio
import itertools
import json
from itertools import pairwise
from typing import Any

import pytest

from tests.sandbox.conftest import PATIENCE_SECONDS, Frame, WireClient, dial, until
from weex_client.protocol import Channel
from weex_client.sandbox import FaultKind, SandboxExchange


async def test_a_skipped_change_leaves_one_gap_in_that_symbol_only(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "ETHUSDT@depth15")
        last: dict[str, int] = {}
        gaps = {"BTCUSDT": 0, "ETHUSDT": 0}
        for number in range(40):
            frame = await client.until(lambda f: str(f.get("e")).startswith("depth"))
            symbol = frame["s"]
            gaps[symbol] += frame["e"] == "depth" and frame["U"] != last[symbol]
            last[symbol] = frame["u"]
            if number == 9:
                exchange.faults.skip_depth("BTCUSDT")
        assert gaps == {"BTCUSDT": 1, "ETHUSDT": 0}


async def test_a_resubscribed_book_is_whole_again_after_a_skip(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        last = (await client.next("depthSnapshot"))["u"]
        exchange.faults.skip_depth("BTCUSDT")
        while (frame := await client.next("depth"))["U"] == last:
            last = frame["u"]
        await client.send(method="UNSUBSCRIBE", params=["BTCUSDT@depth15"], id=2)
        await client.answer(2)
        await client.subscribe("BTCUSDT@depth15", request_id=3)
        last = (await client.next("depthSnapshot"))["u"]
        assert (await client.next("depth"))["U"] == last


async def test_a_muted_symbol_is_silent_while_its_neighbour_speaks(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker", "ETHUSDT@ticker", "BTCUSDT@trade")
        await client.next("trade")
        exchange.faults.mute("BTCUSDT", "ticker")
        # What was sent before the mute is read before the answer.
        await client.send(method="PING", id=2)
        await client.answer(2)
        heard: set[tuple[str, str]] = set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            for number in itertools.count():
                frame = await client.until(lambda f: "e" in f)
                heard.add((frame["e"], frame["s"]))
                if number >= 30 and len(heard) > 1:  # a slow exchange makes up for many trades
                    break
        assert heard == {("ticker", "ETHUSDT"), ("trade", "BTCUSDT")}
        exchange.faults.unmute()
        await client.next("ticker")


async def test_muting_a_channel_mutes_it_for_every_symbol(exchange: SandboxExchange) -> None:
    exchange.faults.mute(channel="book")
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "ETHUSDT@depth200", "ETHUSDT@ticker")
        await client.answer()
        for _ in range(20):
            assert (await client.until(lambda f: "e" in f))["e"] == "ticker"
        with pytest.raises(ValueError, match="whistles"):
            exchange.faults.mute(channel="whistles")


async def changes(client: WireClient, count: int) -> list[Frame]:
    """Return the next book changes of BTC/USDT."""
    return [await client.next("depth") for _ in range(count)]


def holes(frames: list[Frame]) -> list[tuple[int, int]]:
    """Return what is missing between frames, as the sequences around it."""
    pairs = pairwise(frames)
    return [(one["u"], other["U"]) for one, other in pairs if one["u"] != other["U"]]


async def test_the_log_has_exactly_the_hole_that_a_client_sees(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        await client.next("depthSnapshot")
        exchange.faults.skip("btcusdt", "book_deltas", 2)
        frames = await changes(client, 12)
        first, second = exchange.faults.log.of(FaultKind.SKIP)
        assert first.sequences is not None
        assert second.sequences is not None
        # The first change may have been sent before the fault was armed, or be its first victim.
        seen = holes([{"u": first.sequences[0], "U": 0}, *frames])
        assert (first.sequences[0], second.sequences[1]) in seen
        assert first.sequences[1] == second.sequences[0]
        assert first.is_loss
        assert (first.channel, first.symbol) == (Channel.BOOK, "BTCUSDT")
        assert json.loads(first.frame)["u"] == first.sequences[1]
        assert exchange.faults.log.losses() == (first, second)
        # The truth has what the client has not.
        for record in (first, second):
            exchange.true_book("contract", "BTCUSDT", 15, record.sequences[1])  # type: ignore[index]


async def test_a_frame_that_is_hit_is_hit_for_all_who_listen_and_counts_once(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as one, dial(exchange) as other:
        for client in (one, other):
            await client.subscribe("BTCUSDT@depth15")
            await client.next("depthSnapshot")
        exchange.faults.skip("BTCUSDT", "book")
        for client in (one, other):
            await changes(client, 6)
        records = exchange.faults.log.of("skip")
        assert [each.connection for each in records] == [1, 2]
        assert records[0].sequences == records[1].sequences


async def test_a_fault_can_be_meant_for_one_connection_and_one_stream(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as one, dial(exchange) as other:
        for client in (one, other):
            await client.subscribe("BTCUSDT@depth15", "BTCUSDT@depth200")
            await client.answer()
        second = exchange.connections[1]
        exchange.faults.skip(stream="BTCUSDT@depth200", connection=second)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not exchange.faults.log.of("skip"):
                await one.next("depth")
        (record,) = exchange.faults.log.of("skip")
        assert record.connection == 2
        assert json.loads(record.frame)["l"] == 200


async def test_a_repeated_frame_comes_twice(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        await client.next("depthSnapshot")
        exchange.faults.repeat("BTCUSDT", "book", 2)
        frames, doubled = await changes(client, 1), []
        while len(doubled) < 2:
            frames += await changes(client, 1)
            doubled = [one["u"] for one, two in pairwise(frames) if one == two]
        repeated = exchange.faults.log.of("repeat")
        assert doubled == [each.sequences[1] for each in repeated if each.sequences is not None]
        assert not exchange.faults.log.losses()


async def test_a_frame_out_of_order_comes_after_the_next_one(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "ETHUSDT@depth15")
        await client.next("depthSnapshot")
        exchange.faults.reorder("BTCUSDT", "book", 2)
        frames, late = [], []
        while len(late) < 2:  # what was sent before the fault is read first
            frames += await changes(client, 12)
            reordered = exchange.faults.log.of("reorder")
            late = [each.sequences[1] for each in reordered if each.sequences]
        frames += await changes(client, 12)
        ends = [frame["u"] for frame in frames]
        for sequence in late:
            position = ends.index(sequence)
            assert frames[position - 1]["U"] == sequence
        assert sorted(ends) != ends
        assert not holes(sorted(frames, key=lambda frame: frame["u"]))


DAMAGES = ("garbled", "truncated", "not_a_number", "not_utf8")


@pytest.mark.parametrize("damage", DAMAGES[:2])
async def test_a_damaged_frame_is_no_json(exchange: SandboxExchange, damage: Any) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker")
        await client.next("ticker")
        exchange.faults.corrupt("BTCUSDT", "ticker", damage=damage)
        with pytest.raises(ValueError, match=r"control character|Unterminated|delimiter|Expecting"):
            await client.until(lambda _: False)
        (record,) = exchange.faults.log.losses()
        assert (record.kind, record.detail) == ("corrupt", damage)
        assert json.loads(record.frame)["e"] == "ticker"
        await client.next("ticker")


async def test_a_damaged_frame_may_have_prices_that_are_no_numbers(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@trade")
        await client.next("tradeSnapshot")
        exchange.faults.corrupt(channel="trades", damage="not_a_number")
        hurt = await client.until(
            lambda f: f.get("e") == "trade" and {row["p"] for row in f["d"]} == {"NaN"}
        )
        assert all(isinstance(row["T"], int) for row in hurt["d"])
        assert "NaN" not in json.dumps(await client.next("trade"))


async def test_a_damaged_frame_may_be_no_text_which_ends_the_line(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@ticker")
        await client.next("ticker")
        exchange.faults.corrupt("BTCUSDT", damage="not_utf8")
        await client.ends()
        sent = client.socket.protocol.close_sent
        assert sent is not None
        assert sent.code == 1007
    async with dial(exchange) as again:
        await again.subscribe("BTCUSDT@ticker")
        await again.next("ticker")


async def test_first_frames_are_spared_unless_they_are_meant(exchange: SandboxExchange) -> None:
    exchange.faults.skip("BTCUSDT", "ticker")
    exchange.faults.skip("BTCUSDT", "book", with_snapshots=True)
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "BTCUSDT@trade")
        frame = await client.until(lambda f: str(f.get("e")).startswith("depth"))
        assert frame["e"] == "depth"
        (record,) = exchange.faults.log.of("skip")
        assert json.loads(record.frame)["e"] == "depthSnapshot"


async def test_a_stale_snapshot_is_the_book_of_a_few_changes_ago(
    exchange: SandboxExchange,
) -> None:
    exchange.faults.stale_snapshot("BTCUSDT")
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        # A book that nobody followed before has no past: this one is fresh.
        fresh = await client.next("depthSnapshot")
        frames = await changes(client, 15)
        assert not holes([fresh, *frames])
        assert not exchange.faults.log.of("stale_snapshot")
        await client.subscribe("BTCUSDT@depth15", request_id=2)
        stale = await client.next("depthSnapshot")
        (record,) = exchange.faults.log.of("stale_snapshot")
        assert record.sequences is not None
        assert stale["u"] < record.sequences[1]
        assert str(stale["u"]) in record.detail
        old_bids, _ = exchange.true_book("contract", "BTCUSDT", 15, stale["u"])
        assert stale["b"] == [[str(price), str(size)] for price, size in old_bids]
        # The changes go on from the true book: the hole is there to be seen.
        assert (await client.next("depth"))["U"] == record.sequences[1]
        await client.subscribe("BTCUSDT@depth15", request_id=3)
        last = (await client.next("depthSnapshot"))["u"]
        assert (await client.next("depth"))["U"] == last


async def test_a_stalled_stream_is_silent_for_its_time_and_its_losses_are_logged(
    exchange: SandboxExchange,
) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15", "ETHUSDT@depth15")
        last = (await client.next("depthSnapshot"))["u"]
        exchange.faults.stall("BTCUSDT", Channel.BOOK, 20)
        while (frame := await client.next("depth"))["U"] == last:
            last = frame["u"]
        lost = [each for each in exchange.faults.log.losses() if each.kind == "stall"]
        assert lost[0].sequences is not None
        assert lost[-1].sequences is not None
        assert (lost[0].sequences[0], lost[-1].sequences[1]) == (last, frame["U"])
        assert {each.symbol for each in lost} == {"BTCUSDT"}


async def test_healing_forgets_what_waits_and_ends_what_lasts(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.subscribe("BTCUSDT@depth15")
        last = (await client.next("depthSnapshot"))["u"]
        exchange.faults.skip("BTCUSDT", count=1_000_000)
        exchange.faults.stall(channel="book")
        exchange.faults.heal()
        for frame in await changes(client, 5):
            assert frame["U"] == last
            last = frame["u"]


def test_counts_and_damages_are_checked_before_anything_is_armed() -> None:
    faults = SandboxExchange().faults
    for arm in (faults.skip, faults.repeat, faults.reorder, faults.corrupt):
        with pytest.raises(ValueError, match="count"):
            arm("BTCUSDT", count=0)
        with pytest.raises(ValueError, match="whistles"):
            arm("BTCUSDT", "whistles")
    with pytest.raises(ValueError, match="bent"):
        faults.corrupt("BTCUSDT", damage="bent")  # type: ignore[arg-type]
    assert faults.interference.armed == []


async def test_what_is_armed_for_a_connection_goes_with_it(exchange: SandboxExchange) -> None:
    async with dial(exchange) as client:
        await client.receive()
        (line,) = exchange.connections
        exchange.faults.skip("BTCUSDT", connection=line)
        exchange.faults.stall("BTCUSDT", connection=line)
        exchange.faults.half_open(answer_pings=True, connection=line)
    await until(lambda: not exchange.connections)
    assert exchange.faults.interference.armed == []
    assert exchange.faults.interference.stalls == []
    exchange.faults.heal()

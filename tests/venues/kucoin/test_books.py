"""KuCoin's books against the oracles of the recording, and against nonsense."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.venues.kucoin.recorded import FRAMES, VENUE, changed, frames
from weex_client.book import OrderBook
from weex_client.errors import DecodeError
from weex_client.protocol import Data


def level2(name: str) -> list[bytes]:
    return [
        frame
        for frame in frames(name)
        if isinstance(event := VENUE.read(frame), Data) and event.feed.startswith("/market/level2:")
    ]


@pytest.mark.parametrize(
    ("name", "answer", "counts", "sequence", "levels", "bid", "ask"),
    [
        (
            "recording-2021-dappt-btc.jsonl",
            "rest-level2-dappt-btc.json",
            (8, 162),
            1612701564029,
            (233, 844),
            ("0.000000112", "5148.7223"),
            ("0.000000113", "1208.0878"),
        ),
        (
            "recording-2021-level2-snx-btc.jsonl",
            "rest-level2-snx-btc.json",
            (4, 600),
            1612844052257,
            (102, 444),
            ("0.00028678", "0.19100065"),
            ("0.00028745", "28.09015128"),
        ),
    ],
)
def test_the_recording_replays_to_the_sheets_oracle(
    name: str,
    answer: str,
    counts: tuple[int, int],
    sequence: int,
    levels: tuple[int, int],
    bid: tuple[str, str],
    ask: tuple[str, str],
) -> None:
    start = VENUE.read_book_answer("", (FRAMES / answer).read_bytes())
    assert start.is_snapshot
    assert start.sequence is not None
    book = OrderBook()
    book.replace(start.levels, start.sequence)
    dropped = applied = 0
    for frame in level2(name):
        update = VENUE.read_book(frame)
        assert update.sequence is not None
        assert update.exchange_time_ns is None  # absent in 2021
        if update.sequence <= start.sequence:
            dropped += 1
            continue
        assert book.apply(update.levels, update.previous_sequence, update.sequence)
        book.now(1).bids()  # raises if the book is crossed
        applied += 1
    moment = book.now(10_000)
    bids, asks = moment.bids(), moment.asks()
    assert (dropped, applied) == counts
    assert book.sequence == sequence
    assert (len(bids[0]), len(asks[0])) == levels
    assert (bids[0][0], bids[1][0]) == bid
    assert (asks[0][0], asks[1][0]) == ask


def test_a_modern_change_has_a_time_and_continues_the_sequence_before_its_first() -> None:
    update = VENUE.read_book(frames("modern-2024.jsonl")[0])
    assert update.levels == b",:67993.3,1.21427407"
    assert (update.previous_sequence, update.sequence) == (14701689782, 14701689783)
    assert update.exchange_time_ns == 1729816425625 * 10**6


def test_a_filler_counts_and_says_nothing() -> None:
    filler = next(frame for frame in level2("recording-2021-dappt-btc.jsonl") if b'["0"' in frame)
    update = VENUE.read_book(filler)
    assert update.levels == b",:"
    assert update.sequence == 1612701563861


def test_of_a_frame_across_the_snapshot_only_what_is_newer_is_taken() -> None:
    frame = changed(
        frames("modern-2024.jsonl")[0],
        sequenceStart=10,
        sequenceEnd=14,
        changes={
            "bids": [["1", "1", "10"], ["2", "1", 12], ["0", "0", "13"]],
            "asks": [["9", "0", "14"], ["8", "2", "11"]],
        },
    )
    assert VENUE.read_book(frame).levels == b"1,1,2,1,:9,0,8,2"
    update = VENUE.read_book_after(frame, 11)
    assert update.levels == b"2,1,:9,0"
    assert (update.previous_sequence, update.sequence) == (9, 14)


def test_a_complete_book_replaces_the_one_before() -> None:
    five, fifty = frames("level2depth.jsonl")
    update = VENUE.read_book(five)
    assert update.is_snapshot
    assert update.sequence is update.previous_sequence is None
    assert update.exchange_time_ns == 1729822226746 * 10**6
    assert update.levels.startswith(b"67996.6,0.37969491,")
    book = OrderBook(VENUE.book_window("/spotMarket/level2Depth50:BTC-USDT"))
    book.replace(VENUE.read_book(fifty).levels, None)
    assert len(book.now(50).bids()[0]) == 50
    assert VENUE.book_window("/market/level2:BTC-USDT") is None


LEVEL2: dict[str, Any] = json.loads(frames("modern-2024.jsonl")[0])["data"]
ASKS = LEVEL2["changes"]["asks"]


@pytest.mark.parametrize(
    "data",
    [
        {"sequenceStart": 14701689784},  # behind its end, as an example of the documentation
        {"sequenceEnd": None},
        {"sequenceEnd": True},
        {"sequenceEnd": "9" * 30},
        {"time": "yesterday"},
        {"changes": []},
        {"changes": {"bids": []}},
        {"changes": {"bids": [["1", "2"]], "asks": []}},  # without a sequence
        *(
            {"changes": {"bids": [[price, size, "1"]], "asks": ASKS}}
            for price, size in (("1e5", "1"), ("-1", "1"), ("1", "NaN"), ("1,2", "3"), ("1", ""))
        ),
        {"changes": {"bids": [["1", 2, "1"]], "asks": []}},
        {"changes": {"bids": [[1, "2", "1"]], "asks": []}},
    ],
)
def test_a_change_that_cannot_be_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        VENUE.read_book(changed(frames("modern-2024.jsonl")[0], **data))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"data":null}', b'{"data":{"bids":[]}}'])
def test_an_answer_that_is_no_book_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        VENUE.read_book_answer("", body)


def test_both_sides_of_the_rest_book_are_money() -> None:
    answer = (FRAMES / "rest-level2-dappt-btc.json").read_bytes()
    update = VENUE.read_book_answer("", answer)
    assert update.exchange_time_ns == 1619378327680 * 10**6
    book = OrderBook()
    book.replace(update.levels, update.sequence)
    assert Decimal(book.now(1).bids()[0][0]) == Decimal("0.0000001115")

"""The book of orders: against a naive one, against the venue's frames, and where it must refuse."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.venues.coinbase.recordings import frames
from weex_client.book import BookOrder, OrderBook3, OrderUpdate
from weex_client.errors import DecodeError, SequenceGapError
from weex_client.venues.coinbase.compact import read_compact, read_schema
from weex_client.venues.coinbase.orders import read_orders

D = Decimal


def opened(sequence: int, name: str, side: Any, price: str, size: str) -> OrderUpdate:
    return OrderUpdate(sequence, "open", name, side, D(price), D(size))


def standing(*orders: tuple[str, Any, str, str], sequence: int = 0) -> OrderBook3:
    book = OrderBook3()
    book.replace([BookOrder(n, s, D(p), D(z)) for n, s, p, z in orders], sequence)
    return book


# Against a list of orders, in order of arrival, that is searched from its beginning.

ids = st.sampled_from("abcdefgh")
steps = st.one_of(
    st.tuples(
        st.just("open"),
        ids,
        st.sampled_from(["buy", "sell"]),
        st.sampled_from(["1", "1.0", "2", "2.00", "3"]),
        st.sampled_from(["1", "2.5", "4"]),
    ),
    st.tuples(st.just("match"), ids, st.sampled_from(["0.5", "1", "2.5"])),
    st.tuples(st.just("done"), ids),
    st.tuples(
        st.just("change"),
        ids,
        st.sampled_from([None, "1", "2", "3.0"]),
        st.sampled_from([None, "0", "1", "7"]),
    ),
)


def naive(model: list[list[Any]], step: tuple[Any, ...]) -> bool:
    """Apply a step to ``[name, side, price, size]``; False if that cannot be."""
    kind, name, *rest = step
    order = next((each for each in model if each[0] == name), None)
    if kind == "open":
        if order is not None:
            return False
        model.append([name, rest[0], D(rest[1]), D(rest[2])])
    elif kind == "match":
        if order is None or order[3] < D(rest[0]):
            return False
        order[3] -= D(rest[0])
    elif order is not None and kind == "done":
        model.remove(order)
    elif order is not None:
        price, size = rest
        if size is not None:
            order[3] = D(size)
        if price is not None and D(price) != order[2]:
            order[2] = D(price)
            model.remove(order)
            model.append(order)
    model[:] = [each for each in model if each[3]]
    return True


def queues(model: list[list[Any]], side: str) -> list[tuple[Any, ...]]:
    prices = sorted({each[2] for each in model if each[1] == side}, reverse=side == "buy")
    found = []
    for price in prices:
        orders = tuple((n, z) for n, s, p, z in model if s == side and p == price)
        found.append((price, sum(z for _, z in orders), orders))
    return found


@given(st.lists(steps, max_size=40))
def test_queues_are_those_of_a_naive_book_after_every_step(happened: list[tuple[Any, ...]]) -> None:
    book, model = standing(), []
    for sequence, step in enumerate(happened, 1):
        kind, name, *rest = step
        numbers = [D(each) if each is not None else None for each in rest[-2:]]
        update = OrderUpdate(sequence, kind, name)
        if kind == "open":
            update = opened(sequence, name, *rest)
        elif kind == "match":
            update = OrderUpdate(sequence, kind, name, None, None, numbers[0])
        elif kind == "change":
            update = OrderUpdate(sequence, kind, name, None, *numbers)
        if not naive(model, step):
            with pytest.raises(DecodeError):
                book.apply(update)
            assert not book.is_valid
            return
        assert book.apply(update)
        assert list(book.bids(9)) == queues(model, "buy")
        assert list(book.asks(9)) == queues(model, "sell")
        assert len(book) == len(model)


def test_captured_frames_are_contiguous_for_each_product() -> None:
    books: dict[str, OrderBook3] = {}
    for frame in frames("full-2017-06-25"):
        fields = json.loads(frame)
        if fields["type"] == "heartbeat":
            # It tells the newest sequence and consumes none.
            assert fields["sequence"] == books[fields["product_id"]].sequence
            continue
        book = books.setdefault(fields["product_id"], standing(sequence=fields["sequence"] - 1))
        assert book.apply(read_orders(frame))
    bitcoin, ether = books["BTC-USD"], books["ETH-USD"]
    assert [queue[0] for queue in bitcoin.asks(5)] == [D("2599.40"), D("2602.22")]
    assert bitcoin.bids(5) == (
        (D("2593.25"), D("0.2"), (("fdda08ad-11bc-4693-bf9d-0071ba839cbf", D("0.2")),)),
    )
    assert [queue[0] for queue in ether.bids(5)] == [D("309.41"), D("309.28")]
    assert [queue[0] for queue in ether.asks(5)] == [D("309.60"), D("309.77")]


def test_documented_change_moves_an_order_and_loses_its_place() -> None:
    change = next(f for f in frames("full-doc-examples") if b"modify_order" in f)
    name = json.loads(change)["order_id"]
    book = standing(
        (name, "buy", "7", "80"),
        ("behind", "buy", "7", "1"),
        ("there", "buy", "6", "2"),
        sequence=24752,
    )
    assert book.ahead_of("behind") == 80
    assert book.apply(read_orders(change))
    assert [order for order, _ in book.bids(2)[1][2]] == ["there", name]
    assert (book.ahead_of("behind"), book.ahead_of(name)) == (0, 2)
    assert book.order(name) == BookOrder(name, "buy", D(6), D(80))


def test_compact_arrays_are_read_by_the_schema_that_came() -> None:
    schema_frame, opening = frames("level3-doc-examples")
    schema = read_schema(schema_frame)
    product, update = read_compact(opening, schema)
    assert product == "BTC-USD"
    book = standing(sequence=57560479455)
    assert book.apply(update)
    assert book.bids(1)[0][:2] == (D("27268.09"), D("0.02"))
    name = update.order_id
    swapped = {**schema, "match": ("type", "sequence", "product_id", *schema["match"][3:])}
    later = [
        ["noop", "BTC-USD", "57560479457", "2023-03-28T23:24:04Z"],
        ["match", "57560479458", "BTC-USD", name, "t", "27268.09", "0.01", "2023-03-28T23:24:04Z"],
        ["change", "BTC-USD", "57560479459", name, "27000", "0.5", "2023-03-28T23:24:04Z"],
    ]
    for items in later:
        assert book.apply(read_compact(json.dumps(items).encode(), swapped)[1])
    assert book.bids(1)[0][:2] == (D("27000"), D("0.5"))
    done = ["done", "BTC-USD", "57560479460", name, "2023-03-28T23:24:04Z"]
    assert book.apply(read_compact(json.dumps(done).encode(), swapped)[1])
    assert not len(book)


@pytest.mark.parametrize(
    "frame", [b"{}", b"[]", b'["open"]', b'["what",1]', b"nonsense", b'["noop","X","1","never"]']
)
def test_array_that_does_not_fit_is_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError):
        read_compact(frame, read_schema(frames("level3-doc-examples")[0]))


def test_gap_empties_the_book_and_repeats_are_left_out() -> None:
    book = standing(("a", "buy", "1", "1"), sequence=7)
    assert not book.apply(opened(7, "b", "buy", "1", "1"))
    assert not book.apply(OrderUpdate(None, "none"))
    with pytest.raises(SequenceGapError) as gap:
        book.apply(opened(9, "b", "buy", "1", "1"))
    assert (gap.value.expected, gap.value.received) == (8, 9)
    assert not book.is_valid
    assert book.bids(1) == ()
    with pytest.raises(SequenceGapError):
        book.apply(opened(10, "b", "buy", "1", "1"))


@pytest.mark.parametrize(
    "update",
    [
        opened(1, "a", "buy", "1", "1"),
        opened(1, "b", "buy", "1", "0"),
        OrderUpdate(1, "match", "a", None, None, D(2)),
        OrderUpdate(1, "match", "stranger", None, None, D(1)),
        OrderUpdate(1, "open", "c"),
    ],
)
def test_what_no_book_can_be_is_refused(update: OrderUpdate) -> None:
    book = standing(("a", "buy", "1", "1"))
    with pytest.raises(DecodeError):
        book.apply(update)
    assert not book.is_valid


def test_snapshot_that_has_an_order_twice_is_refused() -> None:
    with pytest.raises(DecodeError):
        standing(("a", "buy", "1", "1"), ("a", "buy", "2", "1"))

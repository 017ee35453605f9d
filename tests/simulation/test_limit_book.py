"""The book by price level: conservation, order, refusal to cross."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.simulation.limit_book import LimitBook


def small_book() -> LimitBook:
    book = LimitBook(sequence=100)
    for price, lots in ((99, 5), (98, 7), (96, 1)):
        book.place("bid", price, lots)
    for price, lots in ((101, 4), (102, 6), (105, 2)):
        book.place("ask", price, lots)
    return book


def test_best_levels_come_first_on_both_sides() -> None:
    book = small_book()
    assert list(book.bids.top(2).items()) == [(99, 5), (98, 7)]
    assert list(book.asks.top(2).items()) == [(101, 4), (102, 6)]
    assert (book.bids.best, book.asks.best, book.spread) == (99, 101, 2)


def test_asking_for_more_levels_than_there_are_gives_all() -> None:
    assert len(small_book().bids.top(15)) == 3


def test_taker_pays_the_touch_first_and_what_is_hit_leaves_the_book() -> None:
    book = small_book()
    hits = book.take("ask", 5)
    assert [(hit.price, hit.lots, hit.buyer_is_maker) for hit in hits] == [
        (101, 4, False),
        (102, 1, False),
    ]
    assert list(book.asks.top(3).items()) == [(102, 5), (105, 2)]


def test_taker_who_sells_meets_a_buyer_who_is_maker() -> None:
    assert small_book().take("bid", 1)[0].buyer_is_maker


def test_taker_gets_no_more_than_the_side_holds() -> None:
    book = small_book()
    assert sum(hit.lots for hit in book.take("bid", 1_000)) == 13
    assert len(book.bids) == 0


@pytest.mark.parametrize(("name", "price"), [("bid", 101), ("bid", 103), ("ask", 99)])
def test_a_level_that_would_cross_is_refused(name: str, price: int) -> None:
    book = small_book()
    with pytest.raises(ValueError, match="crosses"):
        book.place("bid" if name == "bid" else "ask", price, 1)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        small_book().place("bid", 97, -1)


def test_zero_removes_a_level_and_an_unknown_one_is_left_alone() -> None:
    book = small_book()
    book.place("bid", 99, 0)
    book.place("bid", 42, 0)
    assert list(book.bids.top(9)) == [98, 96]


def test_every_event_is_counted() -> None:
    book = small_book()
    assert book.sequence == 106
    book.take("ask", 5)
    assert book.sequence == 108


@given(
    st.lists(
        st.tuples(st.sampled_from(("bid", "ask")), st.integers(1, 30), st.integers(0, 9)),
        max_size=80,
    ),
    st.integers(1, 40),
)
def test_any_flow_keeps_sides_sorted_uncrossed_and_conserved(
    orders: list[tuple[str, int, int]], wanted: int
) -> None:
    book = LimitBook(sequence=0)
    naive: dict[str, dict[int, int]] = {"bid": {}, "ask": {}}
    for name, price, lots in orders:
        other = naive["ask" if name == "bid" else "bid"]
        crosses = lots and any(price >= p if name == "bid" else price <= p for p in other)
        if crosses:
            with pytest.raises(ValueError, match="crosses"):
                book.place("bid" if name == "bid" else "ask", price, lots)
            continue
        book.place("bid" if name == "bid" else "ask", price, lots)
        naive[name][price] = lots
        if not lots:
            del naive[name][price]
    assert list(book.bids.top(99).items()) == sorted(naive["bid"].items(), reverse=True)
    assert list(book.asks.top(99).items()) == sorted(naive["ask"].items())
    before = sum(naive["ask"].values())
    hits = book.take("ask", wanted)
    assert sum(hit.lots for hit in hits) == min(wanted, before)
    assert sum(book.asks.lots.values()) == before - sum(hit.lots for hit in hits)
    assert [hit.price for hit in hits] == sorted(hit.price for hit in hits)

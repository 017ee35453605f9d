"""The order book against a dict that does the same naively."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.book import BookSide, Moment, OrderBook, SideMoment, pack
from weex_client.errors import DecodeError, SequenceGapError

ZEROS = ["0", "0.0", "0.000", "0.00000000"]


def texts(*levels: tuple[str, str]) -> list[str]:
    return [text for level in levels for text in level]


def numbers(*levels: tuple[str, str]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((Decimal(price), Decimal(size)) for price, size in levels)


def levels_of(side: SideMoment) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple(zip(map(Decimal, side[0]), map(Decimal, side[1]), strict=True))


def shown(book: OrderBook, level: int) -> tuple[tuple[tuple[Decimal, Decimal], ...], ...]:
    return look(book.now(level))


def look(moment: Moment) -> tuple[tuple[tuple[Decimal, Decimal], ...], ...]:
    return levels_of(moment.bids()), levels_of(moment.asks())


def standing_book(window: int | None = None) -> OrderBook:
    book = OrderBook(window)
    book.replace(pack(texts(("100", "1"), ("99", "2")), texts(("101", "3"), ("102", "4"))), 10)
    return book


# Against the naive model.

Side = list[tuple[str, str]]


@st.composite
def sides(draw: st.DrawFn, lowest: int) -> Side:
    """Levels of distinct prices, each spelled with some noughts; a third of them removed."""
    ticks = draw(st.lists(st.integers(lowest, lowest + 30), max_size=12, unique=True))
    places = st.sampled_from(["", ".0", ".00", ".000"])
    sizes = st.sampled_from([*ZEROS, "1", "0.5", "2.50", "10", "0.00000001", "3.0", "7", "12.25"])
    return [(str(tick) + draw(places), draw(sizes)) for tick in ticks]


changes = st.tuples(sides(100), sides(200))


def folded(model: dict[Decimal, Decimal], side: Side) -> None:
    for price, size in numbers(*side):
        if size:
            model[price] = size
        else:
            model.pop(price, None)


@given(changes, st.lists(st.tuples(st.booleans(), changes), max_size=12), st.integers(0, 40))
def test_book_is_what_a_naive_dict_says(
    first: tuple[Side, Side], frames: list[tuple[bool, tuple[Side, Side]]], level: int
) -> None:
    book = OrderBook()
    bids: dict[Decimal, Decimal] = {}
    asks: dict[Decimal, Decimal] = {}
    for sequence, (is_snapshot, frame) in enumerate([(True, first), *frames], start=1):
        if is_snapshot:
            bids, asks = {}, {}
            book.replace(pack(texts(*frame[0]), texts(*frame[1])), sequence)
        else:
            assert book.apply(pack(texts(*frame[0]), texts(*frame[1])), sequence - 1, sequence)
        folded(bids, frame[0])
        folded(asks, frame[1])
        assert book.is_valid
        assert book.sequence == sequence
        assert shown(book, level) == (
            tuple(sorted(bids.items(), reverse=True)[:level]),
            tuple(sorted(asks.items())[:level]),
        )


@given(st.lists(st.tuples(st.sampled_from(["1", "2", "3.0"]), st.sampled_from(["0", "1", "2"]))))
def test_last_word_of_a_frame_about_a_price_counts(levels: Side) -> None:
    side = BookSide()
    model: dict[Decimal, Decimal] = {}
    side.fold(texts(*levels))
    folded(model, levels)
    assert levels_of(side.lowest(10)) == tuple(sorted(model.items()))


# One behaviour each.


def test_new_book_is_empty_and_not_to_be_shown() -> None:
    book = OrderBook()
    assert (book.is_valid, book.sequence, shown(book, 5)) == (False, None, ((), ()))


def test_snapshot_replaces_both_sides() -> None:
    book = standing_book()
    book.replace(pack(texts(("50", "1")), []), 20)
    assert shown(book, 5) == (numbers(("50", "1")), ())
    assert book.sequence == 20


def test_view_is_cut_best_first() -> None:
    assert shown(standing_book(), 1) == (numbers(("100", "1")), numbers(("101", "3")))


def test_change_sets_adds_and_removes() -> None:
    book = standing_book()
    assert book.apply(pack(texts(("100", "0"), ("98", "5")), texts(("101", "9"))), 10, 11)
    assert shown(book, 5) == (
        numbers(("99", "2"), ("98", "5")),
        numbers(("101", "9"), ("102", "4")),
    )


@pytest.mark.parametrize("zero", ZEROS)
def test_size_of_zero_removes_however_it_is_spelled(zero: str) -> None:
    book = standing_book()
    book.apply(pack(texts(("100", zero)), []), 10, 11)
    assert shown(book, 5)[0] == numbers(("99", "2"))


@pytest.mark.parametrize("size", ["7", "0"])
def test_another_spelling_of_a_price_is_the_same_level(size: str) -> None:
    book = standing_book()
    book.apply(pack(texts(("100.00", size)), []), 10, 11)
    expected = numbers(("100", "7"), ("99", "2")) if size == "7" else numbers(("99", "2"))
    assert shown(book, 5)[0] == expected
    book.apply(pack(texts(("100", "0")), []), 11, 12)
    assert shown(book, 5)[0] == numbers(("99", "2"))


def test_two_spellings_of_a_new_price_are_one_level() -> None:
    book = standing_book()
    book.apply(pack(texts(("98", "1"), ("98.0", "2")), []), 10, 11)
    assert shown(book, 5)[0] == numbers(("100", "1"), ("99", "2"), ("98", "2"))


def test_removal_of_an_unknown_price_changes_nothing() -> None:
    book = standing_book()
    before = shown(book, 5)
    assert book.apply(pack(texts(("42", "0")), texts(("420", "0.0"))), 10, 11)
    assert shown(book, 5) == before


def test_one_change_may_move_a_price_to_the_other_side() -> None:
    book = standing_book()
    assert book.apply(pack(texts(("100", "0")), texts(("100", "8"))), 10, 11)
    assert shown(book, 1) == (numbers(("99", "2")), numbers(("100", "8")))


def test_venue_without_previous_sequences_is_applied_as_it_comes() -> None:
    book = standing_book()
    assert book.apply(pack(texts(("100", "5")), []), None, None)
    assert book.sequence is None


def test_repeat_of_what_the_book_holds_is_left_out() -> None:
    book = standing_book()
    before = shown(book, 5)
    assert not book.apply(pack(texts(("100", "77")), []), 8, 10)
    assert not book.apply(pack(texts(("100", "77")), []), 8, 9)
    assert (shown(book, 5), book.sequence, book.is_valid) == (before, 10, True)


@pytest.mark.parametrize(("previous", "sequence"), [(11, 12), (9, 11), (12, None)])
def test_gap_is_refused_and_forgets_the_book(previous: int, sequence: int | None) -> None:
    book = standing_book()
    with pytest.raises(SequenceGapError) as caught:
        book.apply(pack(texts(("100", "5")), []), previous, sequence)
    assert (caught.value.expected, caught.value.received) == (10, previous)
    assert (book.is_valid, book.sequence, shown(book, 5)) == (False, None, ((), ()))


def test_change_before_any_snapshot_is_refused() -> None:
    with pytest.raises(SequenceGapError) as caught:
        OrderBook().apply(pack([], []), 3, 4)
    assert (caught.value.expected, caught.value.received) == (None, 3)


@pytest.mark.parametrize("bid", ["101", "101.0", "150"])
def test_crossed_book_is_never_shown(bid: str) -> None:
    book = standing_book()
    before = book.now(5)
    book.apply(pack(texts((bid, "1")), []), 10, 11)
    crossed = book.now(5)
    with pytest.raises(DecodeError, match="crossed book"):
        crossed.bids()
    with pytest.raises(DecodeError, match="crossed book"):
        crossed.asks()
    assert look(before)[0] == numbers(("100", "1"), ("99", "2"))


def test_book_deeper_than_its_window_is_never_shown() -> None:
    book = standing_book(window=2)
    book.apply(pack(texts(("98", "1")), []), 10, 11)
    with pytest.raises(DecodeError, match="3 bids and 2 asks in a window of 2"):
        book.now(5).bids()


def test_snapshot_that_cannot_be_is_refused() -> None:
    book = standing_book()
    with pytest.raises(DecodeError, match="crossed book"):
        book.replace(pack(texts(("101", "1")), texts(("101", "1"))), 11)
    assert not book.is_valid


def test_crossed_book_at_which_nobody_looks_is_refused_in_the_end() -> None:
    book = standing_book()
    book.apply(pack(texts(("101", "1")), []), 10, 11)

    def go_on() -> None:
        for sequence in range(11, 100):
            book.apply(pack([], []), sequence, sequence + 1)

    with pytest.raises(DecodeError, match="crossed book"):
        go_on()
    assert not book.is_valid


def test_full_window_is_no_fault() -> None:
    assert standing_book(window=2).apply(pack(texts(("98", "1"), ("99", "0")), []), 10, 11)


def test_book_that_failed_waits_for_a_snapshot() -> None:
    book = standing_book()
    with pytest.raises(DecodeError):
        book.replace(pack(texts(("101", "1")), texts(("101", "1"))), 11)
    with pytest.raises(SequenceGapError):
        book.apply(pack([], []), 11, 12)
    book.replace(pack(texts(("1", "1")), texts(("2", "1"))), 30)
    assert book.is_valid
    assert shown(book, 1) == (numbers(("1", "1")), numbers(("2", "1")))


def test_cleared_book_is_as_if_just_made() -> None:
    book = standing_book()
    book.clear()
    assert (book.is_valid, book.sequence, shown(book, 5)) == (False, None, ((), ()))


def test_earlier_view_stays_as_it_was() -> None:
    book = standing_book()
    view = book.now(5)
    book.apply(pack(texts(("100", "0")), []), 10, 11)
    assert look(book.now(5))[0] == numbers(("99", "2"))
    assert look(view)[0] == numbers(("100", "1"), ("99", "2"))


def test_book_that_is_not_folded_only_follows_the_sequences() -> None:
    book = OrderBook(window=1)
    book.is_folded = False
    book.replace(pack(texts(("101", "1"), ("100", "1")), texts(("99", "1"))), 10)
    assert book.is_valid
    assert book.apply(pack(texts(("98", "1")), []), 10, 11)
    assert not book.apply(pack(texts(("98", "1")), []), 10, 11)
    with pytest.raises(SequenceGapError):
        book.apply(pack([], []), 20, 21)
    assert not book.is_valid

"""Any moment of a book's history, looked at in any order, against a naive model."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weex_client.book import Moment, OrderBook, pack, unpack
from weex_client.errors import DecodeError

Levels = dict[Decimal, Decimal]


def change(random: Random, lowest: int, spell: list[str]) -> list[str]:
    """Levels around a price, a third of them removed, each price spelled in one of the ways."""
    texts: list[str] = []
    for tick in random.sample(range(12), random.randrange(6)):
        size = random.choice(["0", "0.00", "1.5", "20", "0.001"])
        texts += [str(lowest + tick) + random.choice(spell), size]
    return texts


def folded(model: Levels, texts: list[str]) -> None:
    for price, size in zip(texts[::2], texts[1::2], strict=True):
        if Decimal(size):
            model[Decimal(price)] = Decimal(size)
        else:
            model.pop(Decimal(price), None)


def shown(moment: Moment) -> tuple[list[tuple[Decimal, Decimal]], ...]:
    return tuple(
        list(zip(map(Decimal, prices), map(Decimal, sizes), strict=True))
        for prices, sizes in (moment.bids(), moment.asks())
    )


@given(
    st.integers(0, 10**9), st.sampled_from([[".0"], [""], ["", ".0", ".00"]]), st.integers(0, 130)
)
def test_every_moment_is_what_a_naive_dict_says(seed: int, spell: list[str], count: int) -> None:
    random = Random(seed)
    book, bids, asks = OrderBook(), {}, {}
    moments = []
    book.replace(pack([], []), 0)
    # Around 100 a price gains a digit: texts must not be compared as texts.
    for sequence in range(count):
        for model, texts in zip(
            (bids, asks),
            pair := (change(random, 92, spell), change(random, 996, spell)),
            strict=True,
        ):
            folded(model, texts)
        assert book.apply(pack(*pair), sequence, sequence + 1)
        expected = (sorted(bids.items(), reverse=True)[:5], sorted(asks.items())[:5])
        moments.append((book.now(5), expected))
        if random.random() < 0.1:
            moment, expected = random.choice(moments)
            assert shown(moment) == expected
    random.shuffle(moments)
    for moment, expected in moments:
        assert shown(moment) == expected


@given(st.integers(0, 10**9), st.integers(1, 100))
def test_fault_is_found_at_the_change_that_made_it(seed: int, count: int) -> None:
    random = Random(seed)
    book = OrderBook()
    book.replace(pack(["1", "1"], ["9", "1"]), 0)
    culprit, moments = random.randrange(count), []
    for sequence in range(count):
        levels = pack(["9", "1"], []) if sequence == culprit else pack(["2", str(sequence + 1)], [])
        try:
            book.apply(levels, sequence, sequence + 1)
        except DecodeError:
            break  # found while turning the page
        moments.append(book.now(5))
    order = list(range(len(moments)))
    random.shuffle(order)
    for index in order:
        if index < culprit:
            assert moments[index].bids()[1][0] == str(index + 1)
        else:
            with pytest.raises(DecodeError, match="crossed book"):
                moments[index].asks()


@given(st.lists(st.sampled_from(["1", "2.50", "0", ".5", "7."])), st.lists(st.just("3")))
def test_packed_levels_come_out_as_they_went_in(bids: list[str], asks: list[str]) -> None:
    assert unpack(pack(bids, asks)) == (bids, asks)

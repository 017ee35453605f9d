"""Keys: the same message has the same one, and no two messages share it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import weex_client
from weex_client import ConnectionEvent, Continuity, Hole
from weex_client.models import Payload
from weex_client.sinks.rows import ENVELOPE, plain, row_of
from weex_client.venues.kucoin.wire import KucoinAccount

from .messages import START_NS, message, one_of_each, order, ticker, trade

text = st.text(alphabet=":%aB/ é", max_size=4)
facts = st.fixed_dictionaries(
    {
        "venue": text,
        "symbol": st.none() | text,
        "exchange_time_ns": st.none() | st.integers(START_NS, START_NS + 2),
        "received_time_ns": st.integers(START_NS, START_NS + 2),
        "sequence": st.none() | st.integers(0, 2),
    }
)
prices = st.sampled_from(["1.0", "1.00", "2"])


@given(st.lists(st.tuples(facts, prices, text), min_size=2, max_size=6))
def test_messages_share_a_key_only_if_the_venue_said_the_same(drawn: list[Any]) -> None:
    rows: dict[str, Any] = {}
    for fact, price, label in drawn:
        key = row_of(ticker(price, **fact), label).key_text
        time_ns = fact["exchange_time_ns"]
        if time_ns is None:
            time_ns = fact["received_time_ns"]
        said = (label, fact["venue"], fact["symbol"] or "", time_ns, fact["sequence"], price)
        assert rows.setdefault(key, said) == said
    assert len(rows) == len({tuple(map(str, said)) for said in rows.values()})


def test_trade_is_the_same_whenever_and_however_it_comes() -> None:
    again = trade(1, received_time_ns=1, is_snapshot=True, sequence=5)

    assert row_of(trade(1)).key_text == row_of(again).key_text == "weex:trades::BTCUSDT:t1"
    assert row_of(trade(1)).key != row_of(trade(2)).key
    assert row_of(order("new")).key == row_of(order("filled")).key


def test_state_is_known_by_what_its_venue_knows_it_by() -> None:
    funds = {"currency": "USDT", "balance": Decimal(1)}
    balances = [KucoinAccount(**funds, account=name) for name in ("main", "trade", "isolated_A:B")]
    keys = [row_of(message("account", each, symbol=None)).key_text for each in balances]

    assert keys[:2] == ["weex:account:::USDT%3Amain", "weex:account:::USDT%3Atrade"]
    assert len(set(keys)) == 3


def test_no_payload_has_a_field_that_the_envelope_hides() -> None:
    def below(kind: type) -> set[type]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    said_twice = {"symbol", "sequence"}  # by payloads which repeat the message's own
    in_no_message = {ConnectionEvent, Continuity, Hole}
    ours = [
        each
        for each in below(Payload) - in_no_message
        if each.__module__.startswith(weex_client.__name__)
    ]
    hidden = {
        "digest",
        "identity",
        "extra",
        "key",
        "time",
        "channel",
        "writer",
        *ENVELOPE,
    } - said_twice
    assert len(ours) > 25
    assert not [each for each in ours if hidden & set(each.model_fields)]


def test_every_message_is_a_row_and_every_value_can_be_said() -> None:
    for each in one_of_each():
        fields = row_of(each, "mine").fields
        assert fields["label"] == "mine"
        assert set(each.data) - set(fields) <= {"best_bid", "best_ask", "mid", "spread"}
    nested = {"a": (Decimal("1.0"), [None, True]), "b": {1: order().data}}
    assert plain(nested)["a"] == ["1.0", [None, True]]
    assert plain(nested)["b"]["1"]["size"] == "2"
    large = message("trades", trade().data, sequence=2**70)
    assert row_of(large).fields["sequence"] == str(2**70)

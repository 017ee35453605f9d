"""Every order of a seeded book: always the sizes that the market has, without a gap."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from weex_client.book import BookOrder, OrderBook3, OrderUpdate
from weex_client.sandbox.branch import FEE_RATES, Branch
from weex_client.sandbox.coinbase.happenings import Happening, order_uuid, simulated_id
from weex_client.sandbox.coinbase.queues import OrderQueues
from weex_client.sandbox.stage import Stage
from weex_client.simulation import FillEvent, Market, OrderState
from weex_client.simulation.orders import OrderRequest
from weex_client.simulation.trading_rules import TradingRules

START = 1_790_000_000_000_000_000


class Ear:
    def __init__(self) -> None:
        self.heard: list[OrderState | FillEvent] = []

    def opened(self, *_: object) -> None: ...

    def happened(self, account: str, events: object, deposit: object) -> None:
        self.heard += [each for each in events if isinstance(each, OrderState | FillEvent)]


def snapshot(queues: OrderQueues) -> OrderBook3:
    book = OrderBook3()
    orders = [
        BookOrder(name, side, Decimal(price), Decimal(lots))
        for side, is_buy in (("buy", True), ("sell", False))
        for price, name, lots in queues.orders(is_buy)
    ]
    book.replace(orders, queues.sequence)
    return book


def update(each: Happening) -> OrderUpdate:
    kind = {"received": "none", "activate": "none"}.get(each.kind, each.kind)
    side = "buy" if each.is_buy else "sell"
    price = None if each.price is None else Decimal(each.price)
    size = None if each.lots is None else Decimal(each.lots)
    if kind == "change":
        price = None
    return OrderUpdate(each.sequence, kind, each.order_id, side, price, size)


def follow(queues: OrderQueues, book: OrderBook3) -> Iterator[Happening]:
    for each in queues.step():
        if each.kind != "activate":
            assert book.apply(update(each))
        yield each


def same(book: OrderBook3, queues: OrderQueues) -> bool:
    shown = ({q[0]: q[1] for q in side(10**6)} for side in (book.bids, book.asks))
    return tuple(shown) == (queues.window.bids, queues.window.asks)


async def test_orders_of_crowd_and_accounts_are_the_book_at_every_step() -> None:
    market = Market(3, START, ("BTCUSDT",), lambda each: branch.open_floor(each))
    stage = Stage(market, market.step_at(START))
    branch = Branch("spot", stage, "house")
    ear = Ear()
    branch.witnesses.append(ear)
    for account in ("house", "other"):
        branch.open_account(account, {"USDT": Decimal(10**6), "BTC": Decimal(50)})
    symbol = await stage.caught_up("spot", "BTCUSDT")
    rules = TradingRules.of(symbol.instrument, *FEE_RATES["spot"])
    states = [
        branch.desk(name).state(order)
        for name in ("house", "other")
        for order in branch.desk(name).open_orders.values()
    ]
    ear.heard.clear()
    queues = OrderQueues(symbol, rules, states)
    book = snapshot(queues)
    assert same(book, queues)
    stage.follow("spot", "BTCUSDT", lambda: None)
    own_matches, matched_ids, kinds = 0, [], set()
    for step in range(600):
        if step % 40 == 10:
            side = "buy" if step % 80 == 10 else "sell"
            await branch.place(
                "other",
                OrderRequest(symbol="BTCUSDT", side=side, type="market", size=Decimal("0.5")),
            )
        if step % 40 == 30:
            price = rules.price(symbol.touch.bid)
            resting = await branch.place(
                "other",
                OrderRequest(symbol="BTCUSDT", side="buy", size=Decimal("0.2"), price=price),
            )
            if step % 80 == 70 and resting.status == "new":
                await branch.cancel("other", resting.order_id)
        stage.step += 1
        stage.advance("spot", "BTCUSDT")
        for event in ear.heard:
            queues.note(event)
        ear.heard.clear()
        for each in follow(queues, book):
            kinds.add(each.kind)
            if each.kind == "match":
                matched_ids.append(each.trade_id)
                own_matches += (each.state is not None) + (each.taker_state is not None)
        assert same(book, queues)
    assert kinds == {"received", "open", "match", "done", "change"}
    assert matched_ids == list(range(matched_ids[0], matched_ids[0] + len(matched_ids)))
    assert own_matches == len(queues.executions) > 20
    told = sum(each.lots for each in queues.executions)
    filled = sum(
        rules.lots(branch.find(account, order_id).filled_size)
        for account, order_id in {(e.state.account, e.state.order_id) for e in queues.executions}
    )
    assert told <= filled  # what was filled before anybody looked is not among them


def test_orders_of_accounts_are_named_both_ways() -> None:
    name = order_uuid("700000000000000001")
    assert simulated_id(name) == "700000000000000001"
    assert simulated_id("e5f5754d-70a3-4346-95a6-209bcb503629") is None
    assert simulated_id("nonsense") is None

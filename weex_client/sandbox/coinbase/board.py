"""One product as it is sent: who listens to which channel, and what they get after each step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from weex_client.protocol import Channel
from weex_client.sandbox.branch import FEE_RATES
from weex_client.sandbox.coinbase.happenings import Happening
from weex_client.sandbox.coinbase.products import (
    SEGMENT,
    match_figures,
    side_of,
    ticker_figures,
)
from weex_client.sandbox.coinbase.queues import OrderQueues
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.depth_history import MAX_CHANGES, DepthHistory
from weex_client.sandbox.front import BookSides
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.simulation import OrderState, SymbolMarket
from weex_client.simulation.depth_window import DepthChange, Levels
from weex_client.venues.coinbase import CoinbaseChannel, mirror

__all__ = ["Board", "UserIds", "rows"]

# The channels of books send the same frames: a step of the market is longer than 50 ms.
_BOOKS: Final = ("level2", "level2_batch")

_CHANNELS: Final = {
    "ticker": Channel.TICKER,
    "ticker_batch": CoinbaseChannel.TICKER_BATCH,
    "matches": Channel.TRADES,
    "heartbeat": CoinbaseChannel.HEARTBEAT,
    "level2": Channel.BOOK,
    "level2_batch": Channel.BOOK,
    "full": CoinbaseChannel.FULL,
    "user": CoinbaseChannel.USER,
}

_BATCH_NS: Final = 5_000_000_000
# A snapshot from a cache is some seconds old.
_STALE_CHANGES: Final = 10

UserIds = Mapping[str, object]
"""What names an account's owner in frames: ``user_id`` and ``profile_id``."""


class Board:
    """Send one product.

    Args:
        product: As the venue calls it.
        market: Its market, current; None for a product that stays silent.
        queues: Its orders; None likewise.
        users: Names the owners of accounts.
    """

    def __init__(
        self,
        product: str,
        market: SymbolMarket | None,
        queues: OrderQueues | None,
        users: Mapping[str, UserIds],
    ) -> None:
        self.product = product
        self.queues = queues
        self.market = market
        self._users = users
        self._listeners: dict[str, dict[Connection, str | None]] = {}
        self._history = None if queues is None else DepthHistory(queues.window)
        self._shown_us = 0
        self._batched: int | None = None

    # Who listens.

    def join(self, channel: str, connection: Connection, account: str | None) -> None:
        """Let somebody listen from now on."""
        self._listeners.setdefault(channel, {})[connection] = account

    def leave(self, channel: str, connection: Connection) -> None:
        """Let somebody listen no more; nothing happens where he did not."""
        self._listeners.get(channel, {}).pop(connection, None)

    def _send(
        self,
        channel: str,
        text: str,
        *,
        sequences: tuple[int, int] | None = None,
    ) -> None:
        listeners = self._listeners.get(channel)
        if listeners:
            frame = self._outgoing(channel, text, sequences=sequences)
            for connection in tuple(listeners):
                connection.send(frame)

    def _outgoing(
        self,
        channel: str,
        text: str,
        *,
        sequences: tuple[int, int] | None = None,
        is_snapshot: bool = False,
    ) -> OutgoingFrame:
        return OutgoingFrame(
            text,
            f"{channel}:{self.product}",
            _CHANNELS[channel],
            self.product,
            sequences,
            is_snapshot=is_snapshot,
            stale=self._stale if is_snapshot and channel in _BOOKS else None,
        )

    # What a subscription begins with.

    def first(self, channel: str, time_ns: int) -> OutgoingFrame | None:
        """Return the first frame of a channel, or None if it begins with the next news."""
        queues, market = self.queues, self.market
        if channel in _BOOKS:
            text = mirror.encode_snapshot(self.product, *self.sides(), time_ns)
            sequences = (self._shown_us, self._shown_us)
            return self._outgoing(channel, text, sequences=sequences, is_snapshot=True)
        if queues is None or market is None or queues.last is None:
            return None
        match, match_ns = queues.last
        if channel == "matches":
            figures = match_figures(market.instrument, match, match_ns)
            text = mirror.encode_match(self.product, figures, is_last=True)
        elif channel in ("ticker", "ticker_batch"):
            text = mirror.encode_ticker(self.product, ticker_figures(market, match, match_ns))
        else:
            return None
        return self._outgoing(channel, text, is_snapshot=True)

    def sides(self) -> BookSides:
        """Return the whole book as it was last shown, best first."""
        queues = self.queues
        if queues is None:
            return [], []
        return self._figures(queues.window.bids), self._figures(queues.window.asks)

    def _figures(self, levels: Levels) -> list[tuple[Decimal, Decimal]]:
        if self.market is None:
            return []
        instrument = self.market.instrument
        return [(instrument.price(price), instrument.size(lots)) for price, lots in levels.items()]

    def _stale(self) -> OutgoingFrame | None:
        sequence = None if self._history is None else self._history.sequence_before(_STALE_CHANGES)
        if sequence is None or self._history is None:
            return None
        bids, asks = self._history.at(sequence)
        text = mirror.encode_snapshot(
            self.product, self._figures(bids), self._figures(asks), sequence * 1000
        )
        return self._outgoing(_BOOKS[0], text, sequences=(sequence, sequence), is_snapshot=True)

    def true_book(self, sequence: int) -> BookSides:
        """Return bids and asks as a frame showed them whose time in microseconds is given.

        Raises:
            LookupError: If there was no such frame, or it is forgotten.
        """
        if self._history is None:
            raise LookupError(f"{self.product} stays silent")
        bids, asks = self._history.at(sequence)
        return self._figures(bids), self._figures(asks)

    # What comes after each step.

    def follow(self) -> None:
        """Send what a step of the market was."""
        queues, market = self.queues, self.market
        if queues is None or market is None:
            return
        happened = queues.step()
        time_ns = market.time_ns
        for each in happened:
            self._send_order(each, time_ns)
        if queues.change is not None:
            self._send_change(queues.change, time_ns)
        if any(each.kind == "match" for each in happened):
            self._send_ticker("ticker")

    def _send_change(self, change: DepthChange, time_ns: int) -> None:
        if self._history is None:
            return
        bids, asks = change.bids, change.asks
        sequences = (self._shown_us, time_ns // 1000)
        self._shown_us = sequences[1]
        self._history.add(DepthChange(*sequences, bids, asks), MAX_CHANGES)
        if any(self._listeners.get(channel) for channel in _BOOKS):
            figures = self._figures(bids), self._figures(asks)
            text = mirror.encode_book_change(self.product, *figures, time_ns)
            for channel in _BOOKS:
                self._send(channel, text, sequences=sequences)

    def _send_ticker(self, channel: str) -> None:
        queues, market = self.queues, self.market
        if not self._listeners.get(channel) or queues is None or market is None:
            return
        if queues.last is not None:
            figures = ticker_figures(market, *queues.last)
            self._send(channel, mirror.encode_ticker(self.product, figures))

    def beat(self, time_ns: int) -> None:
        """Send the beat of a second, and every fifth the batch of tickers."""
        queues = self.queues
        trade_id, sequence = (0, 0) if queues is None else (queues.trade_id, queues.sequence)
        if self._listeners.get("heartbeat"):
            text = mirror.encode_heartbeat(self.product, trade_id, sequence, time_ns)
            self._send("heartbeat", text)
        if time_ns % _BATCH_NS == 0 and self._batched != trade_id:
            self._batched = trade_id
            self._send_ticker("ticker_batch")

    # Orders.

    def _send_order(self, happening: Happening, time_ns: int) -> None:
        wanted = {name for name in ("full", "user") if self._listeners.get(name)}
        if happening.kind == "match" and self._listeners.get("matches"):
            wanted.add("matches")
        if not wanted:
            return
        text = self._encode(happening, time_ns, {})
        if happening.kind == "match":
            self._send("matches", text)
        if happening.kind != "activate":
            self._send("full", text, sequences=(happening.sequence - 1, happening.sequence))
        if "user" in wanted:
            self._tell_owners(happening, time_ns)

    def _tell_owners(self, happening: Happening, time_ns: int) -> None:
        owners = {
            state.account for state in (happening.state, happening.taker_state) if state is not None
        }
        for account in owners:
            own = self._own_fields(happening, account)
            frame = self._outgoing("user", self._encode(happening, time_ns, own))
            for connection, listener in tuple(self._listeners["user"].items()):
                if listener == account:
                    connection.send(frame)

    def _own_fields(self, happening: Happening, account: str) -> dict[str, object]:
        """Return what only the owner sees in a frame."""
        ids = self._users[account]
        own: dict[str, object] = dict(ids)
        if happening.kind == "match":
            roles = (("maker", happening.state, 0), ("taker", happening.taker_state, 1))
            for role, state, index in roles:
                if state is not None and state.account == account:
                    own |= {f"{role}_{name}": value for name, value in ids.items()}
                    own[f"{role}_fee_rate"] = format(FEE_RATES[SEGMENT][index], "f")
        elif happening.state is not None:
            state = happening.state
            own["client_oid"] = (
                state.request.client_order_id if happening.kind == "received" else None
            )
            if happening.kind == "done" and happening.reason == "canceled":
                is_rest = state.status == "expired"
                own["cancel_reason"] = "101:Time In Force" if is_rest else None
        return own

    def _encode(self, each: Happening, time_ns: int, own: Mapping[str, object]) -> str:
        if self.market is None:
            raise ValueError("a silent product has no orders")
        instrument = self.market.instrument
        if each.kind == "match":
            figures = match_figures(instrument, each, time_ns)
            return mirror.encode_match(self.product, figures, own=own)
        price = None if each.price is None else instrument.price(each.price)
        lots = None if each.lots is None else instrument.size(each.lots)
        fields: dict[str, object] = {"order_id": each.order_id, "side": side_of(is_buy=each.is_buy)}
        match each.kind:
            case "received":
                request = None if each.state is None else each.state.request
                fields["order_type"] = "market" if price is None else "limit"
                fields |= {"size": lots, "price": price}
                fields["funds"] = None if request is None else request.quote_size
            case "open":
                fields |= {"price": price, "remaining_size": lots}
            case "change":
                old = instrument.size(each.old_lots or 0)
                fields |= {"reason": "modify_order", "old_size": old, "new_size": lots}
                fields |= {"old_price": price, "new_price": price}
            case "activate" if each.state is not None:
                fields |= _stop_fields(each.state)
                return mirror.encode_order("activate", self.product, time_ns, fields | dict(own))
            case _:
                fields |= {"reason": each.reason, "price": price}
                fields["remaining_size"] = None if price is None else lots
        fields["sequence"] = each.sequence
        return mirror.encode_order(each.kind, self.product, time_ns, fields | dict(own))

    # For those who ask.

    def orders(self, *, is_buy: bool) -> Iterable[tuple[Decimal, Decimal, str]]:
        """Yield price, size and order of a side, best price first and first come first."""
        if self.queues is not None and self.market is not None:
            instrument = self.market.instrument
            for price, name, lots in self.queues.orders(is_buy):
                yield instrument.price(price), instrument.size(lots), name


def _stop_fields(state: OrderState) -> dict[str, object]:
    request = state.request
    is_entry = request.side == "buy"
    return {
        "stop_type": "entry" if is_entry else "loss",
        "stop_price": request.trigger_price,
        "size": request.size,
        "private": True,
    }


def rows(figures: Sequence[tuple[Decimal, ...]]) -> list[list[str]]:
    """Return numbers as the venue spells them."""
    return [[format(number, "f") for number in row] for row in figures]

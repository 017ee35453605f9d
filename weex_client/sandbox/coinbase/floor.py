"""All products: their boards, and who owns which order. How clients speak is in ``socket``."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from weex_client.sandbox.branch import FEE_RATES, Branch, Deposit
from weex_client.sandbox.coinbase.board import Board, UserIds
from weex_client.sandbox.coinbase.products import (
    SEGMENT,
    currency_rows,
    product_row,
    products_of,
)
from weex_client.sandbox.coinbase.queues import OrderQueues
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.outgoing import OutgoingFrame
from weex_client.sandbox.premises import Premises
from weex_client.simulation import FillEvent, OrderState, SymbolMarket
from weex_client.simulation.account_events import AccountEvent
from weex_client.simulation.desk import Desk
from weex_client.simulation.trading_rules import TradingRules
from weex_client.venues.coinbase import CoinbaseChannel, mirror

__all__ = ["Floor"]

_BEAT_NS: Final = 1_000_000_000


class Floor:
    """Show the exchange's spot market as the products of Coinbase Exchange.

    Attributes:
        products: The exchange's symbols by product.
        users: What names the owner of each account in frames.
        branch: The accounts.
        boards: The products that somebody has looked at.
    """

    def __init__(self, premises: Premises) -> None:
        symbols = (*premises.market.symbols, *sorted(premises.delisted))
        self.products: Mapping[str, str] = products_of(symbols)
        self.users: dict[str, UserIds] = {}
        self.branch: Branch = premises.branches[SEGMENT]
        self.branch.witnesses.append(self)
        self._names = {symbol: product for product, symbol in self.products.items()}
        self._premises = premises
        self._stage = premises.stage
        self.boards: dict[str, Board] = {}
        self._status = ""
        # Who wants to hear of orders of products that nobody has looked at yet.
        self._waiting: dict[str, dict[Connection, str | None]] = {}

    @property
    def now_ns(self) -> int:
        """Return the simulated time."""
        return self._premises.now_ns

    # The products.

    async def caught_up(self, product: str) -> Board:
        """Return a product's board, current from now on."""
        board = self.boards.get(product)
        if board is not None:
            return board
        symbol = self.products[product]
        if symbol in self._premises.delisted:
            return self.boards.setdefault(product, Board(product, None, None, self.users))
        market = await self._stage.caught_up(SEGMENT, symbol)
        return self.boards.get(product) or self._begin(product, market)

    def _begin(
        self, product: str, market: SymbolMarket, recent: Sequence[OrderState | FillEvent] = ()
    ) -> Board:
        """Follow a product that is current; what it shows goes on from here for ever."""
        symbol = market.instrument.symbol
        rules = TradingRules.of(market.instrument, *FEE_RATES[SEGMENT])
        states = [
            desk.state(order)
            for desk in map(self.branch.desk, self.users)
            for order in desk.open_orders.values()
            if order.request.symbol == symbol
        ]
        queues = OrderQueues(market, rules, states, recent)
        board = self.boards[product] = Board(product, market, queues, self.users)
        self._stage.follow(SEGMENT, symbol, board.follow)
        return board

    def name(self, symbol: str) -> str:
        """Return what a symbol of the exchange is called here."""
        return self._names[symbol]

    async def wake(self) -> None:
        """Make sure that accounts are current, and that what the house trades is followed."""
        await self.branch.wake()
        symbols = self._premises.market.symbols
        if symbols:
            await self.caught_up(self._names[symbols[0]])

    # Who listens.

    def join(
        self, channel: str, product: str, connection: Connection, account: str | None
    ) -> OutgoingFrame | None:
        """Let somebody listen to a product; return the first frame he is owed, if any.

        Orders of products that nobody looked at are heard of once they are traded.
        """
        if channel == "user" and product not in self.boards:
            self._waiting.setdefault(product, {})[connection] = account
            return None
        board = self.boards[product]
        first = board.first(channel, self.now_ns)
        board.join(channel, connection, account)
        return first

    def leave(self, channel: str, product: str, connection: Connection) -> None:
        """Let somebody listen no more."""
        self._waiting.get(product, {}).pop(connection, None)
        board = self.boards.get(product)
        if board is not None:
            board.leave(channel, connection)

    def tick(self, time_ns: int) -> None:
        """Let every product's heart beat once a second."""
        if time_ns % _BEAT_NS == 0:
            for board in self.boards.values():
                board.beat(time_ns)

    def status(self) -> OutgoingFrame:
        """Return what is listed."""
        if not self._status:
            rows = [product_row(product, symbol) for product, symbol in self.products.items()]
            self._status = mirror.encode_status(rows, currency_rows(self.products))
        return OutgoingFrame(self._status, "status", CoinbaseChannel.STATUS)

    # Whose orders.

    def opened(self, account: str, desk: Desk, balances: Mapping[str, Decimal]) -> None:  # noqa: ARG002
        """Hear of a new account."""
        digest = hashlib.blake2b(account.encode(), digest_size=16).digest()
        self.users[account] = {
            "user_id": digest.hex()[:24],
            "profile_id": str(uuid.UUID(bytes=digest, version=4)),
        }

    def happened(
        self,
        account: str,  # noqa: ARG002
        events: Sequence[AccountEvent],
        deposit: Deposit | None,  # noqa: ARG002
    ) -> None:
        """Hear what happened to an account; its product shows it with the next step."""
        by_symbol: dict[str, list[OrderState | FillEvent]] = {}
        for event in events:
            if isinstance(event, OrderState):
                by_symbol.setdefault(event.request.symbol, []).append(event)
            elif isinstance(event, FillEvent):
                by_symbol.setdefault(event.symbol, []).append(event)
        for symbol, news in by_symbol.items():
            board = self.boards.get(self._names[symbol])
            if board is None and self._stage.is_current(SEGMENT, symbol):
                board = self._looked_at(symbol, news)
            # A market that still catches up tells what was before anybody looked.
            if board is not None and board.queues is not None:
                for each in news:
                    board.queues.note(each)

    def _looked_at(self, symbol: str, news: Sequence[OrderState | FillEvent]) -> Board:
        """Begin to follow a product because somebody trades it: it is current then."""
        product = self._names[symbol]
        board = self._begin(product, self._premises.market.symbol(SEGMENT, symbol), news)
        for connection, account in self._waiting.pop(product, {}).items():
            board.join("user", connection, account)
        return board

"""One simulated run of an account: its orders live, its lines die, and not a fill may be lost."""

from __future__ import annotations

import asyncio
import io
import socket
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPException, HTTPResponse
from random import Random
from typing import Any, cast
from urllib.parse import urlsplit

from tests.simulate.faults import FAULTS
from tests.simulate.world import CANARY, World
from weex_client import WeexConfig, WeexWebSocketClient
from weex_client.errors import ConnectError, OrderRejectedError, WeexClientError
from weex_client.models import Message, Order
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.sandbox.order_words import order_of
from weex_client.sandbox.weex.account_record import AccountRecord
from weex_client.sandbox.weex.front import WeexFront
from weex_client.streaming.budget import Budgets
from weex_client.streaming.tls import refusal
from weex_client.streaming.transport import WebSocketConnector

# Not those that let the exchange keep something to itself: nobody could know of it.
TROUBLE = tuple(name for name in FAULTS if name not in ("skip depth", "mute"))

ACCOUNT = f"{CANARY}-key"
CHANNELS = ("orders", "fills", "account", "positions")

# Enough for everything that happens: here it is not the reader who is put to the test.
_QUEUE_SIZE = 100_000


class SimulatedWay(WebSocketConnector):
    """Reach an exchange over the loop's own network also by request: no threads here."""

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        """Make one request, as ``http_transport`` does."""
        try:
            async with asyncio.timeout(timeout_seconds):
                raw = await _exchanged(request)
        except (OSError, TimeoutError) as exc:
            why = f"no answer: {type(exc).__name__}"
            raise refusal(exc, "the venue") or ConnectError(why, url=request.url) from None
        answer = HTTPResponse(cast(socket.socket, _Answered(raw)))
        try:
            answer.begin()
            body = answer.read()
        except (HTTPException, ValueError) as exc:
            raise ConnectError(f"no answer: {exc!r}"[:100], url=request.url) from None
        if len(body) > max_bytes:
            raise ConnectError("the answer is too long", url=request.url)
        return HttpResponse(answer.status, body)


class _Answered:
    """What came over a socket, as the standard library's client reads it."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, mode: str) -> io.BytesIO:
        """Return all of it."""
        return io.BytesIO(self._raw)


async def _exchanged(request: HttpRequest) -> bytes:
    parts = urlsplit(request.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": parts.netloc, "Connection": "close", **request.headers}
        lines = [f"{request.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        await writer.drain()
        return await reader.read()
    finally:
        writer.transport.abort()


class AccountWorld(World):
    """Everything of one run of an account, whose credentials must turn up nowhere."""

    options = " --account"

    def _make_client(self) -> WeexWebSocketClient:
        self.exchange.open_account(ACCOUNT, f"{CANARY}-secret", f"{CANARY}-passphrase")
        self.config: WeexConfig = self.exchange.weex_config(
            self.market, account=ACCOUNT
        ).model_copy(
            update={
                "reconnect_delay_seconds": self.random.choice((0.1, 1.0)),
                "reconnect_max_delay_seconds": 10.0,
                "queue_size": _QUEUE_SIZE,
            }
        )
        return WeexWebSocketClient(self.config, connector=SimulatedWay(), budgets=Budgets())

    async def _trade(self) -> None:
        self.client = self._make_client()
        self.messages: dict[str, list[Message[Any]]] = {name: [] for name in CHANNELS}
        self.placed: dict[str, Order] = {}
        # On the spot market fills are told by symbol: one with an open order is known.
        for symbol in self.symbols:
            await self._place(symbol, side="buy", size=self._size(symbol), price=self._far(symbol))
        await self.client.connect()
        async with asyncio.TaskGroup() as group:
            for name in CHANNELS[: 4 if self.market == "contract" else 3]:
                group.create_task(self._read(name))
            group.create_task(self._watch_events())
            await asyncio.sleep(5.0)  # nothing goes wrong until the state was read
            for program in (self._give_orders(), self._make_trouble()):
                group.create_task(self._until_calm(program))
            await asyncio.sleep(self.ends_at - self._loop.time())
            self._count()
            await self.client.disconnect()

    async def _read(self, name: str) -> None:
        stream = getattr(self.client, f"stream_{name}")()
        try:
            async for message in stream:
                self.messages[name].append(message)
                self.note(f"{name} {message.symbol} {message.is_snapshot} {message.data}")
                self.check_secrets(repr(message), f"a message of {name}")
        except WeexClientError as exc:
            self.meet(exc)
            self.complain(f"{name} ended with {exc!r}")

    async def _make_trouble(self) -> None:
        random = Random(f"{self.report.seed}/faults")
        pause = random.choice((3.0, 10.0, 30.0))
        async with asyncio.TaskGroup() as group:
            while True:
                await asyncio.sleep(random.expovariate(1 / pause))
                (name,) = random.choices(TROUBLE, [FAULTS[each].weight for each in TROUBLE])
                self.note(f"fault {name}")
                self.report.counts[f"fault {name}"] += 1
                own = Random(f"{self.report.seed}/fault/{self._loop.time()}")
                group.create_task(FAULTS[name].act(self, own))

    # What the account does.

    async def _give_orders(self) -> None:
        random = Random(f"{self.report.seed}/orders")
        while True:
            await asyncio.sleep(random.expovariate(1 / 2))
            symbol, side = random.choice(self.symbols), random.choice(("buy", "sell"))
            size = self._size(symbol) * random.choice((1, 5, 40))
            try:
                match random.choice(("market", "near", "near", "far", "cancel")):
                    case "market":
                        await self._place(symbol, side=side, size=size)
                    case "near":
                        price = self._near(symbol, side, random.randint(-3, 3))
                        await self._place(symbol, side=side, size=size, price=price)
                    case "far":
                        await self._place(symbol, side="buy", size=size, price=self._far(symbol))
                    case _:
                        await self._cancel(random)
            except OrderRejectedError:
                self.report.counts["refused"] += 1

    async def _place(self, symbol: str, **words: Any) -> None:
        order = await self.exchange.place_order(
            symbol=symbol, market=self.market, account=ACCOUNT, **words
        )
        self.placed[order.order_id] = order
        self.note(f"placed {order.order_id}")

    async def _cancel(self, random: Random) -> None:
        # The first ones keep their symbols known.
        alive = [each for each in self.placed if not self._true_order(each).is_final]
        if len(alive) > len(self.symbols):
            order_id = random.choice(alive[len(self.symbols) :])
            await self.exchange.cancel_order(order_id, market=self.market, account=ACCOUNT)
            self.note(f"canceled {order_id}")

    def _instrument(self, symbol: str) -> Any:
        return self.exchange._premises.market.symbol(self.market, symbol).instrument

    def _size(self, symbol: str) -> Decimal:
        instrument = self._instrument(symbol)
        return instrument.size(max(1, instrument.typical_lots // 20))

    def _far(self, symbol: str) -> Decimal:
        instrument = self._instrument(symbol)
        return instrument.price(instrument.opening_ticks // 2)

    def _near(self, symbol: str, side: str, behind: int) -> Decimal:
        touch = self.exchange._premises.market.symbol(self.market, symbol).touch
        ticks = touch.bid - behind if side == "buy" else touch.ask + behind
        return self._instrument(symbol).price(ticks)

    # The verdict.

    @property
    def _branch(self) -> Any:
        return self.exchange._premises.branches[self.market]

    @property
    def _record(self) -> AccountRecord:
        front = self.exchange.front("weex")
        assert isinstance(front, WeexFront)
        return front.records[self.market][ACCOUNT]

    def _true_order(self, order_id: str) -> Order:
        return order_of(self._branch.find(ACCOUNT, order_id))

    def _judge(self) -> None:
        counts = self.report.counts
        for name, messages in self.messages.items():
            counts[f"messages of {name}"] += len(messages)
        counts["orders"] += len(self.placed)
        for verdicts in (self._judge_fills(), self._judge_orders(), self._judge_state()):
            for verdict in verdicts:
                self.complain(verdict)
        for name, stats in self.client.stats().channels.items():
            counts[f"gaps {name}"] += stats.gaps
            if stats.decode_errors:
                self.complain(f"{stats.decode_errors} frames of {name} could not be read")
        self.check_secrets(repr(self.client) + str(self.client.stats()), "the statistics")
        self.check_secrets(repr(self.config) + str(self.config), "the settings")

    def _judge_fills(self) -> Iterator[str]:
        true = {fill.fill_id: fill for fill in self._record.fills}
        told = [message.data for message in self.messages["fills"]]
        self.report.counts["fills"] += len(true)
        if any(message.is_snapshot for message in self.messages["fills"]):
            yield "a fill is told as state"
        if len({fill.fill_id for fill in told}) != len(told):
            yield "a fill is told twice"
        for missing in true.keys() - {fill.fill_id for fill in told}:
            yield f"fill {missing} was never told: {true[missing]}"
        for fill in told:
            other = true.get(fill.fill_id)
            if other is None:
                yield f"fill {fill.fill_id} never happened"
                continue
            names = ("order_id", "symbol", "side", "size", "price", "fee", "liquidity")
            wrong = [name for name in names if getattr(fill, name) != getattr(other, name)]
            # On the spot market an answer does not say who was the maker.
            if wrong and not (wrong == ["liquidity"] and fill.liquidity is None):
                yield f"fill {fill.fill_id} has a wrong {', '.join(wrong)}: {fill}, {other}"

    def _judge_orders(self) -> Iterator[str]:
        lives: dict[str, list[Order]] = defaultdict(list)
        for message in self.messages["orders"]:
            lives[message.data.order_id].append(message.data)
        for order_id, life in lives.items():
            true = self._true_order(order_id)
            filled = [order.filled_size or Decimal(0) for order in life]
            if filled != sorted(filled):
                yield f"order {order_id} is filled less and less: {life}"
            if any(order.is_final for order in life) and not life[-1].is_final:
                yield f"order {order_id} came back to life: {life}"
            if (life[-1].status, filled[-1]) != (true.status, true.filled_size):
                yield f"the last word on order {order_id} is {life[-1]}, the truth {true}"
        for order_id in self.placed.keys() - lives.keys():
            self.report.counts["orders that lived in an outage"] += 1
            if not self._true_order(order_id).is_final:
                yield f"order {order_id} is open and was never told"

    def _judge_state(self) -> Iterator[str]:
        ledger = self._record.desk.ledger
        balances = {message.data.currency: message.data for message in self.messages["account"]}
        for currency, amount in ledger.wallets.items():
            told = balances.get(currency)
            if told is None or told.balance != amount:
                yield f"the last word on {currency} is {told}, the truth {amount}"
        if not ledger.has_positions:
            return
        sizes: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for message in self.messages["positions"]:
            sizes[message.data.symbol][message.data.side] = message.data.size
        for symbol, holding in ledger.holdings.items():
            held = sizes[symbol].get("long", 0) - sizes[symbol].get("short", 0)
            if held != holding.size:
                yield f"the last word on {symbol} is {held}, the truth {holding.size}"

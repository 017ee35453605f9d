"""The MongoDB sink, against a server of its wire protocol and against one that plays its faults."""

from __future__ import annotations

import asyncio
import datetime
import gc
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from traceback import format_exception as traceback_of
from typing import Any

import mockupdb
import pytest
from bson import Decimal128, encode
from pymongo import AsyncMongoClient, MongoClient

from weex_client.errors import ConfigError, SinkError
from weex_client.sandbox import SandboxExchange
from weex_client.sinks import MongoSink, document, sink_at
from weex_client.sinks.mongo_address import place_of
from weex_client.venues.coinbase.wire import VenueStatus
from weex_client.venues.smartmoney import SmartMoneyEvent

from .messages import candle, message, one_of_each, order, stream, ticker, trade
from .mongo_server import MongoServer, running

# The driver leaves a socket to the collector when it is closed while it dials.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

# More than anything here takes; what hangs fails the test.
PATIENCE_SECONDS = 60


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """Let go of such sockets here, where they are no error, and not in somebody else's test."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    with running(tmp_path_factory.mktemp("mongo")) as server:
        yield server


@pytest.fixture
async def database(server: MongoServer, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """Return a database that no other test uses."""
    async with AsyncMongoClient[dict[str, Any]](server.uri) as client:
        yield client[request.node.name[:30]]


def sink_to(server: MongoServer, database: Any, **options: Any) -> MongoSink:
    patience = {"connect_seconds": PATIENCE_SECONDS, "closing_seconds": PATIENCE_SECONDS}
    return MongoSink(f"{server.uri}/{database.name}", **{**patience, **options})


async def test_each_message_is_stored_once_and_asked_back_by_time(
    server: MongoServer, database: Any
) -> None:
    async with sink_to(server, database) as sink:
        await sink.consume(stream([trade(number) for number in range(5)]))
        await sink.consume(stream([trade(number) for number in range(3, 8)]))

        assert (sink.stats().stored, sink.stats().repeated, sink.stats().waiting) == (8, 2, 0)
    since = datetime.datetime.fromtimestamp(1_790_000_005, datetime.UTC)
    found = await database.trades.find({"time": {"$gte": since}}).sort("time", 1).to_list()
    assert [each["trade_id"] for each in found] == ["t5", "t6", "t7"]
    assert found[0]["price"] == "64005.10"  # as text: this server has no Decimal128
    assert found[0]["time_ns"] == 1_790_000_005_123_456_789
    indexes = [dict(each["key"]) for each in await (await database.trades.list_indexes()).to_list()]
    assert {"time": 1} in indexes
    assert {"symbol": 1, "time": 1} in indexes


async def test_newer_state_replaces_and_a_forming_candle_never_a_closed_one(
    server: MongoServer, database: Any
) -> None:
    for each in ([order(), order("filled"), candle("2"), candle("3", closed=True)], [candle("4")]):
        async with sink_to(server, database, batch_size=1) as sink:
            await sink.consume(stream(each))
    async with sink_to(server, database) as sink:  # all in one batch
        await sink.consume(stream([order("new", "2"), order("canceled", "2"), *one_of_each()]))

    states = {each["order_id"]: each["status"] async for each in database.orders.find({})}
    assert states == {"1": "new", "2": "canceled"}
    assert [each["close"] async for each in database.candles.find({})] == ["3"]


async def test_server_that_is_killed_and_comes_back_has_everything_once(
    server: MongoServer, database: Any
) -> None:
    async def while_it_is_down() -> AsyncIterator[Any]:
        await asyncio.to_thread(server.kill)
        for number in range(1, 50):
            yield trade(number)
        while sink.stats().away_since is None:  # noqa: ASYNC110  # until the sink has noticed
            await asyncio.sleep(0.01)
        await asyncio.to_thread(server.start)

    # As long as a write waits for a server that the driver knows to be away.
    sink = sink_to(server, database, write_seconds=2.0, retry_max_delay_seconds=0.1)
    async with asyncio.timeout(PATIENCE_SECONDS), sink:
        await sink.consume(stream([trade(0)]))
        await sink.consume(while_it_is_down())

    assert (sink.stats().lost, sink.stats().stored) == (0, 50)
    assert "mongodb://127.0.0.1" in (sink.stats().last_error or "")
    assert await database.trades.count_documents({}) == 50


# What a server says of itself when it is asked.
HELLO = {"ok": 1, "ismaster": True, "maxWireVersion": 21, "minWireVersion": 0}
ABOUT = {"_id": "store", "version": 1, "has_decimals": True}


class Actor:
    """Play a server: answer what opens a store, and each insert as the script says."""

    def __init__(self, server: mockupdb.MockupDB) -> None:
        server.autoresponds(self._answer)
        self._server = server
        self.play()

    def play(self, *script: Callable[[Any], object], about: Any = ABOUT) -> str:
        """Begin anew; return the address."""
        self.inserts: list[Any] = []
        self.updates: list[Any] = []
        self._script = list(script)
        self._about = about
        return f"mongodb://{self._server.host}:{self._server.port}/market"

    def _answer(self, request: Any) -> bool:
        command = next(iter(request.doc), "")
        if command in ("ismaster", "hello"):
            return False
        if command == "find":
            batch = [] if self._about is None else [self._about]
            cursor = {"id": 0, "ns": "market.weex_client", "firstBatch": batch}
            request.ok(cursor=cursor)
        elif command == "saslStart":
            request.command_err(18, "Authentication failed.")
        elif command == "update":
            self.updates += request.doc["updates"]
            request.ok(n=1, nModified=1)
        elif command == "insert":
            self.inserts.append(request.doc)
            (self._script.pop(0) if self._script else mockupdb.Request.ok)(request)
        else:
            request.ok(n=1, nModified=0)
        return True


@pytest.fixture(scope="module")
def actor() -> Iterator[Actor]:
    server = mockupdb.MockupDB(auto_ismaster=HELLO, request_timeout=PATIENCE_SECONDS)
    server.run()
    yield Actor(server)
    server.stop()


def hangs_up(request: Any) -> None:
    request.hangup()


def is_not_primary(request: Any) -> None:
    request.command_err(10107, "not primary")


def says_nothing(request: Any) -> None:
    """Let the sink wait until it is tired of it."""


def has_it_already(request: Any) -> None:
    error = {"index": 0, "code": 11000, "errmsg": "E11000", "keyPattern": {"_id": 1}}
    request.ok(n=0, writeErrors=[error])


def is_full(request: Any) -> None:
    request.ok(n=0, writeErrors=[{"index": 0, "code": 14031, "errmsg": "OutOfDiskSpace"}])


@pytest.mark.parametrize(
    "script",
    [
        (hangs_up, has_it_already),  # it was written, and nobody said so
        (is_not_primary, is_not_primary),
        (says_nothing,),
        (is_full,),
    ],
)
async def test_fault_of_the_server_costs_a_retry_and_no_message(
    actor: Actor, script: tuple[Callable[[Any], object], ...]
) -> None:
    # Only a server that says nothing takes as long as it may.
    seconds = 1.0 if says_nothing in script else PATIENCE_SECONDS
    options = {"write_seconds": seconds, "retry_max_delay_seconds": 0.01}
    sink = sink_at(actor.play(*script), connect_seconds=PATIENCE_SECONDS, **options)
    async with asyncio.timeout(PATIENCE_SECONDS), sink:
        await sink.consume(stream([trade()]))

    stats = sink.stats()
    assert (stats.stored, stats.lost, stats.waiting, stats.away_since) == (1, 0, 0, None)
    assert stats.retries >= 1
    assert len({each["documents"][0]["_id"] for each in actor.inserts}) == 1


async def test_prices_are_decimal128_and_writes_survive_a_crash_of_the_server(
    actor: Actor,
) -> None:
    async with MongoSink(actor.play()) as sink:
        await sink.consume(stream([trade(), ticker()]))
    (insert, _) = actor.inserts

    assert insert["documents"][0]["price"] == Decimal128("64000.10")
    assert insert["ordered"] is False
    assert insert["writeConcern"].items() >= {"w": "majority", "j": True}.items()
    assert document(trade())["_id"] == insert["documents"][0]["_id"]


async def test_document_that_the_server_refuses_is_counted_and_the_others_are_stored(
    actor: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    def refuses(request: Any) -> None:
        error = {"index": 0, "code": 121, "errmsg": "Document failed validation"}
        request.ok(n=1, writeErrors=[error])

    async with MongoSink(actor.play(refuses)) as sink:
        await sink.consume(stream([trade(1), trade(2)]))

    assert (sink.stats().stored, sink.stats().refused, sink.stats().lost) == (1, 1, 0)
    assert "weex:trades::BTCUSDT:t1: Document failed validation" in caplog.text


async def opened(sink: MongoSink) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), sink:
        raise AssertionError("it opens")


async def test_what_is_wrong_at_the_start_is_said_there_without_the_password(
    actor: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "weex_client")

    def refuses(request: Any) -> None:
        request.command_err(13, "command insert requires authentication")

    uri = actor.play(refuses, about=None)
    wrong = {
        uri: "refuses this user: command insert requires",
        uri.replace("//", "//me:s3cret@"): "/market refuses this user: Authentication failed",
        "mongodb://me:s3cret@127.0.0.1:1/m": r"^cannot reach mongodb://127\.0\.0\.1:1/m: [^:]+:\d",
        "mongodb://me:s3/cret@host/db": "mongodb://host/db is no address",
        "mongodb://me:s3cret": r"mongodb://\.\.\. is no address",
        "mongodb://host/?w=0": "w=0 loses messages",
    }
    for address, complaint in wrong.items():
        # The only one that is slow to fail: the driver tries again until then.
        seconds = 0.3 if ":1/" in address else PATIENCE_SECONDS
        sink = MongoSink(address, connect_seconds=seconds)
        with pytest.raises((SinkError, ConfigError), match=complaint) as caught:
            await opened(sink)
        traceback = "".join(traceback_of(caught.value))
        assert "s3" not in f"{caught.value}{sink!r}{caplog.text}{traceback}"
    with pytest.raises(SinkError, match="holds a store of version 2"):
        await opened(MongoSink(actor.play(about={**ABOUT, "version": 2})))


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples")
    return import_module("_mongodb")


async def test_recipes_keep_ticks_and_ask_for_them_by_time(
    server: MongoServer, actor: Actor, recipes: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), SandboxExchange() as exchange:
        config = exchange.coinbase_config()
        with MongoClient[dict[str, Any]](actor.play()) as client:
            await asyncio.to_thread(recipes.keep_ticks, config, client.crypto_db.btc_data, 3)
        assert len({each["q"]["_id"] for each in actor.updates}) == 3
        assert all(isinstance(each["u"]["last"], Decimal128) for each in actor.updates)

        keeping = asyncio.create_task(recipes.keep_all_ticks(config, server.uri))
        with MongoClient[dict[str, Any]](server.uri) as client:
            ticks = client.crypto_db.btc_data
            while not await asyncio.to_thread(ticks.find_one):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            keeping.cancel()
            await asyncio.wait((keeping,))
            await asyncio.to_thread(recipes.print_last_hour, ticks)
            by_time = {"time": 1}
            assert by_time in [dict(each["key"]) for each in ticks.list_indexes()]
    assert re.match(r"Price: \d+\.\d+ at \d{4}-", capsys.readouterr().out)


def test_place_never_shows_what_may_be_a_password() -> None:
    assert place_of("mongodb://a.b:1,[::1]:2/db?x=y") == "mongodb://a.b:1,[::1]:2/db"
    assert place_of("mongodb+srv://u:p@cluster.net/db") == "mongodb+srv://cluster.net/db"
    assert place_of("mongodb://u:p?p@host/db") == "mongodb://..."
    assert place_of("mongodb://u:pw") == "mongodb://..."


def test_what_venues_nest_is_said_in_documents() -> None:
    payload = {
        "price": Decimal("1.50"),
        "asked": None,
        "ids": [1, 2**70, ("a",)],
        "a": {"is": True},
    }
    said = SmartMoneyEvent(event="alert", payload=payload)

    found = document(message("alerts", said), label="mine")

    assert found["payload"] == {
        "price": Decimal128("1.50"),
        "asked": None,
        "ids": [1, str(2**70), ["a"]],
        "a": {"is": True},
    }
    assert (found["label"], found["channel"]) == ("mine", "alerts")
    assert encode(found)
    assert encode(document(message("status", VenueStatus(products=(), currencies=()))))


def test_number_of_too_many_digits_for_decimal128_keeps_them_as_text() -> None:
    digits = "1234567890123456789012345678901234567.89"

    assert document(ticker(digits))["last"] == digits
    assert document(ticker("1.10"))["last"] == Decimal128("1.10")
    assert document(ticker("1.10"))["last"].to_decimal() == Decimal("1.10")

"""A client in a thread: read, called back, closed in every way, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.streaming.memory_line import BTC, ETH
from tests.sync.conftest import PATIENCE_SECONDS, Recorder, Venue, numbers, tickers
from weex_client import (
    AuthenticationError,
    ClientClosedError,
    ConfigError,
    ConnectError,
    OverflowPolicy,
    RetriesExhaustedError,
    SlowConsumerError,
    UnsupportedChannelError,
    UsageError,
    WeexConfig,
    WeexWebSocketClient,
)
from weex_client.sync import SyncClient

ROOT = Path(__file__).parents[2]

REFUSED = ConnectError("refused", url="ws://127.0.0.1:1/public")


def take(source: Any, count: int) -> list[int]:
    """Return the numbers of the next messages."""
    messages = [source.get(PATIENCE_SECONDS) for _ in range(count)]
    assert None not in messages
    return numbers(messages)


def is_subscribed_once(client: SyncClient) -> bool:
    """Let the client's loop turn until one subscription is left, each question being a turn."""
    return any(client.stats().scopes["public"].subscriptions == 1 for _ in range(1000))


class Whales(WeexWebSocketClient):
    """Have a stream that other clients lack."""

    def stream_whales(self, *, queue_size: int | None = None) -> Any:
        return self.stream_tickers(BTC, queue_size=queue_size)


# Reading.


def test_client_gives_all_messages_in_order_and_each_stream_its_own(venue: Venue) -> None:
    client = Recorder(venue)
    btc = client.stream_tickers(BTC)
    with client:
        eth = client.stream_tickers(ETH)
        # All that came before the streams had their turn is sorted by when it came.
        both = [tickers(n, symbol=(BTC, ETH)[n % 2])[0] for n in range(1, 201)]
        venue.say(*both)
        assert take(client, 200) == list(range(1, 201))
        assert take(btc, 100) == list(range(2, 201, 2))
        assert take(eth, 100) == list(range(1, 200, 2))
        assert client.get(timeout=0) is None
        venue.say(*tickers(201))
    assert client.metrics.messages in (200, 201)
    assert client.metrics.dropped == 0
    assert numbers(list(client)) == numbers(list(btc))  # what waits, then the end
    assert list(eth) == []
    with pytest.raises(ClientClosedError):
        client.get()


def test_closed_stream_ends_and_the_others_go_on(venue: Venue) -> None:
    with Recorder(venue) as client:
        eth = client.stream_tickers(ETH)
        with client.stream_tickers(BTC) as btc:
            venue.say(*tickers(1))
            assert take(btc, 1) == [1]
        btc.close()
        assert list(btc) == []
        venue.say(*tickers(2, symbol=ETH))
        assert take(eth, 1) == [2]
        eth.close()
        assert numbers(list(client)) == [1, 2]
        assert client.join(0)


def test_forgotten_stream_ends_if_it_was_read_and_goes_on_if_not(venue: Venue) -> None:
    with Recorder(venue, queue_size=2) as client:
        client.stream_tickers(ETH)
        btc = client.stream_tickers(BTC, overflow=OverflowPolicy.BLOCK)
        venue.say(*tickers(1))
        assert take(btc, 1) == [1]
        venue.say(*tickers(2, 3, 4, 5, 6))  # more than fits: it holds back everything
        del btc
        venue.say(*tickers(7, symbol=ETH))
        while take(client, 1) != [7]:
            pass
        assert is_subscribed_once(client)


def test_program_that_streams_nothing_or_has_not_started_is_told(venue: Venue) -> None:
    client = Recorder(venue)
    with pytest.raises(UsageError, match="nothing is streamed"):
        next(client)
    stream = client.stream_tickers(BTC)
    for reader in (client, stream):
        with pytest.raises(ClientClosedError, match="not started"):
            next(reader)
    with pytest.raises(UsageError, match="class of a client"):
        SyncClient(venue)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no stream_whales"):
        client.stream(Whales.stream_whales)
    with pytest.raises(AttributeError, match="stream_whales"):
        client.stream_whales  # noqa: B018
    client.close()


def test_what_only_this_venue_s_client_has_is_streamed_too(venue: Venue) -> None:
    client: Any = SyncClient(Whales, venue.config(), connector=venue)
    streams = [client.stream_whales(queue_size=5), client.stream(Whales.stream_whales)]
    with client:
        venue.say(*tickers(1))
        assert [take(stream, 1) for stream in streams] == [[1], [1]]
    with pytest.raises(TypeError):
        client.stream_whales("too much")


# Being called back.


def test_handlers_are_called_by_pattern_and_one_that_raises_stops_nothing(venue: Venue) -> None:
    client = Recorder(venue)
    client.stream_tickers([BTC, ETH])

    @client.on("ticker:BTC*")
    def fail(message: Any) -> None:
        raise ValueError(message.symbol)

    client.on("tick*", client.note)
    client.on("trades", fail)
    with client:
        client.until_told("open")
        venue.say(*tickers(1), *tickers(2, symbol=ETH), *tickers(3))
        assert take(client, 3) == [1, 2, 3]
        client.until_told("open", ("error", 1), 1, 2, ("error", 3), 3)
        assert client.error is None
        metrics = client.metrics
    assert (metrics.messages, metrics.errors, metrics.dropped) == (3, 2, 0)
    assert metrics.last_message_time is not None
    assert [str(error) for error in client.errors] == [BTC, BTC]
    assert client.told[-1] == "close"


def test_on_error_that_raises_is_logged_once(
    venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Recorder):
        def on_message(self, message: Any) -> None:
            raise ValueError("no")

        def on_error(self, error: Exception, message: Any = None) -> None:
            raise ValueError("neither")

    client = Broken(venue)
    client.stream_tickers(BTC)
    with client:
        venue.say(*tickers(1, 2, 3))
        assert take(client, 3) == [1, 2, 3]
        assert client.metrics.errors >= 4
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_messages_are_printed_where_that_is_asked_for(
    venue: Venue, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Recorder(venue, should_print=True)
    client.stream_tickers(BTC)
    with client:
        venue.say(*tickers(1, 2))
        take(client, 2)
    assert [line.split()[:4] for line in capsys.readouterr().out.splitlines()] == [
        ["weex", "ticker", BTC, "last=1"],
        ["weex", "ticker", BTC, "last=2"],
    ]


def test_what_happens_to_the_line_is_told(venue: Venue) -> None:
    class Watching(Recorder):
        def on_event(self, event: Any) -> None:
            self._note(event.kind)

    client = Watching(venue)
    client.stream_tickers(BTC)
    events = client.events()
    with client:
        venue.cut()
        client.until_told("open", "disconnected", "reconnecting", "connected")
        assert [event.kind for event in (events.get(), events.get())] == client.told[1:3]
        assert client.is_connected
        assert client.stats().scopes["public"].reconnects == 1
    assert not client.is_connected
    assert client.stats().scopes["public"].reconnects == 1
    assert len(client.continuity()) == 1


# Reading too slowly.


def test_unread_messages_push_out_the_oldest_and_are_counted(venue: Venue) -> None:
    client = Recorder(venue, queue_size=10)
    client.stream_tickers(BTC)
    events = client.events()
    client.on("none", client.note)
    with client:
        venue.say(*tickers(*range(1, 31)))
        venue.cut()  # comes behind them
        events.get()
        assert take(client, 10) == list(range(21, 31))
        assert client.metrics.dropped == 20


def test_messages_that_a_handler_took_are_not_lost(venue: Venue) -> None:
    client = Recorder(venue, queue_size=10)
    client.stream_tickers(BTC, overflow=OverflowPolicy.RAISE)
    client.on("*", client.note)
    with client:
        client.until_told("open")
        venue.say(*tickers(*range(1, 31)))
        client.until_told("open", *range(1, 31))
        assert client.metrics.dropped == 0
        assert client.error is None


def test_reader_who_must_not_miss_anything_is_told_where_he_did(venue: Venue) -> None:
    client = Recorder(venue, queue_size=10)
    own = client.stream_tickers(BTC, overflow=OverflowPolicy.RAISE)
    client.stream_tickers(ETH)
    with client:
        venue.say(*tickers(*range(1, 31)))
        client.until_told("open", ("error", None))
        with pytest.raises(SlowConsumerError):
            client.get(PATIENCE_SECONDS)
        assert take(client, 10) == list(range(2, 12))
        assert isinstance(client.error, SlowConsumerError)
        take(own, own.pending)
        with pytest.raises(SlowConsumerError):
            own.get(PATIENCE_SECONDS)
        venue.say(*tickers(40, symbol=ETH))
        while take(client, 1) != [40]:
            pass


def test_reader_may_hold_the_line_back_and_loses_nothing(venue: Venue) -> None:
    client = Recorder(venue, queue_size=2)
    stream = client.stream_tickers(BTC, queue_size=2, overflow=OverflowPolicy.BLOCK)
    assert stream.pending == 0
    with client:
        venue.say(*tickers(1))
        assert take(stream, 1) == [1]  # from now on it is known who reads
        venue.say(*tickers(*range(2, 1001)))
        assert take(stream, 999) == list(range(2, 1001))
        assert (stream.dropped, client.metrics.dropped) == (0, 0)


# Opening, failing and closing.


def test_closed_client_starts_again_with_the_same_streams_and_handlers(venue: Venue) -> None:
    client = Recorder(venue)
    stream = client.stream_tickers(BTC)
    client.on("ticker", client.note)
    for number in (1, 2):
        with client:
            client.start()  # harmless
            venue.say(*tickers(number))
            assert take(stream, 1) == [number]
            assert take(client, 1) == [number]
        assert not venue.open_lines
        client.close()
    assert client.told == ["open", 1, "close", "open", 2, "close"]
    assert client.metrics.messages == 2


@pytest.mark.parametrize("error", [REFUSED, AuthenticationError("refused")])
def test_start_raises_what_went_wrong_and_can_be_tried_again(error: Exception) -> None:
    venue = Venue(error, error)
    client = Recorder(venue)
    client.stream_tickers(BTC)
    venue.always = error
    with pytest.raises(type(error), match="refused"):
        client.start()
    assert client.error is error or str(client.error) == "refused"
    with pytest.raises(type(error), match="refused"):
        next(client)
    assert client.told == []
    venue.script, venue.always = [], None
    with client:
        assert client.error is None
        venue.say(*tickers(1))
        assert take(client, 1) == [1]


def test_stream_that_cannot_be_is_refused_at_the_start_or_at_the_call(venue: Venue) -> None:
    client = Recorder(venue)
    bad = client.stream_order_book(BTC, level=5000)
    with pytest.raises(UnsupportedChannelError):
        client.start()
    assert client.told == ["open", "close"]
    bad.close()
    client.stream_tickers(BTC)
    with client:
        with pytest.raises(ConfigError, match="api_key"):
            client.stream_fills()
        venue.say(*tickers(1))
        assert take(client, 1) == [1]
    options: Any = {"connection": 7}
    with pytest.raises(TypeError):
        SyncClient(WeexWebSocketClient, WeexConfig(), **options).start()


def test_client_that_gives_up_tells_everybody_who_waits(venue: Venue) -> None:
    client = Recorder(venue, settings={"max_reconnect_attempts": 1})
    streams = [client.stream_tickers(BTC), client.stream_tickers(ETH)]
    with client:
        venue.say(*tickers(1))
        assert take(client, 1) == [1]
        venue.always = REFUSED
        venue.cut()
        for _ in range(3):  # once for each stream, and from then on
            with pytest.raises(RetriesExhaustedError):
                client.get(PATIENCE_SECONDS)
        assert take(streams[0], 1) == [1]
        for stream in streams:
            with pytest.raises(RetriesExhaustedError):
                next(stream)
        with pytest.raises(RetriesExhaustedError):
            client.join()
        assert isinstance(client.error, RetriesExhaustedError)
    assert [type(error) for error in client.errors] == [RetriesExhaustedError] * 2


def test_start_that_takes_too_long_can_be_closed(venue: Venue) -> None:
    client, errors = Recorder(venue), []
    stream = client.stream_tickers(BTC)
    venue.is_reachable = False

    def start() -> None:
        with pytest.raises(ClientClosedError) as caught:
            client.start()
        errors.append(caught.value)

    starter = threading.Thread(target=start)
    starter.start()
    assert venue.is_dialled.wait(PATIENCE_SECONDS)
    stream.close()
    client.close()
    starter.join(PATIENCE_SECONDS)
    assert len(errors) == 1
    assert client.told == []
    venue.is_reachable = True
    with client:  # and what was closed stays so
        with pytest.raises(UsageError, match="nothing is streamed"):
            client.get()
        assert client.stats().scopes["public"].subscriptions == 0


def test_handler_may_open_and_close_streams(venue: Venue) -> None:
    client = Recorder(venue)
    client.stream_tickers(BTC)
    opened: list[Any] = []

    @client.on("ticker:BTC*")
    def follow(message: Any) -> None:
        if message.data.last == 1:
            opened.append(client.stream_tickers(ETH))
        else:
            opened[0].close()
        client.note(message)

    client.on("ticker:ETH*", client.note)
    with client:
        venue.say(*tickers(1))
        client.until_told("open", 1)
        venue.say(*tickers(2, symbol=ETH))
        client.until_told("open", 1, 2)
        venue.say(*tickers(3))
        client.until_told("open", 1, 2, 3)
        assert is_subscribed_once(client)


def test_handler_may_close_and_the_rest_is_not_handed_out(venue: Venue) -> None:
    client = Recorder(venue)
    client.stream_tickers(BTC)

    def leave(message: Any) -> None:
        client.note(message)
        for forbidden in (client.start, client.join):
            with pytest.raises(UsageError):
                forbidden()
        if message.data.last == 2:
            client.close()
            sys.exit("the handler wants to end the program")

    client.on("*", leave)
    client.start()
    venue.say(*tickers(1, 2, 3))
    assert client.join(PATIENCE_SECONDS)
    client.close()
    assert client.told == ["open", 1, 2, "close"]
    assert numbers(list(client)) == [1]
    assert not venue.open_lines


def test_many_threads_may_close_while_others_read_and_one_starts(venue: Venue) -> None:
    client = Recorder(venue)
    stream = client.stream_tickers(BTC)
    client.start()
    counts: list[int] = []
    readers = [
        threading.Thread(target=lambda r=reader: counts.append(len(list(r))))
        for reader in (client, client, stream)
    ]
    closers = [threading.Thread(target=client.close) for _ in range(4)]
    for thread in (*readers, *closers):
        thread.start()
    for thread in (*closers, *readers):
        thread.join(PATIENCE_SECONDS)
    assert counts == [0, 0, 0]
    assert client.told == ["open", "close"]


def test_close_does_not_wait_for_a_handler_that_does_not_return(
    venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    client, is_in, may_return = Recorder(venue), threading.Event(), threading.Event()
    stream = client.stream_tickers(BTC)

    @client.on("*")
    def hang(message: Any) -> None:
        is_in.set()
        may_return.wait(PATIENCE_SECONDS)

    client.start()
    venue.say(*tickers(1))
    assert is_in.wait(PATIENCE_SECONDS)
    client.close()
    assert not may_return.is_set()
    assert "has not returned" in caplog.text
    assert list(stream) == []
    may_return.set()


FORGETFUL = """
import os, sys
from tests.sync.conftest import Recorder, Venue, tickers
from weex_client import ClientClosedError

class Talking(Recorder):
    def on_close(self):
        print("closed in", "child" if os.getpid() != parent else "parent", flush=True)

parent = os.getpid()
venue = Venue()
client = Talking(venue)
stream = client.stream_tickers("BTCUSDT")
client.start()
if (child := os.fork()) == 0:
    for reader in (client, stream):
        try:
            reader.get()
        except ClientClosedError as exc:
            print("child:", exc, flush=True)
    client.close()
    client.start()
    venue.say(*tickers(7))
    print("child:", stream.get().data.last, flush=True)
    sys.exit()  # without closing
os.waitpid(child, 0)
venue.say(*tickers(8))
print("parent:", stream.get().data.last, flush=True)
raise SystemExit(3)  # without closing
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_program_that_forks_and_forgets_to_close_ends_cleanly() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORGETFUL],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        check=False,
    )

    not_here = "child: the client was not started in this process"
    lines = [line.split(":")[:2] for line in done.stdout.splitlines()]
    assert [":".join(line) for line in lines] == [
        *[not_here] * 2,
        "child: 7",
        "closed in child",
        "parent: 8",
        "closed in parent",
    ]
    assert done.stderr == ""
    assert done.returncode == 3

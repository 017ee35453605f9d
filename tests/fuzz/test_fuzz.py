"""Bad frames never get an exception out of a session, nor make it remember without end."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import campaign
from tests.fuzz.mutations import fixture_frames, mutated, spelled
from tests.fuzz.target import Target, targets, venues
from weex_client.protocol import Ack, Data, Event, Feed, Reject, Scope, ServerPing, Unknown
from weex_client.websocket import VENUES

# ``nox -s fuzz`` puts 200,000.
FRAMES = 20_000

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.decimals(allow_nan=False).map(str),
    st.sampled_from(["SNAPSHOT", "CHANGED", "BTCUSDT", "0", "1.5", "-1", "1m", "LAST_PRICE"]),
)
keys = st.one_of(
    st.sampled_from("esEUudblapqtTcvVmiohxQnf"),
    st.sampled_from(["event", "type", "result", "id", "msg", "time", "method"]),
    st.text(max_size=5),
)
event_names = (
    *("ticker", "trade", "tradeSnapshot", "depth", "depthSnapshot", "kline", "klineSnapshot"),
    *("bookTicker", "account", "orders", "fill", "positions", "ping", "PONG", "subscribe"),
)
shapes = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(keys, inner, max_size=6),
        st.lists(st.lists(st.sampled_from(["0", "1", "2.5", "x"]), min_size=2, max_size=2)),
    ),
    max_leaves=20,
)
envelopes = st.builds(
    lambda kind, symbol, rest: {"e": kind, "s": symbol} | rest,
    st.sampled_from(event_names),
    st.sampled_from(["BTCUSDT", "ETHUSDT", ""]),
    st.dictionaries(keys, shapes, max_size=8),
)
frames = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode(errors="surrogatepass")),
    st.one_of(shapes, envelopes).map(lambda shape: spelled(shape, Random(0))),
)


@pytest.fixture(scope="module")
def sessions() -> list[tuple[str, Target, list[bytes]]]:
    return targets()


def test_mutated_frames_do_no_harm() -> None:
    assert sum(count for _, count, _ in campaign.run_campaign(1, FRAMES)) >= FRAMES


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batch=st.lists(frames, min_size=1, max_size=20))
def test_generated_frames_do_no_harm(
    sessions: list[tuple[str, Target, list[bytes]]], batch: list[bytes]
) -> None:
    for _, target, _ in sessions:
        target.put(batch)


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_has_frames_to_start_from(venue: str) -> None:
    assert len(fixture_frames(venue)) > 10


def test_readers_stand_on_all_channels(sessions: Any) -> None:
    """A venue whose feeds are not found would be fuzzed in name only."""
    for name, venue in venues():
        wanted = set(venue.channels)
        found = {
            topic.channel for own, target, _ in sessions for topic in target.readers if own == name
        }
        assert wanted <= found, name


def test_good_frames_are_served_by_a_fresh_session(sessions: Any) -> None:
    for name, target, good in targets():
        if target.session.scope is Scope.PRIVATE:
            continue  # the fixtures stand in no order of time, and late news is none
        venue = target.venue
        # Books that begin with an answer over HTTP have none here.
        in_frames = {str(t) for t in target.readers if venue.book_query(venue.feed(t)) is None}
        unserved = in_frames.intersection(campaign.serves(target, good))
        assert not in_frames or len(unserved) < len(in_frames) / 2, name


def test_reading_never_raises_and_gives_an_event() -> None:
    for name, venue in venues():
        bad = mutated(fixture_frames(name), Random(name))
        for _ in range(2_000):
            frame = next(bad)
            event: Event = venue.read(frame)
            assert event is not None
            if isinstance(event, Data):
                assert isinstance(event.feed, Feed)
            if isinstance(event, Ack | Reject | Unknown | ServerPing):
                hash(event)


def test_a_session_that_remembers_frames_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bytes] = []

    class Forgetless(Target):
        def put(self, frames: Any, seconds: float = 0.01) -> None:
            kept.extend(bytes(bytearray(frame)) for frame in frames)
            super().put(frames, seconds)

    def made() -> list[Any]:
        return [
            (name, Forgetless(target.venue, target.session.scope, list(target.readers)), good)
            for name, target, good in targets()[:1]
        ]

    monkeypatch.setattr(campaign, "targets", made)
    with pytest.raises(AssertionError, match="bytes more"):
        list(campaign.run_campaign(1, 15_000))

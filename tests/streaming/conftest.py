"""A line to WEEX without a socket: frames go in by hand, requests come out as lists."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent, Message
from weex_client.protocol import Channel, Scope, Topic
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.registry import Registry
from weex_client.streaming.session import Session
from weex_client.venues.weex import WeexConfig, WeexVenue
from weex_client.venues.weex.endpoints import Market

FRAMES = Path(__file__).parents[1] / "venues" / "weex" / "frames"
START_NS = 1_790_000_000_000_000_000


class Listener:
    """A reader that opens what it is given at once."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.ends: list[Exception | None] = []
        self.on_end: Callable[[], object] = lambda: None

    def pusher(self, symbol: str | None) -> Callable[[Any], None]:
        return self.items.append

    def end(self, error: Exception | None) -> None:
        self.ends.append(error)
        self.on_end()

    @property
    def messages(self) -> list[Message[Any]]:
        opened = [item if isinstance(item, Message) else item.open() for item in self.items]
        return [message for message in opened if message is not None]


def spelled(frame: bytes | str | dict[str, Any]) -> bytes:
    if isinstance(frame, dict):
        frame = json.dumps(frame, separators=(",", ":"))
    return frame.encode() if isinstance(frame, str) else frame


class Line:
    """A session, its readers, its clock, and what users are told."""

    def __init__(
        self,
        market: Market = "contract",
        scope: Scope = Scope.PUBLIC,
        *,
        seed_private: bool = False,
    ) -> None:
        config = WeexConfig(_env_file=None, market=market, seed_private=seed_private)
        self.venue = WeexVenue(config)
        self.events: list[ConnectionEvent] = []
        self.counters: defaultdict[str, ChannelCounters] = defaultdict(ChannelCounters)
        self.registry = Registry()
        self.now = 0.0
        self.jump_seconds = 0.0  # by which somebody has set the wall clock
        self.ledger = Ledger()
        self.session = Session(
            self.venue, scope, self.counters.__getitem__, self.events.append, self.ledger
        )

    @property
    def now_ns(self) -> int:
        return START_NS + round((self.now + self.jump_seconds) * 1e9)

    def open(self) -> None:
        self.session.opened(self.now)

    def join(self, channel: Channel, symbol: str | None = None, **parameters: Any) -> Listener:
        topic = Topic(channel, symbol, **parameters)
        listener = Listener()
        audience = self.registry.join(topic, listener)
        # As the client does: a reader whose stream ended leaves.
        listener.on_end = lambda: self.leave(topic, listener)
        current = self.session.want(self.venue.feed(topic), audience)
        if current is not None:
            listener.items.append(current)
        return listener

    def leave(self, topic: Topic, listener: Listener) -> None:
        if self.registry.leave(topic, listener):
            self.session.let_go(self.venue.feed(topic), topic, self.now)

    def requests(self) -> list[dict[str, Any]]:
        """What goes out now."""
        return [json.loads(text) for text in self.session.pull(self.now)]

    def receive(self, *frames: bytes | str | dict[str, Any]) -> None:
        raws = [spelled(frame) for frame in frames]
        self.session.heard(raws, self.now_ns, self.now)
        for raw in raws:
            self.session.receive(raw, self.now_ns)
        self.session.digested()

    def answer(self, requests: list[dict[str, Any]]) -> None:
        """Accept requests as the venue does."""
        for request in requests:
            self.receive({"result": True, "id": request["id"]})

    def refuse(self, request: dict[str, Any], reason: str) -> None:
        self.receive({"result": False, "id": request["id"], "msg": f"INVALID_ARGUMENT: {reason}"})

    def wait(self, seconds: float) -> None:
        """Let time go by and the session notice."""
        self.now += seconds
        self.session.tick(self.now, self.now_ns)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def make_line() -> type[Line]:
    return Line


@pytest.fixture
def captured() -> Callable[[str], list[bytes]]:
    return lambda name: (FRAMES / name).read_bytes().splitlines()

"""A KuCoin in memory: tokens, books and lines that answer by themselves."""

from __future__ import annotations

import json
from typing import Any, cast

from pydantic import SecretStr

from tests.streaming.memory_line import MemoryConnector, MemoryTransport
from weex_client.clock import ManualClock
from weex_client.protocol import DialRequest
from weex_client.rest import HttpRequest, HttpResponse
from weex_client.venues.kucoin import KucoinConfig

CONFIG = KucoinConfig(
    _env_file=None,
    rest_url="http://127.0.0.1:1",
    api_key=SecretStr("key"),
    secret_key=SecretStr("secret"),
    passphrase=SecretStr("passphrase"),
    seed_private=False,
)
LISTED = ("A-B", "BTC-USDT", "BCHSV-USDT", "EQZ-BTC", "SNX-BTC", "DAPPT-BTC", "FET-BTC")
WELCOME = b'{"id":"1","type":"welcome"}'
TICKET = json.dumps(
    {
        "code": "200000",
        "data": {
            "token": "t",
            "instanceServers": [
                {"endpoint": "ws://127.0.0.1:1/", "pingInterval": 18000, "pingTimeout": 10000}
            ],
        },
    }
).encode()


def told(data: Any) -> HttpResponse:
    """What the venue says to everybody who asks."""
    return HttpResponse(200, json.dumps({"code": "200000", "data": data}).encode())


class Line(MemoryTransport):
    """A line of which the ping that comes before all else is answered, and not kept."""

    has_spoken = False

    async def send(self, text: str) -> None:
        await super().send(text)
        request = json.loads(text)
        if request["type"] == "ping" and not self.has_spoken:
            self.sent.clear()
            connector = cast("Exchange", self._connector)
            now_us = (connector.clock.time_ns() + connector.ahead_ns) // 1000
            self.say({"id": request["id"], "type": "pong", "timestamp": now_us})
        self.has_spoken = True


class Exchange(MemoryConnector):
    """A KuCoin in memory that answers by itself, except pings where it is told so."""

    line_class = Line

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.acknowledges = False
        # What the next requests get instead of a token.
        self.tickets: list[bytes | Exception | None] = []
        self.asked = 0
        self.ahead_ns = 0  # of our clock
        self.signed_ms: list[int] = []
        self.book: list[HttpResponse | Exception] = []  # what requests for a book get
        # What requests for the past get, and for all symbols.
        self.past: list[HttpResponse | Exception] = [told([])]
        self.past_asked: list[str] = []
        self.symbols: HttpResponse | Exception = told([{"symbol": name} for name in LISTED])

    async def connect(self, request: DialRequest, **limits: Any) -> MemoryTransport:
        line = await super().connect(request, **limits)
        line.say(WELCOME)
        return line

    async def fetch(
        self, request: HttpRequest, *, timeout_seconds: float, max_bytes: int
    ) -> HttpResponse:
        if "KC-API-TIMESTAMP" in request.headers:
            self.signed_ms.append(int(request.headers["KC-API-TIMESTAMP"]))
        if "bullet" not in request.url:
            return self._answer(request.url)
        self.asked += 1
        ticket = self.tickets.pop(0) if self.tickets else None
        if isinstance(ticket, Exception):
            raise ticket
        return HttpResponse(200, ticket or TICKET)

    def _answer(self, url: str) -> HttpResponse:
        if "/market/histories" in url or "/market/candles" in url:
            self.past_asked.append(url.rpartition("/market/")[2])
            answers = self.past
        else:
            answers = self.book if "orderbook" in url else [self.symbols]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def answer(self, line: MemoryTransport) -> list[str]:
        """Answer what came over a line, and return what it was."""
        requests = [json.loads(text) for text in line.sent]
        line.sent.clear()
        for request in requests:
            kind = "pong" if request["type"] == "ping" else "ack"
            line.say({"id": request["id"], "type": kind})
        return [request["type"] for request in requests]

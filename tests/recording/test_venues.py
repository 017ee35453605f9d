"""Recording each venue's client over real sockets: all that passes, and not a secret of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.conftest import impatient, until
from tests.recording.on_tape import payloads, rows
from weex_client.client import StreamClient
from weex_client.protocol import Scope
from weex_client.recording import Recorder
from weex_client.recording.rows import AnswerRow, EventRow, FeedRow, LineRow
from weex_client.sandbox import SandboxExchange
from weex_client.websocket import VENUES

SYMBOLS = {"weex": "BTCUSDT", "coinbase": "BTC-USD", "kucoin": "BTC-USDT", "smartmoney": "BTC"}
KEY, SECRET, PASSPHRASE = "key-1f0c9d7e52", "se/cr+et-77ab31ce04", "pass-phrase-90d2f1"
# What signed requests have beside them.
SIGNED = ("signature", "passphrase", "KC-API-SIGN", "ACCESS-SIGN", "CB-ACCESS-SIGN")


def _frames(client: StreamClient, scope: str) -> int:
    scopes = client.stats().scopes
    return scopes[scope].frames if scope in scopes else 0


def content(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize("name", VENUES)
async def test_tape_of_a_venue_has_every_frame_and_no_secret(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tape.db"
    async with SandboxExchange(seed=7, speed=50) as exchange, Recorder(path) as recorder:
        exchange.open_account(KEY, SECRET, PASSPHRASE)
        config = impatient(exchange.config(name, account=KEY))  # type: ignore[arg-type]
        kind: Any = VENUES[name]
        async with kind(config, recorder=recorder) as client:
            venue = kind.venue_class(config)
            public = venue.channels[0]
            symbols = SYMBOLS[name] if venue.has_symbols(public) else ()
            private = [each for each in venue.channels if venue.scope(each) is Scope.PRIVATE]
            streams = [client.stream(each.value) for each in private[:3]]
            streams.append(client.stream(public.value, symbols))
            await until(lambda: _frames(client, "public") > 2)
            await until(lambda: _frames(client, "private") > 1 or not private)
            assert not any(stream.dropped for stream in streams)
            frames = _frames(client, "public") + _frames(client, "private")
    assert recorder.stats().dropped == 0
    assert len(payloads(path)) >= frames
    lines = rows(path, LineRow)
    assert {row.scope for row in lines} == {"public", *(["private"] if private else [])}
    assert all("?" not in row.address for row in lines)
    assert {row.channel for row in rows(path, FeedRow)} >= {public.value}
    assert rows(path, EventRow)
    for answer in rows(path, AnswerRow):
        assert "token" not in answer.place.lower()
        assert answer.method == "GET" or answer.body is None
    tape = content(path)
    secret = config.secret_key.get_secret_value() if config.secret_key else SECRET
    for word in (KEY, SECRET, PASSPHRASE, secret, base64.b64encode(SECRET.encode()).decode()):
        assert word.encode() not in tape
        assert json.dumps(word).encode()[1:-1] not in tape
    for sent in payloads(path, is_sent=True):
        fields = json.loads(sent)
        assert {fields[each] for each in SIGNED if each in fields} <= {"***"}

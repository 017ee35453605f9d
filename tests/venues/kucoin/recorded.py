"""KuCoin frames of the fixtures, and a venue that reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from weex_client.venues.kucoin import KucoinConfig, KucoinVenue

FRAMES = Path(__file__).parent / "frames"
RECEIVED_NS = 1_790_134_567_942_000_000
CONFIG = KucoinConfig(
    api_key=SecretStr("key"),
    secret_key=SecretStr("kucoin-test-secret"),
    passphrase=SecretStr("kucoin-test-pass"),
)
VENUE = KucoinVenue(CONFIG)
NOBODY = KucoinVenue(KucoinConfig())


def frames(*names: str) -> list[bytes]:
    return [line for name in names for line in (FRAMES / name).read_bytes().splitlines()]


def spelled(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def changed(frame: bytes, **data: Any) -> bytes:
    fields = json.loads(frame)
    fields["data"] |= data
    return spelled(fields)

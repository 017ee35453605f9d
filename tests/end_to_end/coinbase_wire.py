"""Coinbase's wire as it was recorded: frames kept raw, with the peculiarities of the real venue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from weex_client.sandbox import SandboxExchange
from weex_client.venues.coinbase.mirror import encode_ack

Fields = dict[str, Any]

CHANNELS = ("level2_batch", "ticker", "matches")

# Data of what is served already comes before the answer to a later request (sheet, 2).
_EARLY_FRAMES = 6
# So long ago was the last trade of a quiet product (sheet, 6.1).
_OLD = timedelta(seconds=107)
_ZEROS = ("0", "0.0", "0.00", "0.00000000")
_NOWHERE = "999999999.5"


class Player:
    """A venue that says to one client what was recorded, once all of it is subscribed.

    Attributes:
        requests: How many came.
    """

    def __init__(self, frames: Sequence[str]) -> None:
        self.requests = 0
        self._frames = frames

    async def serve(self, socket: ServerConnection) -> None:
        """Acknowledge each request with the complete list, the last one late."""
        served: dict[str, list[str]] = {}
        rest = iter(self._frames)
        try:
            async for text in socket:
                for channel in json.loads(text)["channels"]:
                    served.setdefault(channel["name"], []).extend(channel["product_ids"])
                is_complete = served.keys() >= set(CHANNELS)
                if is_complete and self.requests:
                    for _, frame in zip(range(_EARLY_FRAMES), rest, strict=False):
                        await socket.send(frame)
                self.requests += 1
                # In whatever order, under the names of old (sheet, 2).
                await socket.send(encode_ack({name: served[name][::-1] for name in served}))
                if is_complete:
                    for frame in rest:
                        await socket.send(frame)
        except ConnectionClosed:
            return


async def recorded(
    exchange: SandboxExchange, products: Sequence[str], seconds: float
) -> list[Fields]:
    """Return what the exchange sends of three channels, asked for one after the other."""
    frames: list[Fields] = []
    begun = now = datetime.max.replace(tzinfo=UTC)
    url = str(exchange.coinbase_config().public_url)
    async with connect(url, max_size=None, close_timeout=0.2) as socket, asyncio.timeout(60):
        for channel in CHANNELS:
            request = {"type": "subscribe", "product_ids": products, "channels": [channel]}
            await socket.send(json.dumps(request))
        while (now - begun).total_seconds() < seconds:
            fields = json.loads(await socket.recv())
            if fields["type"] != "subscriptions":
                frames.append(fields)
            if fields["type"] == "l2update":
                now = datetime.fromisoformat(fields["time"])
                begun = min(begun, now)
    return frames


def peculiar(frames: Sequence[Fields]) -> list[str]:
    """Return the same news as the real venue would have spelled them in 2021."""
    said: list[Fields] = []
    begun: set[str] = set()
    held: dict[str, list[list[str]]] = {}
    zeros, turns = cycle(_ZEROS), cycle(range(7))
    for fields in frames:
        product, turn = fields["product_id"], next(turns)
        match fields["type"]:
            case "snapshot":
                bids, asks = fields["bids"], fields["asks"]
                # Without a time, the sides in either order.
                sides = {"asks": asks, "bids": bids} if turn % 2 else {"bids": bids, "asks": asks}
                fields = {"type": "snapshot", "product_id": product, **sides}
            case "l2update" if turn == 3 and product not in held:
                held[product] = fields["changes"]  # comes with the next one, as one batch
                continue
            case "l2update":
                changes = held.pop(product, []) + fields["changes"]
                fields = fields | {"changes": _respelled(changes, turn, next(zeros))}
            case "ticker":
                if product not in begun:
                    begun.add(product)
                    then = datetime.fromisoformat(fields["time"]) - _OLD
                    fields = fields | {"time": then.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
                # As in 2021; and sometimes ahead of the match that it is about.
                fields = {name: text for name, text in fields.items() if "_size" not in name}
                if turn < 2 and said and said[-1].get("trade_id") == fields["trade_id"]:
                    said.insert(-1, fields)
                    continue
        said.append(fields)
    return [json.dumps(fields, separators=(",", ":")) for fields in said]


def _respelled(changes: list[list[str]], turn: int, zero: str) -> list[list[str]]:
    """Spell prices and zeros otherwise, say a price twice, and cross the book inside the frame."""
    changes = [
        [
            side,
            f"{price}0000" if "." in price and turn % 2 else price,
            size if float(size) else zero,
        ]
        for side, price, size in changes
    ]
    side, price, _ = changes[0]
    crossing = [["buy", _NOWHERE, "1"], ["buy", _NOWHERE, zero]] if turn == 5 else []
    return [[side, price, "1234.5"], *crossing, *changes] if turn > 3 else changes

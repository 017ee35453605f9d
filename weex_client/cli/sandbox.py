"""The command that runs the embedded exchange. What it trades is in ``weex_client.sandbox``."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from weex_client.cli.failures import PortTakenError
from weex_client.cli.outlet import Outlet
from weex_client.sandbox import SandboxExchange

__all__ = ["opened", "serve", "tell_faults"]


@asynccontextmanager
async def opened(exchange: SandboxExchange) -> AsyncIterator[SandboxExchange]:
    """Open an exchange, and close it at the end.

    Raises:
        PortTakenError: If it cannot listen there.
    """
    address = exchange.http_url.removeprefix("http://")
    host, _, port = address.rpartition(":")
    try:
        await exchange.start()
    except OSError as exc:
        raise PortTakenError(host, int(port), exc) from exc
    try:
        yield exchange
    finally:
        await exchange.close()


async def serve(exchange: SandboxExchange) -> int:
    """Print where everything is, then serve until cancelled."""
    async with opened(exchange):
        await Outlet().line(json.dumps({"ready": True, **exchange.addresses()}))
        await asyncio.Event().wait()
    return 0


def tell_faults() -> None:
    """Print a line on standard error for each fault that begins or ends; not for each frame."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("weex_client.sandbox")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)

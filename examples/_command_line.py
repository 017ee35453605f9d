"""The options that every example understands; the examples themselves do not need it.

Copy an example without its last lines and start it with
``asyncio.run(example(WeexConfig.from_env()))``.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from weex_client import WeexConfig
from weex_client.sandbox import SandboxExchange

Example = Callable[[WeexConfig], Awaitable[None]]


def run(example: Example) -> None:
    """Run an example until it ends, its time is up, or somebody presses Ctrl-C."""
    parser = argparse.ArgumentParser(description=example.__doc__)
    parser.add_argument(
        "--sandbox", action="store_true", help="use the embedded exchange instead of the venue"
    )
    parser.add_argument("--seconds", type=float, help="stop after so long")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_run(example, use_sandbox=options.sandbox, seconds=options.seconds))


async def _run(example: Example, *, use_sandbox: bool, seconds: float | None) -> None:
    async with AsyncExitStack() as stack:
        if use_sandbox:
            exchange = await stack.enter_async_context(SandboxExchange())
            config = exchange.weex_config()
        else:
            config = WeexConfig.from_env()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await example(config)

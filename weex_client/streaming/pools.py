"""All connections of one client: a pool for each scope, or for each kind of channel in it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from weex_client.clock import Clock
from weex_client.config import StreamConfig
from weex_client.metrics import ChannelCounters, ScopeStats
from weex_client.models import ConnectionEvent
from weex_client.protocol import Channel, Scope, Venue
from weex_client.streaming.budget import Budgets
from weex_client.streaming.continuity import Ledger
from weex_client.streaming.dialling import Dialler
from weex_client.streaming.loop_watch import LoopWatch
from weex_client.streaming.pool import ConnectionPool
from weex_client.streaming.server_time import ServerTime
from weex_client.streaming.transport import Connector
from weex_client.streaming.valuation import Door, Valuation

__all__ = ["Pools"]

# Books and changes of them are read from the same feeds, so they are one kind of channel.
_KINDS: Final[dict[StrEnum, StrEnum]] = {Channel.BOOK_DELTAS: Channel.BOOK}


class Pools:
    """Find the pool that carries a channel.

    Args:
        venue: Where to dial, and how the venue spells things.
        config: Settings.
        connector: The way there.
        clock: Time.
        budgets: What the addresses allow.
        counters: Returns the counters of a channel.
        emit: Takes what users should know.
        ledger: Where is noted when each feed was complete.
        watch: Notices when the program blocks the event loop.
        per_channel: Give each kind of channel connections of its own.
    """

    def __init__(
        self,
        venue: Venue,
        config: StreamConfig,
        connector: Connector,
        clock: Clock,
        budgets: Budgets,
        counters: Callable[[str], ChannelCounters],
        emit: Callable[[ConnectionEvent], None],
        ledger: Ledger,
        watch: LoopWatch,
        *,
        per_channel: bool,
    ) -> None:
        self._venue = venue
        self._config = config
        self._connector = connector
        self._clock = clock
        self._budgets = budgets
        self._counters = counters
        self._emit = emit
        self._ledger = ledger
        self._watch = watch
        self._per_channel = per_channel
        self._server_time = ServerTime()
        self._owner = object()
        self._lanes = itertools.count()
        self._pools: dict[tuple[Scope, StrEnum | None], ConnectionPool] = {}
        self._valuation: Valuation | None = None

    async def open(self, *, retry_first_connect: bool) -> None:
        """Dial the first public connection.

        Raises:
            WeexClientError: If that fails.
        """
        pool = self._pools[Scope.PUBLIC, None] = self._make(Scope.PUBLIC)
        await pool.open(retry_first_connect=retry_first_connect)

    def of(self, channel: StrEnum) -> ConnectionPool:
        """Return the pool that carries a channel, a new one if there is none yet.

        Raises:
            ConfigError: If the channel is private and credentials are missing.
        """
        scope = self._venue.scope(channel)
        kind = self._venue.apart(channel)
        if kind is None and self._per_channel:
            kind = _KINDS.get(channel, channel)
        pool = self._pools.get((scope, kind))
        if pool is None:
            pool = self._pools.get((scope, None))
            if pool is not None and pool.is_unused:
                del self._pools[scope, None]  # the one dialled first has no kind yet
            else:
                if scope is Scope.PRIVATE:
                    self._venue.check_credentials()
                pool = self._make(scope)
            pool.dedicate(kind)
            self._pools[scope, kind] = pool
        return pool

    def door(self, channel: StrEnum) -> Door:
        """Return where readers of a channel come in: its pool, or what adds to positions.

        Raises:
            ConfigError: If the channel is private and credentials are missing.
        """
        pool = self.of(channel)
        if channel is not Channel.POSITIONS:
            return pool
        if self._valuation is None:
            self._valuation = Valuation(
                pool,
                self._venue.mark_topic,
                lambda: self.of(Channel.TICKER),
                self._clock.monotonic,
            )
        return self._valuation

    def _make(self, scope: Scope) -> ConnectionPool:
        config, clock = self._config, self._clock
        url = config.public_url if scope is Scope.PUBLIC else config.private_url
        url = url or config.rest_url  # where the address comes with a ticket
        dialler = Dialler(
            self._venue,
            scope,
            config,
            self._connector,
            clock,
            self._budgets.of(self._venue.name, url, self._venue.limits, clock.monotonic()),
            self._server_time,
            self._owner,
        )
        return ConnectionPool(
            dialler, self._lanes, self._counters, self._emit, self._ledger, self._watch
        )

    @property
    def is_connected(self) -> bool:
        """Tell whether every connection that is needed is open."""
        return all(pool.is_connected for pool in self._pools.values())

    def end(self) -> None:
        """End every stream, and let every connection end; ``close`` waits for it."""
        for pool in self._pools.values():
            pool.end()

    async def close(self) -> None:
        """End every stream and every connection; may be called again if it was cancelled."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def stats(self) -> dict[str, ScopeStats]:
        """Return the connections' counters as they are now, by scope."""
        parts: dict[str, list[ScopeStats]] = {}
        for (scope, _), pool in self._pools.items():
            parts.setdefault(scope.value, []).append(pool.stats())
        return {scope: ScopeStats.total(each) for scope, each in parts.items()}

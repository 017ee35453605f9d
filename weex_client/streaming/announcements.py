"""Who is told what happens to connections and readers. What happens is found out elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from weex_client.clock import Clock
from weex_client.metrics import ChannelCounters
from weex_client.models import ConnectionEvent
from weex_client.streaming.mailbox import Gate, Mailbox, OverflowPolicy
from weex_client.streaming.subscription import Subscription
from weex_client.streaming.valuation import Door

__all__ = ["Announcements"]

# Events are few; a reader who misses so many was not reading.
_QUEUE_SIZE = 1000


class Announcements:
    """The readers of a client's events.

    Args:
        clock: Time.
        witness: Is told too, whoever reads.
    """

    def __init__(self, clock: Clock, witness: Callable[[ConnectionEvent], None]) -> None:
        self._clock = clock
        self._witness = witness
        self._readers: dict[Mailbox, None] = {}

    def subscribe(self) -> Subscription[ConnectionEvent]:
        """Return a stream of what happens from now on."""
        mailbox = Mailbox(
            _QUEUE_SIZE,
            OverflowPolicy.DROP_OLDEST,
            ChannelCounters(),
            gate=Gate(),
            on_overflow=lambda _: None,
            on_release=lambda mailbox: self._readers.pop(mailbox, None),
        )
        self._readers[mailbox] = None
        return Subscription(mailbox)

    def emit(self, event: ConnectionEvent) -> None:
        """Tell every reader."""
        self._witness(event)
        for mailbox in tuple(self._readers):
            mailbox.push(event)

    def end(self) -> None:
        """End the stream of every reader."""
        for mailbox in tuple(self._readers):
            mailbox.end(None)

    def tell_overflow(
        self, mailbox: Mailbox, door: Door, channel: StrEnum, symbol: str | None
    ) -> None:
        """Tell that a reader's queue ran over, or that it has caught up."""
        stage = ""
        if mailbox.overflow is OverflowPolicy.DROP_OLDEST:
            if mailbox.is_released:
                stage = "in all; "
            elif not mailbox.is_late:
                stage = "caught up; "
        self.emit(
            ConnectionEvent(
                kind="slow_consumer",
                timestamp=self._clock.time_ns() / 1_000_000_000,
                scope=door.scope.value,
                channel=channel.value,
                symbol=symbol,
                cause=f"{stage}{mailbox.overflow.value} with a queue of {mailbox.queue_size}",
                dropped=mailbox.dropped,
            )
        )

"""What a client tells a tape machine, and asks one. Tapes are written and played elsewhere."""

from __future__ import annotations

from typing import Protocol

from weex_client.clock import Clock
from weex_client.config import StreamConfig
from weex_client.models import ConnectionEvent
from weex_client.protocol import Feed, Scope, Topic, Venue
from weex_client.streaming.mailbox import Mailbox, OverflowPolicy
from weex_client.streaming.transport import Connector

__all__ = ["Tape", "TapeConnector", "TapeMachine", "tape_of"]


class Tape:
    """Stand beside a client that is neither recorded nor replayed: nothing is to be done.

    A *lane* is one of a client's connections, numbered from 0, and stays the same through all
    reconnections.

    Attributes:
        clock: The time of what is replayed; None for the machine's.
    """

    clock: Clock | None = None

    # What a recorder is told.

    def carries(self, lane: int, scope: Scope, topic: Topic) -> None:
        """Note that a lane is asked for a topic from now on."""

    def leaves(self, lane: int, scope: Scope, topic: Topic) -> None:
        """Note that nobody reads a topic of a lane any more."""

    def happened(self, event: ConnectionEvent) -> None:
        """Note what the client's users are told."""

    def closed(self) -> None:
        """Note that the client was closed, and every line of it."""

    # What a replay is asked.

    def adapted(self, venue: Venue, config: StreamConfig) -> Venue:  # noqa: ARG002  # replays
        """Return the venue as the tape speaks for it.

        Raises:
            UsageError: If the tape has nothing of that venue, or of the market in the settings.
        """
        return venue

    def delay(self, seconds: float) -> float:
        """Return how long to wait before something that failed is tried again."""
        return seconds

    def lane_of(self, feed: Feed, scope: Scope) -> int | None:  # noqa: ARG002  # replays know
        """Return which lane brings a feed; None where any can.

        Raises:
            UsageError: If none does.
        """
        return None

    def overflow(self, policy: OverflowPolicy) -> OverflowPolicy:
        """Return what happens to messages that find a queue full."""
        return policy

    def reads(self, mailbox: Mailbox) -> None:
        """Note that somebody reads: a tape may be faster than any reader."""


class TapeConnector(Tape, Connector):
    """A way to a venue that leads over a tape machine; a connector says by inheriting so."""


class TapeMachine(Protocol):
    """Records clients: what ``recorder=`` takes."""

    def wrap(
        self, venue: Venue, config: StreamConfig, connector: Connector, clock: Clock
    ) -> TapeConnector:
        """Return a way to the venue on which everything is recorded; opens nothing yet.

        Raises:
            UsageError: If the way comes from a tape already.
        """


def tape_of(connector: Connector) -> Tape:
    """Return the tape that a connector leads over."""
    return connector if isinstance(connector, TapeConnector) else Tape()

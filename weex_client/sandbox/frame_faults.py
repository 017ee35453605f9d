"""Trouble with what is said: frames that are lost, repeated, swapped or damaged, late answers."""

from __future__ import annotations

from collections.abc import Collection

from weex_client.protocol import Channel
from weex_client.sandbox.amounts import counted, nanoseconds
from weex_client.sandbox.connection import Connection
from weex_client.sandbox.damage import DAMAGES, Damage
from weex_client.sandbox.fault_log import FaultKind
from weex_client.sandbox.interference import AckDelay, ArmedFault, Interference, Refusal, Scope
from weex_client.sandbox.under_way import UnderWay


class FrameFaults:
    """Hurt frames and answers; lines and dials are the business of `Faults`."""

    def __init__(
        self, interference: Interference, under_way: UnderWay, channels: Collection[str]
    ) -> None:
        self._interference = interference
        self._under_way = under_way
        self._channels = frozenset(channels)

    def stall(
        self,
        symbol: str | None = None,
        channel: str | None = None,
        seconds: float | None = None,
        *,
        stream: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Send nothing more for a symbol, a channel or both; None means every one.

        Acknowledgements and the venue's pings go on. What was not sent meanwhile is lost.

        Raises:
            ValueError: If there is no such channel.
        """
        stalls = self._interference.stalls
        scope = self._scope(symbol, channel, connection, stream)

        def end() -> None:
            if scope in stalls:
                stalls.remove(scope)

        self._under_way.begin(FaultKind.STALL, str(scope), seconds, end, connection)
        stalls.append(scope)

    def mute(self, symbol: str | None = None, channel: str | None = None) -> None:
        """Stall until `unmute`."""
        self.stall(symbol, channel)

    def unmute(self) -> None:
        """End every stall."""
        self._under_way.end(FaultKind.STALL)

    def skip(
        self,
        symbol: str | None = None,
        channel: str | None = None,
        count: int = 1,
        *,
        stream: str | None = None,
        connection: Connection | None = None,
        with_snapshots: bool = False,
    ) -> None:
        """Swallow the next frames of a stream.

        Args:
            symbol: Which symbol; None for whichever comes.
            channel: Which channel; None for whichever comes.
            count: How many frames.
            stream: Which subscription, as the venue spells it.
            connection: Which socket; None for every one that listens.
            with_snapshots: Let the first frame after a subscription count too.

        Raises:
            ValueError: If there is no such channel, or the count is not positive.
        """
        scope = self._scope(symbol, channel, connection, stream)
        self._arm(ArmedFault(FaultKind.SKIP, scope, count, with_snapshots))

    def skip_depth(self, symbol: str, count: int = 1) -> None:
        """Swallow the next ``count`` book changes of a symbol, whichever stream they are on."""
        self.skip(symbol, Channel.BOOK, count)

    def repeat(
        self,
        symbol: str | None = None,
        channel: str | None = None,
        count: int = 1,
        *,
        stream: str | None = None,
        connection: Connection | None = None,
        with_snapshots: bool = False,
    ) -> None:
        """Send the next frames of a stream twice; as `skip` otherwise."""
        scope = self._scope(symbol, channel, connection, stream)
        self._arm(ArmedFault(FaultKind.REPEAT, scope, count, with_snapshots))

    def reorder(
        self,
        symbol: str | None = None,
        channel: str | None = None,
        count: int = 1,
        *,
        stream: str | None = None,
        connection: Connection | None = None,
        with_snapshots: bool = False,
    ) -> None:
        """Send the next frames of a stream each after the one behind it; as `skip` otherwise."""
        scope = self._scope(symbol, channel, connection, stream)
        self._arm(ArmedFault(FaultKind.REORDER, scope, count, with_snapshots))

    def corrupt(
        self,
        symbol: str | None = None,
        channel: str | None = None,
        count: int = 1,
        *,
        damage: Damage = "garbled",
        stream: str | None = None,
        connection: Connection | None = None,
        with_snapshots: bool = False,
    ) -> None:
        """Damage the next frames of a stream; as `skip` otherwise.

        Args:
            symbol: Which symbol; None for whichever comes.
            channel: Which channel; None for whichever comes.
            count: How many frames.
            damage: ``garbled`` (a zero byte in the middle), ``truncated`` (the first half),
                ``not_a_number`` (every decimal is ``NaN``) or ``not_utf8``.
            stream: Which subscription, as the venue spells it.
            connection: Which socket; None for every one that listens.
            with_snapshots: Let the first frame after a subscription count too.

        Raises:
            ValueError: If there is no such channel or damage, or the count is not positive.
        """
        if damage not in DAMAGES:
            raise ValueError(f"a frame is damaged as {', '.join(DAMAGES)}, not as {damage!r}")
        scope = self._scope(symbol, channel, connection, stream)
        self._arm(ArmedFault(FaultKind.CORRUPT, scope, count, with_snapshots, damage))

    def stale_snapshot(
        self,
        symbol: str | None = None,
        count: int = 1,
        *,
        stream: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Begin the next book subscriptions with the book of a few changes ago.

        A book that nobody ever followed has no past: its first snapshot is a fresh one.
        """
        scope = Scope.of(symbol, Channel.BOOK, connection, stream=stream)
        self._arm(ArmedFault(FaultKind.STALE_SNAPSHOT, scope, count, with_snapshots=True))

    def refuse(self, count: int = 1, reason: str = "service is busy") -> None:
        """Refuse the next requests to subscribe in the venue's manner."""
        self._interference.refusals.append(Refusal(reason, counted(count)))

    def delay_acks(self, seconds: float, count: int | None = None) -> None:
        """Answer the next requests so much later; without a count, until `heal`."""
        delay = AckDelay(nanoseconds(seconds), None if count is None else counted(count))
        self._interference.ack_delays.append(delay)

    def _scope(
        self,
        symbol: str | None,
        channel: str | None,
        connection: Connection | None,
        stream: str | None,
    ) -> Scope:
        if channel is not None and channel not in self._channels:
            known = ", ".join(sorted(self._channels))
            raise ValueError(f"there is no channel {channel!r}; there are {known}")
        return Scope.of(symbol, channel, connection, stream=stream)

    def _arm(self, fault: ArmedFault) -> None:
        counted(fault.left)
        self._interference.armed.append(fault)

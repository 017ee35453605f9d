"""Trades, each once, and whether one is missing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from weex_client.models import Message
from weex_client.streaming.companions import Companions
from weex_client.streaming.feed_state import Cell, DecodedFeed
from weex_client.streaming.trade_chain import Missed

__all__ = ["ChainedTradeFeed", "TradeFeed"]

# A venue repeats up to 20 trades (WEEX); at least so many ids are remembered, at most twice that.
_KNOWN_TRADES = 256


class TradeFeed(DecodedFeed):
    """Trades, each once: venues repeat some, most of all after a resubscription."""

    heeds_leftovers = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._known: set[str] = set()
        self._known_before: set[str] = set()
        self._must_bridge = False

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish the trades that are new, oldest first."""
        ids = self._venue.trade_ids(frame)
        if len(ids) == 1 and not self._must_bridge:
            if self._is_new(ids[0]):
                cell = Cell(self, frame, received_time_ns)
                for audience in self.audiences.values():
                    audience.publish(cell)
            return
        messages = self.decode(frame, received_time_ns)
        if messages and (self._must_bridge or messages[0].is_snapshot):
            self._bridge(messages, received_time_ns)
        self.publish([message for message in messages if self._is_new(message.data.trade_id)])

    def _is_new(self, trade_id: str) -> bool:
        known = self._known
        if trade_id in known or trade_id in self._known_before:
            return False
        known.add(trade_id)
        if len(known) == _KNOWN_TRADES:
            # Two sets by turns forget the oldest at no cost a trade.
            self._known_before, self._known = known, set()
        return True

    def forget(self, frame: bytes) -> None:
        """Let a replay bring the trades of a frame that nobody could read."""
        for trade_id in self._venue.trade_ids(frame):
            self._known.discard(trade_id)
            self._known_before.discard(trade_id)

    def _bridge(self, messages: Sequence[Message[Any]], received_time_ns: int) -> None:
        """Announce a hole if a replay, or news after an interruption, reach back to nothing known.

        A replay without an interruption answers a subscription that was repeated.
        """
        self._must_bridge = False
        self.is_bridged = self._reaches_back(messages)
        if not self.is_bridged:
            self.counters.gaps += 1
            # From the last frame before, by our clock, to the oldest trade of the replay, whose
            # newest is about now: the venue's clock is compared with itself only.
            replayed_seconds = messages[-1].data.timestamp - messages[0].data.timestamp
            silent_seconds = (received_time_ns - self.last_frame_ns) / 1_000_000_000
            self._announce(
                "gap",
                self,
                received_time_ns,
                cause="the venue's replay after the interruption begins after the last known trade",
                duration_seconds=max(0.0, silent_seconds - replayed_seconds),
                **self.bounds(self._known | self._known_before, messages[0].data.trade_id),
            )

    def bounds(self, known: Collection[str], trade_id: str) -> Mapping[str, int]:  # noqa: ARG002
        """Return which trades a hole lies between, as its event names them, if they have numbers.

        Args:
            known: The newest trades before it.
            trade_id: The first one after it.
        """
        return {}

    def _reaches_back(self, messages: Sequence[Message[Any]]) -> bool:
        """Tell whether nothing can be missing between what is known and a replay."""
        known = self._known | self._known_before
        return not known or any(message.data.trade_id in known for message in messages)

    def interrupted(self) -> None:
        """Expect the next frame to reach back to trades that are known."""
        self._must_bridge = bool(self._known or self._known_before)
        self.is_bridged = False

    def doubted(self) -> None:
        """Expect the same: the subscription may have ended unnoticed."""
        self.interrupted()


class ChainedTradeFeed(TradeFeed):
    """Trades whose numbers show whether one is missing; see ``TradeFeed``."""

    is_witness = True

    def __init__(self, *args: Any, companions: Companions) -> None:
        super().__init__(*args)
        self._companions = companions

    def receive(self, frame: bytes, received_time_ns: int) -> None:
        """Publish the trades that are new, after what their numbers tell."""
        if not self._must_bridge:
            self._companions.witness(frame, received_time_ns)
        super().receive(frame, received_time_ns)

    def _bridge(self, messages: Sequence[Message[Any]], received_time_ns: int) -> None:
        """Go on from a replay, whose hole is told of here."""
        super()._bridge(messages, received_time_ns)
        trade_id = messages[-1].data.trade_id
        if self.symbol is not None and trade_id.isdecimal():
            self._companions.restart(self.symbol, int(trade_id[:20]))

    def bounds(self, known: Collection[str], trade_id: str) -> Mapping[str, int]:
        """Return the numbers of the trades before and after a hole."""
        numbers = [int(each[:20]) for each in known if each.isdecimal()]
        if not numbers or not trade_id.isdecimal():
            return {}
        return {"from_sequence": max(numbers), "to_sequence": int(trade_id[:20])}

    def trades_missed(self, missed: Missed, now_ns: int) -> None:
        """Tell that trades did not come."""
        self.counters.gaps += 1
        self._announce(
            "gap",
            self,
            now_ns,
            cause=missed.cause,
            from_sequence=missed.last,
            to_sequence=missed.after,
        )

"""What a venue's limits leave: dials and connections per address, operations per connection.

Pure: time is an argument. Who waits, and who tells of it, is elsewhere.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, WeakValueDictionary

from weex_client.config import is_loopback
from weex_client.errors import RateLimitedError
from weex_client.protocol import Limits

__all__ = ["PROCESS_BUDGETS", "AddressBudget", "Budgets", "OperationBudget", "Turn"]


@dataclass(slots=True, eq=False)
class Turn:
    """A dial that somebody was promised.

    Attributes:
        at: When it may be made, in monotonic seconds.
        cause: What it waits for, in words; empty if for nothing.
        is_long: Whether it waits for more than the distance between two dials.
    """

    at: float
    cause: str = ""
    is_long: bool = False


class AddressBudget:
    """The dials and connections that one address allows everybody in this process.

    Turns are given in the order in which they are asked for, so that a connection that fails
    again and again does not starve the others. Safe to use from several threads.

    Args:
        name: The address, as texts name it.
        limits: What the venue allows.
        has_spacing: Keep the venue's distance between two dials.
    """

    def __init__(self, name: str, limits: Limits, *, has_spacing: bool = True) -> None:
        self.name = name
        self._limits = limits
        self._spacing = limits.dial_spacing_seconds if has_spacing else 0.0
        self._made: deque[float] = deque()
        self._promised: list[Turn] = []
        self._paused_until = 0.0
        self._owners: WeakKeyDictionary[object, object] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def reserve(self, now: float) -> Turn:
        """Promise the next dial; it counts until it is given back."""
        with self._lock:
            self._forget(now)
            turn = self._earliest(sorted((*self._made, *(each.at for each in self._promised))), now)
            self._promised.append(turn)
            return turn

    def take(self, turn: Turn, now: float) -> bool:
        """Use a promise: the dial is made now.

        Those before may have been late, and the venue counts when it sees them.

        Returns:
            False if it may not be made yet; the turn then says when, and why.
        """
        with self._lock:
            self._forget(now)
            allowed = self._earliest(self._made, now)
            if allowed.at > now:
                turn.at, turn.cause, turn.is_long = allowed.at, allowed.cause, allowed.is_long
                return False
            self._promised.remove(turn)
            self._made.append(now)
            return True

    def _earliest(self, times: Sequence[float], now: float) -> Turn:
        """Return the earliest turn after other dials."""
        limits = self._limits
        allowed = [Turn(now)]
        if self._paused_until > now:
            cause = f"{self.name} asked all connections to wait"
            allowed.append(Turn(self._paused_until, cause, is_long=True))
        if times:
            cause = f"the budget of {self.name} is one dial in {self._spacing:g} s"
            allowed.append(Turn(times[-1] + self._spacing, cause))
        if limits.dials is not None and len(times) >= limits.dials:
            window = limits.dial_window_seconds
            cause = (
                f"the budget of {self.name} is {limits.dials} dials in {window:g} s for all"
                f" connections of this process, and {len(times)} are made or promised"
            )
            allowed.append(Turn(times[-limits.dials] + window, cause, is_long=True))
        return max(allowed, key=lambda turn: turn.at)

    def give_back(self, turn: Turn) -> None:
        """Note that a promise will not be used; it may have been used already."""
        with self._lock:
            if turn in self._promised:
                self._promised.remove(turn)

    def pause(self, until: float) -> None:
        """Give no turn before a time: the venue asked for it."""
        with self._lock:
            self._paused_until = max(self._paused_until, until)

    def take_place(self, holder: object, owner: object) -> None:
        """Count a connection; one that is counted already stays so.

        Args:
            holder: Whose place it is; it is free again when the holder is gone.
            owner: The client, which a refusal tells from others.

        Raises:
            RateLimitedError: If all places are taken.
        """
        with self._lock:
            if holder in self._owners:
                return
            if len(self._owners) >= self._limits.connections:
                raise self._refusal(owner, 1, "one more connection is needed")
            self._owners[holder] = owner

    def give_place_back(self, holder: object) -> None:
        """Count a connection no more; it need not have been counted."""
        with self._lock:
            self._owners.pop(holder, None)

    def has_place(self, holder: object) -> bool:
        """Tell whether a connection is counted."""
        return holder in self._owners

    def check_plan(self, feeds: int, room: int, owner: object) -> None:
        """Make sure that a number of subscriptions more has connections to go to.

        Args:
            feeds: Subscriptions that are asked for.
            room: How many of them the connections of the caller have room for.
            owner: The client.

        Raises:
            RateLimitedError: If it has not; the text has the numbers.
        """
        needed = ceil(max(0, feeds - room) / self._limits.feeds_per_connection)
        with self._lock:
            if needed > self._limits.connections - len(self._owners):
                raise self._refusal(owner, needed, f"{feeds} subscriptions more were asked for")

    def _refusal(self, owner: object, needed: int, asked: str) -> RateLimitedError:
        limits, held = self._limits, len(self._owners)
        own = sum(each is owner for each in self._owners.values())
        return RateLimitedError(
            f"{self.name} allows {limits.connections} connections of"
            f" {limits.feeds_per_connection} subscriptions: {asked}, which takes {needed} more"
            f" connections, but {own} are held by this client and {held - own} by other clients"
            f" of this process, so that {max(0, limits.connections - held)} are left"
        )

    def is_unused(self, now: float) -> bool:
        """Tell whether forgetting all of this would change nothing."""
        with self._lock:
            self._forget(now)
            is_counted = self._made or self._promised or self._owners
            return not is_counted and self._paused_until <= now

    def _forget(self, now: float) -> None:
        window = self._limits.dial_window_seconds
        while self._made and self._made[0] + window <= now:
            self._made.popleft()


class Budgets:
    """The budgets of all addresses, for clients whose clocks tell the same time.

    A budget outlives its clients as long as it says anything, so that a program that closes and
    opens clients in a loop stays within it too.
    """

    def __init__(self) -> None:
        self._budgets: WeakValueDictionary[str, AddressBudget] = WeakValueDictionary()
        self._kept: list[AddressBudget] = []
        self._lock = threading.Lock()

    def of(self, venue: str, url: str, limits: Limits, now: float) -> AddressBudget:
        """Return the budget of an address, shared by all who ask for it."""
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "ws" else 443)
        name = f"{venue} ({parts.hostname}:{port})"
        with self._lock:
            budget = self._budgets.get(name)
            if budget is None:
                # The distance spares the venue's front door. An exchange on this machine has
                # none, and tests against it would take a second for each connection.
                budget = AddressBudget(name, limits, has_spacing=not is_loopback(url))
                self._budgets[name] = budget
                self._kept = [each for each in self._kept if not each.is_unused(now)]
                self._kept.append(budget)
            return budget


# A venue counts by address, whichever client, thread or event loop of this process it was.
PROCESS_BUDGETS: Final = Budgets()


class OperationBudget:
    """The requests that one connection may still send; a share is kept for resynchronising."""

    def __init__(self, limits: Limits) -> None:
        self.limit = limits.operations
        self.unreserved = limits.operations
        if self.limit is not None:
            self.unreserved = self.limit - ceil(self.limit * limits.resync_share)
        self._window = limits.operation_window_seconds
        self._times: deque[float] = deque()

    def reset(self) -> None:
        """Start on a new connection."""
        self._times.clear()

    def spend(self, now: float) -> None:
        """Count one request."""
        if self.limit is not None:
            self._times.append(now)

    def free_at(self, now: float, count: int = 1, *, is_resync: bool = False) -> float:
        """Return when so many requests may go out, ``now`` if they may at once."""
        limit = self.limit if is_resync else self.unreserved
        if limit is None:
            return now
        while self._times and self._times[0] + self._window <= now:
            self._times.popleft()
        over = min(len(self._times) + count - limit, len(self._times))
        return self._times[over - 1] + self._window if over > 0 else now

"""Every error the package raises, sorted by whose fault it is. No recovery lives here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

__all__ = [
    "AuthenticationError",
    "ClientClosedError",
    "ConfigError",
    "ConnectError",
    "ConnectionLostError",
    "DecodeError",
    "DuplicateOrderError",
    "ExportError",
    "InsufficientBalanceError",
    "InvalidOrderError",
    "NoMarketError",
    "OrderClosedError",
    "OrderRejectedError",
    "PostOnlyError",
    "ProtocolError",
    "RateLimitedError",
    "RetriesExhaustedError",
    "RiskLimitError",
    "SequenceGapError",
    "SilentLineError",
    "SinkError",
    "SlowConsumerError",
    "StateError",
    "StrategyError",
    "StreamError",
    "StreamGapError",
    "SubscriptionRejectedError",
    "SymbolError",
    "TapeEndedError",
    "TapeError",
    "TransportError",
    "UnknownOrderError",
    "UnsupportedChannelError",
    "UsageError",
    "VenueError",
    "WeexClientError",
]


class WeexClientError(Exception):
    """Be the root of everything this package raises on purpose."""

    retryable: ClassVar[bool] = False

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from args alone, which lack the facts: no error would come back
        # from another process.
        return _rebuilt, (type(self), self.args, vars(self))


def _rebuilt(kind: type[WeexClientError], args: tuple[Any, ...], facts: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    vars(error).update(facts)
    return error


class UsageError(WeexClientError):
    """Tell the caller that the call itself is wrong; repeating it does not help."""


class ConfigError(UsageError, ValueError):
    """Tell which setting is missing or out of range, and what to set instead."""


class ClientClosedError(UsageError):
    """Tell that the client is not open: use ``async with`` or ``await client.connect()``."""


class UnsupportedChannelError(UsageError):
    """Tell that the venue lacks this channel, level or interval, and what it has.

    Attributes:
        venue: The venue's name.
        available: What could be asked for instead.
    """

    def __init__(self, message: str, *, venue: str, available: tuple[str, ...]) -> None:
        super().__init__(message)
        self.venue = venue
        self.available = available


class SymbolError(UsageError):
    """Tell that a symbol is not spelled as the venue spells symbols, and how it may be meant.

    Attributes:
        venue: The venue's name.
        symbol: As it was given.
        suggestion: The venue's spelling of what may be meant, or None.
    """

    def __init__(
        self, message: str, *, venue: str, symbol: str, suggestion: str | None = None
    ) -> None:
        super().__init__(message)
        self.venue = venue
        self.symbol = symbol
        self.suggestion = suggestion


class ExportError(UsageError):
    """Tell why no file was written, and what to ask for instead."""


class StateError(UsageError):
    """Tell that a file of saved state cannot be used, and why.

    Attributes:
        path: The file.
    """

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class TapeError(UsageError):
    """Tell that a file is no tape, or one that cannot be read, and why.

    Attributes:
        path: The file.
    """

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class StrategyError(UsageError):
    """Tell that a strategy raised; what it raised is the cause.

    Attributes:
        strategy: The strategy's name.
    """

    def __init__(self, message: str, *, strategy: str) -> None:
        super().__init__(message)
        self.strategy = strategy


class SinkError(WeexClientError):
    """Tell that messages could not be stored, and what to do about it.

    Attributes:
        place: Where they should have gone, without credentials.
        retryable: Whether the same may work later.
    """

    def __init__(self, message: str, *, place: str, retryable: bool = False) -> None:
        super().__init__(message)
        self.place = place
        self.retryable = retryable  # type: ignore[misc]  # a server that is away comes back


class TransportError(WeexClientError):
    """Tell that the line failed; a new connection may work."""

    retryable = True


class TapeEndedError(TransportError):
    """Tell that a replay has nothing more: its streams end as if the client had been closed."""

    retryable = False


class ConnectError(TransportError):
    """Tell that no connection could be opened.

    Attributes:
        url: Where the dial went, without credentials.
        status: HTTP status of a refused handshake, or None.
        retry_after_seconds: What the venue asked for, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        url: str,
        status: int | None = None,
        retry_after_seconds: float | None = None,
        retryable: bool = True,
    ) -> None:
        super().__init__(message)
        self.url = url
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.retryable = retryable  # type: ignore[misc]  # refused certificates never retry


class ConnectionLostError(TransportError):
    """Tell that an open connection ended.

    Attributes:
        code: WebSocket close code; 1006 when the line died without a close frame.
        reason: The venue's words, or an empty string.
    """

    def __init__(self, message: str, *, code: int, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class SilentLineError(TransportError):
    """Tell that a connection stayed open but delivered nothing.

    Attributes:
        silent_seconds: How long nothing had come.
    """

    def __init__(self, message: str, *, silent_seconds: float) -> None:
        super().__init__(message)
        self.silent_seconds = silent_seconds


class RetriesExhaustedError(TransportError):
    """Tell that ``max_reconnect_attempts`` dials failed in a row.

    Attributes:
        attempts: How many were made.
    """

    retryable = False

    def __init__(self, message: str, *, attempts: int) -> None:
        super().__init__(message)
        self.attempts = attempts


class VenueError(WeexClientError):
    """Tell that the venue understood the request and refused it."""


class AuthenticationError(VenueError):
    """Tell that the venue refused the credentials, and what to check.

    Attributes:
        server_time_ns: What time it was there, as the refusal says; nanoseconds since the epoch.
    """

    def __init__(
        self, message: str, *, server_time_ns: int | None = None, retryable: bool = False
    ) -> None:
        super().__init__(message)
        self.server_time_ns = server_time_ns
        self.retryable = retryable  # type: ignore[misc]  # a signature may just have come too late


class SubscriptionRejectedError(VenueError):
    """Tell that the venue refused one channel.

    Attributes:
        channel: The channel asked for.
        symbol: The symbol asked for, or None.
        reason: The venue's own words.
    """

    def __init__(self, message: str, *, channel: str, symbol: str | None, reason: str) -> None:
        super().__init__(message)
        self.channel = channel
        self.symbol = symbol
        self.reason = reason


class RateLimitedError(VenueError):
    """Tell that the venue asked to slow down.

    Attributes:
        retry_after_seconds: What it asked for, or None.
    """

    retryable = True

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class OrderRejectedError(VenueError):
    """Tell that an order, or the cancel of one, was refused; nothing has changed by it.

    Attributes:
        symbol: The symbol of the order, or None where an order is not known.
    """

    def __init__(self, message: str, *, symbol: str | None) -> None:
        super().__init__(message)
        self.symbol = symbol


class InvalidOrderError(OrderRejectedError):
    """Tell that no exchange could take such an order: its size, price or kind is wrong.

    Attributes:
        field: Which part of the order.
    """

    def __init__(self, message: str, *, symbol: str | None, field: str) -> None:
        super().__init__(message, symbol=symbol)
        self.field = field


class InsufficientBalanceError(OrderRejectedError):
    """Tell that the account cannot pay for an order.

    Attributes:
        currency: What it lacks.
        needed: What the order takes of it.
        available: What there is.
    """

    def __init__(
        self,
        message: str,
        *,
        symbol: str | None,
        currency: str,
        needed: Decimal,
        available: Decimal,
    ) -> None:
        super().__init__(message, symbol=symbol)
        self.currency = currency
        self.needed = needed
        self.available = available


class PostOnlyError(OrderRejectedError):
    """Tell that a post-only order would have taken.

    Attributes:
        best_price: The price it would have taken first.
    """

    def __init__(self, message: str, *, symbol: str | None, best_price: Decimal) -> None:
        super().__init__(message, symbol=symbol)
        self.best_price = best_price


class DuplicateOrderError(OrderRejectedError):
    """Tell that an order of this client order id exists.

    Attributes:
        client_order_id: The id.
    """

    def __init__(self, message: str, *, symbol: str | None, client_order_id: str) -> None:
        super().__init__(message, symbol=symbol)
        self.client_order_id = client_order_id


class UnknownOrderError(OrderRejectedError):
    """Tell that the account has no order of this id.

    Attributes:
        order_id: The id.
    """

    def __init__(self, message: str, *, symbol: str | None, order_id: str) -> None:
        super().__init__(message, symbol=symbol)
        self.order_id = order_id


class OrderClosedError(OrderRejectedError):
    """Tell that an order cannot be cancelled because it is over.

    Attributes:
        order_id: The id.
        status: How it ended.
    """

    def __init__(self, message: str, *, symbol: str | None, order_id: str, status: str) -> None:
        super().__init__(message, symbol=symbol)
        self.order_id = order_id
        self.status = status


class NoMarketError(OrderRejectedError):
    """Tell that there is no order book to match an order against, now."""

    retryable = True


class RiskLimitError(OrderRejectedError):
    """Tell that a risk limit, once broken, allows no order that opens a position.

    Attributes:
        limit: The name of the limit.
    """

    def __init__(self, message: str, *, symbol: str | None, limit: str) -> None:
        super().__init__(message, symbol=symbol)
        self.limit = limit


class ProtocolError(WeexClientError):
    """Tell that the venue sent something that makes no sense."""


class DecodeError(ProtocolError):
    """Tell that a frame, or a number in it, cannot be read."""


class SequenceGapError(ProtocolError):
    """Tell that a change does not continue the book it was meant for.

    Attributes:
        expected: The sequence the change should have started from.
        received: The sequence it started from.
    """

    def __init__(self, message: str, *, expected: int | None, received: int | None) -> None:
        super().__init__(message)
        self.expected = expected
        self.received = received


class StreamError(WeexClientError):
    """Tell that this one stream ends while the others go on."""


class SlowConsumerError(StreamError):
    """Tell that a reader with ``OverflowPolicy.RAISE`` let its queue run over.

    Attributes:
        queue_size: How many messages could wait.
    """

    def __init__(self, message: str, *, queue_size: int) -> None:
        super().__init__(message)
        self.queue_size = queue_size


class StreamGapError(StreamError):
    """Tell that messages are missing which cannot be fetched again."""

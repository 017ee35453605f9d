"""What is stored of a message: in which table, under which key, as which fields. No I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from pydantic import BaseModel

from weex_client.models import Account, Candle, Fill, Message, Order, Payload, Position, Trade
from weex_client.models.payload import plain_text

__all__ = ["ENVELOPE", "Identity", "Row", "identity_of", "plain", "row_of", "unified"]

# SQLite's and BSON's integers end here; what is longer is kept as its digits.
_LARGEST: Final = 2**63 - 1

# Of 128 bits: among a billion messages of one moment, two alike are one chance in 10**20.
_DIGEST_BYTES: Final = 16


class Identity(NamedTuple):
    """Say what makes two messages the same.

    Attributes:
        fields: The fields that are the key, beside venue, label, channel and symbol.
        is_state: True if a message is the state of a thing, which a newer one replaces.
    """

    fields: tuple[str, ...]
    is_state: bool = False


# A self-trade is two fills of one id, one for each order.
_IDENTITIES: Final[Mapping[type[Payload], Identity]] = {
    Trade: Identity(("trade_id",)),
    Fill: Identity(("fill_id", "order_id")),
    Candle: Identity(("interval", "open_time"), is_state=True),
    # Venues have several balances of a currency, and several positions of a side.
    Order: Identity(("identity",), is_state=True),
    Position: Identity(("identity",), is_state=True),
    Account: Identity(("identity",), is_state=True),
}
_BY_CONTENT: Final = Identity(("time_ns", "digest"))

ENVELOPE: Final[Mapping[str, type]] = {
    "venue": str,
    "label": str,
    "symbol": str,
    "time_ns": int,
    "exchange_time_ns": int,
    "received_time_ns": int,
    "sequence": int,
    "is_snapshot": bool,
}
"""What stands in every row, with its types; ``digest`` or ``identity`` follow where needed."""


class Row(NamedTuple):
    """Hold what is stored of one message.

    Attributes:
        channel: The message's channel: which table.
        kind: The class of its payload, to know the columns by.
        identity: What makes it the same as another.
        fields: Names and values: the envelope's, then the payload's. Money is ``Decimal``.
    """

    channel: str
    kind: type[Payload]
    identity: Identity
    fields: dict[str, Any]

    @property
    def key(self) -> tuple[Any, ...]:
        """Return what no other message of the channel has."""
        fields = self.fields
        envelope = (fields["venue"], fields["label"], fields["symbol"])
        return (*envelope, *(fields[name] for name in self.identity.fields))

    @property
    def key_text(self) -> str:
        """Return the key with the channel as one text, its parts separated by colons."""
        venue, *rest = self.key
        return _joined((venue, self.channel, *rest))


def row_of(message: Message[Any], label: str = "") -> Row:
    """Return what is stored of a message.

    Args:
        message: The message.
        label: Whose it is, where one store holds several markets or accounts.
    """
    data: Payload = message.data
    kind = type(data)
    identity = identity_of(kind)
    received_ns, exchange_ns = message.received_time_ns, message.exchange_time_ns
    said = {name: _kept(getattr(data, name)) for name in kind.model_fields}
    fields = {
        "venue": message.venue,
        "label": label,
        "symbol": message.symbol or said.get("symbol") or "",
        "time_ns": received_ns if exchange_ns is None else exchange_ns,
        "exchange_time_ns": exchange_ns,
        "received_time_ns": received_ns,
        "sequence": said.get("sequence") if message.sequence is None else _kept(message.sequence),
        "is_snapshot": message.is_snapshot,
    }
    if identity is _BY_CONTENT:
        fields["digest"] = _digest(message.sequence, data)
    elif isinstance(data, Order | Position | Account):
        name = data.identity
        fields["identity"] = _joined(name) if isinstance(name, tuple) else str(name)
    # A payload repeats its symbol and its sequence; the envelope's are the message's.
    fields |= {name: value for name, value in said.items() if name not in fields}
    return Row(message.channel, kind, identity, fields)


@cache
def identity_of(kind: type[Payload]) -> Identity:
    """Return what makes two messages with payloads of a class the same."""
    return next((_IDENTITIES[each] for each in kind.__mro__ if each in _IDENTITIES), _BY_CONTENT)


@cache
def unified(kind: type[Payload]) -> type[Payload]:
    """Return the class that venues agree on, or the class itself where they do not."""
    home = Payload.__module__.rpartition(".")[0]
    ours = (
        each
        for each in kind.__mro__
        if each.__module__.startswith(home) and each.model_fields  # type: ignore[attr-defined]
    )
    return next(ours, kind)


def _digest(sequence: int | None, data: Payload) -> str:
    # What the venue left out is left out: a field that a later version adds changes no digest.
    content = data.model_dump_json(exclude_none=True, include=set(type(data).model_fields))
    # Payloads that keep their frame differ where it does.
    said = f"{sequence} {content} {getattr(data, 'raw', '')}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=_DIGEST_BYTES).hexdigest()


def _joined(parts: Iterable[Any]) -> str:
    """Write parts as one text that no other parts give."""
    return ":".join("" if each is None else quote(str(each), safe=" /+,") for each in parts)


def _kept(value: Any) -> Any:
    return str(value) if isinstance(value, int) and abs(value) > _LARGEST else value


def plain(value: Any) -> Any:
    """Return a value as JSON can say it; Decimals as their exact digits."""
    match value:
        case Decimal():
            return plain_text(value)
        case Enum():
            return plain(value.value)
        case str() | bool() | int() | float() | None:
            return value
        case BaseModel():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {str(name): plain(each) for name, each in value.items()}
        case Sequence() | set() | frozenset():
            return [plain(each) for each in value]
        case _:
            return str(value)

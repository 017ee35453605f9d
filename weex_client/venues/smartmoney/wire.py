"""What Smart Money's events say, as messages carry it. How frames are read is in ``codec``."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any, Self

from pydantic import PrivateAttr, computed_field

from weex_client.models import Money, Payload, Side

__all__ = [
    "FundingRate",
    "Liquidation",
    "Signal",
    "SmartMoneyEvent",
    "SmartMoneyPayload",
    "WhaleUpdate",
]


class SmartMoneyPayload(Payload):
    """What all events have in common.

    The vendor describes its events by examples only, so the frame itself is kept: what stands in
    it beside these fields is read with ``raw`` or ``frame()``. Two payloads are equal if their
    fields are, however their frames were spelled.

    Attributes:
        event: The venue's name of the event, such as ``whale_update``.
    """

    event: str

    _raw: str = PrivateAttr(default="")

    @classmethod
    def read(cls, fields: Mapping[str, Any], raw: str) -> Self:
        """Validate what an event says, and keep its frame.

        Raises:
            ValidationError: If a field does not fit.
        """
        return cls.model_validate(fields, context=raw)

    def model_post_init(self, context: object) -> None:
        """Keep the frame, which validation passes on as its context."""
        self._raw = context if isinstance(context, str) else ""

    @property
    def raw(self) -> str:
        """Return the frame as it came."""
        return self._raw

    def frame(self) -> dict[str, Any]:
        """Return the whole frame, parsed anew; numbers with a point are ``Decimal``."""
        parsed: dict[str, Any] = json.loads(self._raw, parse_float=Decimal)
        return parsed

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self) or not isinstance(other, SmartMoneyPayload):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __hash__(self) -> int:
        return hash((type(self), *(v for v in self.values() if isinstance(v, Hashable))))


class WhaleUpdate(SmartMoneyPayload):
    """A large holder's position changed.

    Attributes:
        wallet: Address of the holder.
        asset: The coin.
        size_usd: Size in US dollars. Whether it is the change or the position, and what its sign
            means, the vendor does not say.
    """

    wallet: str
    asset: str | None = None
    size_usd: Money | None = None


class FundingRate(SmartMoneyPayload):
    """The funding rate of a perpetual on an exchange.

    Attributes:
        symbol: The coin or contract.
        rate: A fraction for each funding period: 0.0001 is one basis point. How long a period is
            the vendor does not say.
        exchange: Where.
    """

    symbol: str
    rate: Money | None = None
    exchange: str | None = None

    @computed_field  # type: ignore[prop-decorator]  # mypy knows properties without decorators only
    @property
    def funding_rate(self) -> Money | None:
        """Return the rate by its long name."""
        return self.rate


class Liquidation(SmartMoneyPayload):
    """A leveraged position was closed by force.

    Attributes:
        symbol: The coin or contract.
        price: In quote units.
        size_usd: Size in US dollars.
        side: Always None: the vendor does not say who was liquidated.
    """

    symbol: str
    price: Money | None = None
    size_usd: Money | None = None
    side: Side | None = None


class Signal(SmartMoneyPayload):
    """A signal with its confirmation.

    Attributes:
        symbol: The coin or contract.
        signal_type: The vendor's word; its vocabulary is not published.
        score: Of the confirmation, where the venue says it; its scale is not published.
    """

    symbol: str
    signal_type: str | None = None
    score: Money | None = None


class SmartMoneyEvent(SmartMoneyPayload):
    """An event of a channel that the vendor does not describe.

    Attributes:
        symbol: The coin or contract, where the venue says one.
        payload: All that the event says, numbers with a point as ``Decimal``. Shared by all who
            read it: not to be changed.
    """

    symbol: str | None = None
    payload: Mapping[str, Any]

"""The venues that the exchange is, one line each.

HTTP requests are offered to the last first, so that a venue whose paths lie among another's
stands behind it; the first takes what nobody wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from weex_client.sandbox.coinbase.front import CoinbaseFront
from weex_client.sandbox.front import Front
from weex_client.sandbox.kucoin.front import KucoinFront
from weex_client.sandbox.smartmoney.front import SmartMoneyFront
from weex_client.sandbox.weex.front import WeexFront

__all__ = ["FRONTS"]

FRONTS: Final[Mapping[str, type[Front]]] = {
    "weex": WeexFront,
    "coinbase": CoinbaseFront,
    "smartmoney": SmartMoneyFront,
    "kucoin": KucoinFront,
}

"""How each venue's clients ask for streams of a tape, and what they are answered. Pure.

The wire is spelled in the venues' mirrors; here is what an exchange says that only has a tape.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from weex_client.venues.coinbase import mirror as coinbase
from weex_client.venues.coinbase.channels import feed_of
from weex_client.venues.kucoin import mirror as kucoin
from weex_client.venues.smartmoney import mirror as smartmoney
from weex_client.venues.weex import mirror as weex
from weex_client.venues.weex.streams import RefusedRequestError

__all__ = ["SPEECHES", "Heard", "Speech"]

_LACKS: Final = "the tape has no"


class Heard(NamedTuple):
    """What a client's frame comes to.

    Attributes:
        joined: Feeds that it gets from now on.
        left: Feeds that it gets no more.
        answers: What it is told, in order.
    """

    joined: Collection[str] = ()
    left: Collection[str] = ()
    answers: Collection[str] = ()


class Speech(ABC):
    """Listen to one client of one venue.

    Args:
        feeds: What the tape has, as the venue spells it.
    """

    def __init__(self, feeds: Collection[str]) -> None:
        self._feeds = feeds

    @classmethod
    def market_of(cls, path: str) -> str:  # noqa: ARG003
        """Return which market a socket's path leads to; most venues have but one."""
        return ""

    def greeting(self, connection_id: str, time_ns: int) -> str | None:  # noqa: ARG002
        """Return what the venue says first; most say nothing."""
        return None

    @abstractmethod
    def hear(self, text: str, time_ns: int) -> Heard:
        """Read a client's frame."""


class WeexSpeech(Speech):
    """As ``sandbox.weex`` speaks."""

    @classmethod
    def market_of(cls, path: str) -> str:
        """Return the market; contract is where the path does not say."""
        return "spot" if path.startswith("/spot/") else "contract"

    def greeting(self, connection_id: str, time_ns: int) -> str:
        """Return the greeting."""
        return weex.encode_greeting(connection_id, time_ns // 1_000_000)

    def hear(self, text: str, time_ns: int) -> Heard:  # noqa: ARG002
        """Read a client's frame."""
        try:
            request = weex.parse_request(text)
            lacking = [each for each in request.params if each not in self._feeds]
            if request.method == "SUBSCRIBE" and lacking:
                reason = f"{_LACKS} {lacking[0]}"
                raise RefusedRequestError(reason, request.request_id)
        except RefusedRequestError as refusal:
            return Heard(answers=(weex.encode_refusal(refusal, refusal.request_id),))
        answers = (weex.encode_ack(request.request_id),)
        match request.method:
            case "SUBSCRIBE":
                return Heard(joined=request.params, answers=answers)
            case "UNSUBSCRIBE":
                return Heard(left=request.params, answers=answers)
            case "PING":
                return Heard(answers=answers)
            case _:
                return Heard()


class KucoinSpeech(Speech):
    """As ``sandbox.kucoin`` speaks."""

    def greeting(self, connection_id: str, time_ns: int) -> str:  # noqa: ARG002
        """Return the welcome."""
        return kucoin.encode_welcome(connection_id)

    def hear(self, text: str, time_ns: int) -> Heard:
        """Read a client's frame."""
        try:
            request = kucoin.parse_request(text)
            lacking = [each for each in request.topics if each not in self._feeds]
            if request.kind == "subscribe" and lacking:
                reason = f"{_LACKS} topic {lacking[0]}"
                raise kucoin.RefusedRequestError(404, reason, request.request_id)
        except kucoin.RefusedRequestError as refusal:
            refused = kucoin.encode_error(refusal.code, str(refusal), refusal.request_id)
            return Heard(answers=(refused,))
        if request.kind == "ping":
            return Heard(answers=(kucoin.encode_pong(request.request_id, time_ns),))
        answers = (kucoin.encode_ack(request.request_id),) if request.wants_ack else ()
        if request.kind == "subscribe":
            return Heard(joined=request.topics, answers=answers)
        return Heard(left=request.topics, answers=answers)


class CoinbaseSpeech(Speech):
    """As ``sandbox.coinbase`` speaks: every answer is the complete list."""

    def __init__(self, feeds: Collection[str]) -> None:
        super().__init__(feeds)
        self._products = {each.partition(":")[2] for each in feeds} - {""}
        self._served: dict[str, dict[str, None]] = {}

    def hear(self, text: str, time_ns: int) -> Heard:  # noqa: ARG002
        """Read a client's frame."""
        try:
            request = coinbase.parse_request(text, self._products)
        except coinbase.RefusedRequestError as refusal:
            return Heard(answers=(coinbase.encode_error(refusal.message, refusal.reason),))
        pairs = [
            (channel, each)
            for channel, product in request.channels
            for each in ((product,) if product is not None else sorted(self._products))
        ]
        feeds = set()
        for channel, product in pairs:
            # What is sent about an account names no product in its subscription's name.
            feeds |= {feed_of(channel, product), channel}
            served = self._served.setdefault(channel, {})
            if request.is_subscribe:
                served[product] = None
            else:
                served.pop(product, None)
        ack = coinbase.encode_ack({name: list(each) for name, each in self._served.items() if each})
        if request.is_subscribe:
            return Heard(joined=feeds, answers=(ack,))
        return Heard(left={feed for feed in feeds if ":" in feed}, answers=(ack,))


class SmartMoneySpeech(Speech):
    """As ``sandbox.smartmoney`` speaks: nothing is acknowledged, any key is good."""

    def hear(self, text: str, time_ns: int) -> Heard:  # noqa: ARG002
        """Read a client's frame."""
        try:
            request = smartmoney.parse_request(text)
        except smartmoney.RefusedFrameError as refused:
            return Heard(answers=(smartmoney.encode_error(str(refused)),))
        match request.kind:
            case "ping":
                return Heard(answers=(smartmoney.encode_pong(),))
            case "subscribe" if request.said not in self._feeds:
                reason = f"{_LACKS} {request.said}"
                return Heard(answers=(smartmoney.encode_error(reason, request.said),))
            case "subscribe":
                return Heard(joined=(request.said,))
            case "unsubscribe":
                return Heard(left=(request.said,))
            case _:
                return Heard()


SPEECHES: Final[Mapping[str, type[Speech]]] = {
    "weex": WeexSpeech,
    "kucoin": KucoinSpeech,
    "coinbase": CoinbaseSpeech,
    "smartmoney": SmartMoneySpeech,
}

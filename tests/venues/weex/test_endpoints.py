"""WEEX signatures against vectors that openssl and Python agree on (sheet, section 3)."""

from __future__ import annotations

import pytest

from weex_client.venues.weex import endpoints

SECRET = "weex-test-secret"


@pytest.mark.parametrize(
    ("message", "signature"),
    [
        ("1790134567942/v3/ws/private", "FJnFW0g92t6nS5xdl9GtArmA3fQYRpXvNKkCDayUoII="),
        ("1790134567942GET/api/v3/account/", "slE4FFrPLDuRpmaz/8Cza38ZGDCbv6XrFMyjCxqI6dw="),
        (
            "1790134567942GET/api/v3/openOrders?symbol=BTCUSDT",
            "dWeIeU2d7rbYUW/mv9DrUqKYS1rwdwi1MPyWi4zftlA=",
        ),
    ],
)
def test_signature_is_that_of_the_sheet(message: str, signature: str) -> None:
    assert endpoints.sign(SECRET, message) == signature


def test_headers_of_a_private_dial_are_signed_for_its_moment() -> None:
    headers = endpoints.private_headers(
        ("weex-test-key", SECRET, "weex-test-pass"), 1790134567942 * 10**6 + 999_999
    )
    assert headers == {
        "ACCESS-KEY": "weex-test-key",
        "ACCESS-PASSPHRASE": "weex-test-pass",
        "ACCESS-TIMESTAMP": "1790134567942",
        "ACCESS-SIGN": "FJnFW0g92t6nS5xdl9GtArmA3fQYRpXvNKkCDayUoII=",
    }


def test_limits_are_those_of_the_sheet() -> None:
    limits = endpoints.LIMITS
    assert (limits.feeds_per_connection, limits.connections) == (100, 20)
    assert (limits.rejects_per_connection, limits.idle_seconds) == (6, 60.0)


@pytest.mark.parametrize("market", ["contract", "spot"])
def test_every_address_is_encrypted(market: endpoints.Market) -> None:
    assert endpoints.PUBLIC_URLS[market] == f"wss://ws-{market}.weex.com/v3/ws/public"
    assert endpoints.PRIVATE_URLS[market] == f"wss://ws-{market}.weex.com/v3/ws/private"
    assert endpoints.REST_URLS[market] == f"https://api-{market}.weex.com"

"""Coinbase signatures against vectors that openssl and Python agree on (sheet, section 3)."""

from __future__ import annotations

import base64

import pytest

from weex_client.venues.coinbase import endpoints

SECRET = "Y29pbmJhc2UtdGVzdC1zZWNyZXQtMDEyMzQ1Njc4OWFiY2RlZg=="


@pytest.mark.parametrize(
    ("secret", "timestamp", "signature"),
    [
        (SECRET, "1790134567", "YqpqpKZpde0/Hfh0Cj4uO6eBLyvkQDeAGegaXu6MfMw="),
        (
            base64.b64encode(b"a" * 64).decode(),
            "1493343391.076892",
            "Gt5TiJQH8Z1/D5L/nu4kxTFOIbT49iONuH36/rKLsHM=",
        ),
    ],
)
def test_signature_is_that_of_the_sheet(secret: str, timestamp: str, signature: str) -> None:
    assert endpoints.sign(secret, timestamp + endpoints.VERIFY_TARGET) == signature


def test_secret_is_decoded_first() -> None:
    undecoded = "qQl2nPFvcfbmDR7EHwXNqD0pXWhpp2oZa+fz99fSzDA="
    assert endpoints.sign(SECRET, "1790134567" + endpoints.VERIFY_TARGET) != undecoded


def test_signed_request_covers_its_target() -> None:
    headers = endpoints.rest_headers(
        ("key", SECRET, "pass"), 1790134567 * 10**9 + 999_999_999, "GET", "/orders?status=open"
    )
    assert headers == {
        "CB-ACCESS-KEY": "key",
        "CB-ACCESS-PASSPHRASE": "pass",
        "CB-ACCESS-TIMESTAMP": "1790134567",
        "CB-ACCESS-SIGN": endpoints.sign(SECRET, "1790134567GET/orders?status=open"),
    }


@pytest.mark.parametrize("secret", ["", "sandbox-secret", "abc", "YWJj ZGVm", "\u00e4\u00f6"])
def test_secret_that_is_no_base64_is_refused_unseen(secret: str) -> None:
    with pytest.raises(ValueError, match="not base64") as refusal:
        endpoints.decoded_secret(secret)
    assert not secret or secret not in str(refusal.value)


def test_line_is_doubted_after_five_seconds_and_given_up_after_ten() -> None:
    heartbeat = endpoints.HEARTBEAT
    assert heartbeat.silence_seconds == 5
    assert heartbeat.silence_seconds + heartbeat.answer_seconds == 10
    assert endpoints.LIMITS.max_frame_bytes >= 16 * 1024 * 1024

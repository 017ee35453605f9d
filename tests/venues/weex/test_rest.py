"""What WEEX is asked about an account, and what its answers mean; answers as ccxt quotes them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from weex_client.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    DecodeError,
    RateLimitedError,
    VenueError,
)
from weex_client.protocol import Channel
from weex_client.rest import Detail, HttpResponse, Query
from weex_client.venues.weex import WeexConfig, WeexVenue
from weex_client.venues.weex.endpoints import rest_headers

NOW_NS = 1_790_134_567_942_000_000
SECRETS = {
    "api_key": "weex-test-key",
    "secret_key": "weex-test-secret",
    "passphrase": "weex-test-pass",
}

# Answers that ccxt 4.5.90 (weex.py) quotes in its comments.
SPOT_ACCOUNT = {
    "canTrade": True,
    "updateTime": 1775601317093,
    "accountType": "SPOT",
    "balances": [{"asset": "USDT", "free": "20.00000000", "locked": "1.5"}],
}
CONTRACT_BALANCE = [
    {
        "asset": "USDT",
        "balance": "20.00000000",
        "availableBalance": "19.00000000",
        "frozen": "1",
        "unrealizePnl": "0",
    }
]
SPOT_ORDER = {
    "symbol": "DOGEUSDT",
    "orderId": 736807745679786974,
    "clientOrderId": "e6dc41082bf342f580a19264d82dab31",
    "price": "0.12000",
    "origQty": "299.0",
    "executedQty": "100",
    "cummulativeQuoteQty": "12",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "SELL",
    "time": 1775668655796,
    "updateTime": 1775668655810,
    "isWorking": True,
}
CONTRACT_ORDER = {
    "avgPrice": "0.00000",
    "clientOrderId": "",
    "cumQuote": "0",
    "executedQty": "0",
    "orderId": 737074389744353640,
    "origQty": "100",
    "price": "0.00000",
    "reduceOnly": True,
    "side": "SELL",
    "positionSide": "LONG",
    "status": "CANCELED",
    "stopPrice": "1.00000",
    "symbol": "DOGEUSDT",
    "time": 1775732228695,
    "timeInForce": "IOC",
    "type": "TAKE_PROFIT_MARKET",
    "updateTime": 1775732228695,
    "workingType": "CONTRACT_PRICE",
}
SPOT_FILL = {
    "symbol": "DOGEUSDT",
    "id": 736825748291060702,
    "orderId": 736825748215563230,
    "price": "0.09349",
    "qty": "250.0",
    "quoteQty": "23.3725",
    "commission": "0.0233725",
    "time": 1775672947953,
    "isBuyer": False,
}
CONTRACT_FILL = {
    "id": 737074389731770728,
    "orderId": 737074043320009064,
    "symbol": "DOGEUSDT",
    "buyer": True,
    "commission": "0.00183500",
    "commissionAsset": "USDT",
    "maker": True,
    "price": "0.09175",
    "qty": "100",
    "quoteQty": "9.17500",
    "realizedPnl": "0",
    "side": "BUY",
    "positionSide": "LONG",
    "time": 1775732228692,
}
POSITION = {
    "id": 737191855967437160,
    "asset": "USDT",
    "symbol": "DOGEUSDT",
    "side": "LONG",
    "marginType": "CROSSED",
    "separatedMode": "COMBINED",
    "leverage": "20.00",
    "size": "300",
    "openValue": "27.96900",
    "createdTime": 1775760234825,
    "updatedTime": 1775763170789,
    "unrealizePnl": "0.00600",
    "liquidatePrice": "0",
}


def venue(market: Any = "contract", **settings: Any) -> WeexVenue:
    return WeexVenue(WeexConfig(_env_file=None, market=market, **SECRETS | settings))


def reads(channel: Channel, market: Any = "contract") -> Any:
    return venue(market).account_reads(channel)


def body(content: Any) -> bytes:
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("target", "signature"),
    [
        ("/api/v3/account/", "slE4FFrPLDuRpmaz/8Cza38ZGDCbv6XrFMyjCxqI6dw="),
        ("/api/v3/openOrders?symbol=BTCUSDT", "dWeIeU2d7rbYUW/mv9DrUqKYS1rwdwi1MPyWi4zftlA="),
    ],
)
def test_signature_is_that_of_the_sheets_vectors(target: str, signature: str) -> None:
    credentials = ("weex-test-key", "weex-test-secret", "weex-test-pass")
    headers = rest_headers(credentials, NOW_NS, "GET", target)
    assert headers == {
        "ACCESS-KEY": "weex-test-key",
        "ACCESS-PASSPHRASE": "weex-test-pass",
        "ACCESS-TIMESTAMP": "1790134567942",
        "ACCESS-SIGN": signature,
    }


def test_question_is_signed_as_it_is_sent() -> None:
    query = Query("open orders", "/api/v3/openOrders", (("symbol", "BTCUSDT"),))
    request = venue("spot").ask(query, NOW_NS)
    assert request.url == "https://api-spot.weex.com/api/v3/openOrders?symbol=BTCUSDT"
    assert request.headers["ACCESS-SIGN"] == "dWeIeU2d7rbYUW/mv9DrUqKYS1rwdwi1MPyWi4zftlA="
    assert request.headers["User-Agent"]
    assert not any(secret in repr(request) for secret in SECRETS.values())


def test_credentials_never_cross_the_network_in_clear() -> None:
    with pytest.raises(ConfigError, match="would send the credentials in clear"):
        venue(rest_url="http://venue.test").ask(Query("order", "/order"), NOW_NS)
    with pytest.raises(ConfigError, match="would send the credentials in clear"):
        venue(rest_url="http://venue.test").check_credentials()
    venue(rest_url="http://venue.test", seed_private=False).check_credentials()


def test_question_without_credentials_names_the_settings() -> None:
    bare = WeexVenue(WeexConfig(_env_file=None))
    with pytest.raises(ConfigError, match="WEEX_API_KEY"):
        bare.ask(Query("order", "/order"), NOW_NS)


@pytest.mark.parametrize(
    ("market", "channel", "path"),
    [
        ("spot", Channel.ACCOUNT, "/api/v3/account/"),
        ("spot", Channel.ORDERS, "/api/v3/openOrders"),
        ("contract", Channel.ACCOUNT, "/capi/v3/account/balance"),
        ("contract", Channel.POSITIONS, "/capi/v3/account/position/allPosition"),
        ("contract", Channel.ORDERS, "/capi/v3/openOrders"),
    ],
)
def test_state_is_read_where_the_sheet_says(market: str, channel: Channel, path: str) -> None:
    assert reads(channel, market).query.path == path


def test_public_channels_have_no_state_to_read() -> None:
    assert reads(Channel.TICKER) is None


def test_nothing_is_read_where_the_settings_say_so() -> None:
    assert venue(seed_private=False).account_reads(Channel.ORDERS) is None


def test_spot_balance_is_free_and_locked() -> None:
    (message,) = reads(Channel.ACCOUNT, "spot").read(body(SPOT_ACCOUNT), NOW_NS)
    data = message.data
    assert (data.currency, data.balance) == ("USDT", Decimal("21.5"))
    assert (data.available, data.frozen) == (Decimal(20), Decimal("1.5"))
    assert (message.timestamp, message.is_snapshot) == (1775601317.093, True)


def test_contract_balance_has_no_time_and_none_is_invented() -> None:
    (message,) = reads(Channel.ACCOUNT).read(body(CONTRACT_BALANCE), NOW_NS)
    data = message.data
    assert (data.balance, data.available, data.frozen) == (Decimal(20), Decimal(19), Decimal(1))
    assert (message.exchange_time_ns, message.timestamp) == (None, NOW_NS / 1_000_000_000)


def test_order_is_read_as_frames_are() -> None:
    (message,) = reads(Channel.ORDERS, "spot").read(body([SPOT_ORDER]), NOW_NS)
    data = message.data
    assert data.order_id == "736807745679786974"  # above 2**53
    assert (data.symbol, data.side, data.type) == ("DOGEUSDT", "sell", "limit")
    assert (data.status, data.status_text) == ("partially_filled", "NEW")
    assert (data.price, data.size) == (Decimal("0.12"), Decimal(299))
    assert (data.filled_size, data.average_price) == (Decimal(100), Decimal("0.12"))
    assert message.exchange_time_ns == 1775668655810 * 10**6


def test_order_that_is_gone_is_asked_for_by_its_id() -> None:
    orders = reads(Channel.ORDERS)
    (message,) = orders.read(body([CONTRACT_ORDER | {"status": "NEW"}]), NOW_NS)
    detail = orders.became(message, NOW_NS)
    assert isinstance(detail, Detail)
    assert detail.query.path == "/capi/v3/order"
    assert dict(detail.query.parameters) == {"symbol": "DOGEUSDT", "orderId": "737074389744353640"}
    final = detail.read(body(CONTRACT_ORDER), NOW_NS)
    assert (final.data.status, final.is_snapshot) == ("canceled", False)
    assert (final.data.price, final.data.trigger_price) == (None, Decimal(1))


def test_position_is_read_as_frames_are() -> None:
    positions = reads(Channel.POSITIONS)
    content = [POSITION, POSITION | {"id": 8, "size": "0", "openValue": "0"}]
    (message,) = positions.read(body(content), NOW_NS)
    data = message.data
    assert (data.position_id, data.side, data.size) == ("737191855967437160", "long", Decimal(300))
    assert (data.entry_price, data.leverage) == (Decimal("0.09323"), Decimal(20))
    assert (data.margin_mode, data.separated_mode, data.currency) == ("crossed", "combined", "USDT")
    assert (data.mark_price, data.unrealized_pnl) == (None, None)
    gone = positions.became(message, NOW_NS + 1)
    assert (gone.data.size, gone.data.entry_price, gone.is_snapshot) == (Decimal(0), None, False)
    assert (gone.exchange_time_ns, gone.received_time_ns) == (None, NOW_NS + 1)


def test_balances_that_are_gone_are_nothing() -> None:
    spot = reads(Channel.ACCOUNT, "spot")
    (message,) = spot.read(body(SPOT_ACCOUNT), NOW_NS)
    assert spot.became(message, NOW_NS).data.available == 0
    contract = reads(Channel.ACCOUNT)
    (message,) = contract.read(body(CONTRACT_BALANCE), NOW_NS)
    assert contract.became(message, NOW_NS).data.balance == 0


def test_isolated_margin_is_not_among_the_balances_and_its_absence_says_nothing() -> None:
    contract = reads(Channel.ACCOUNT)
    (message,) = contract.read(body(CONTRACT_BALANCE), NOW_NS)
    data = message.data.model_copy(update={"isolated_position_id": "7"})
    isolated = message.model_copy(update={"data": data})
    assert contract.became(isolated, NOW_NS) is None


@pytest.mark.parametrize(
    ("market", "row", "side", "liquidity"),
    [("spot", SPOT_FILL, "sell", None), ("contract", CONTRACT_FILL, "buy", "maker")],
)
def test_fill_is_read_as_frames_are(
    market: str, row: dict[str, Any], side: str, liquidity: str | None
) -> None:
    (message,) = reads(Channel.FILLS, market).read(body([row]), NOW_NS)
    data = message.data
    assert (data.fill_id, data.order_id) == (str(row["id"]), str(row["orderId"]))
    assert (data.price, data.size) == (Decimal(row["price"]), Decimal(row["qty"]))
    assert (data.side, data.liquidity, data.fee) == (side, liquidity, Decimal(row["commission"]))
    assert message.exchange_time_ns == row["time"] * 10**6


def test_side_of_a_fill_is_not_guessed() -> None:
    row = {key: value for key, value in SPOT_FILL.items() if key != "isBuyer"}
    with pytest.raises(DecodeError, match="neither side nor isBuyer"):
        reads(Channel.FILLS, "spot").read(body([row]), NOW_NS)


def test_page_of_fills_names_its_stretch() -> None:
    page = reads(Channel.FILLS).page(None, 5, None)
    assert (page.path, dict(page.parameters)) == (
        "/capi/v3/userTrades",
        {"startTime": "5", "limit": "100"},
    )
    page = reads(Channel.FILLS, "spot").page("BTCUSDT", 5, 9)
    assert (page.path, dict(page.parameters)) == (
        "/api/v3/myTrades",
        {"symbol": "BTCUSDT", "startTime": "5", "limit": "100", "endTime": "9"},
    )


def test_spot_fills_need_symbols_and_open_orders_have_them() -> None:
    fills = reads(Channel.FILLS, "spot")
    assert fills.symbols_query.path == "/api/v3/openOrders"
    assert fills.read_symbols(body([SPOT_ORDER])) == {"DOGEUSDT"}
    assert reads(Channel.FILLS).symbols_query is None


def test_answer_in_an_envelope_is_read_too() -> None:
    content = {"code": "200", "msg": "success", "data": [CONTRACT_ORDER]}
    response = HttpResponse(200, body(content))
    answer = venue().answered(Query("open orders", "/x"), response)
    assert len(reads(Channel.ORDERS).read(answer, NOW_NS)) == 1


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"{}", b"null", b'[{"orderId":1}]', b"[" * 100_000, b'[{"asset":NaN}]'],
)
def test_nonsense_is_refused_without_quoting_it(answer: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        reads(Channel.ORDERS).read(answer, NOW_NS)
    assert len(str(caught.value)) < 200


def test_fault_names_fields_but_never_values() -> None:
    with pytest.raises(DecodeError, match=r"open orders: bad or missing 0\.origQty") as caught:
        reads(Channel.ORDERS).read(body([CONTRACT_ORDER | {"origQty": "secret 7"}]), NOW_NS)
    assert "secret" not in str(caught.value)


def answered(status: int, content: Any, **facts: Any) -> Any:
    raw = content if isinstance(content, bytes) else body(content)
    return venue().answered(Query("open orders", "/x"), HttpResponse(status, raw, **facts))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, None),
        (403, None),
        (401, -1047),
        (400, -1046),
        (200, -1044),
        (400, -1056),
        (400, -1040),
    ],
)
def test_refused_credentials_name_what_to_check(status: int, code: int | None) -> None:
    content = {"code": code, "msg": "no"} if code else b"<html>"
    with pytest.raises(AuthenticationError, match="check key, secret, passphrase") as caught:
        answered(status, content, server_time_ns=7)
    assert caught.value.server_time_ns == 7


@pytest.mark.parametrize("code", [-1054, -1045, -1140, -1170])
def test_other_refusals_are_not_about_credentials(code: int) -> None:
    with pytest.raises((VenueError, ConnectError)) as caught:
        answered(400, {"code": code, "msg": "no"})
    assert not isinstance(caught.value, AuthenticationError)
    assert f"{code}: no" in str(caught.value)


def test_venue_that_is_down_may_be_up_again() -> None:
    with pytest.raises(ConnectError, match="HTTP 503") as caught:
        answered(503, b"<html>", retry_after_seconds=3.0)
    assert (caught.value.retryable, caught.value.retry_after_seconds) == (True, 3.0)


def test_venue_that_was_asked_too_often_says_so() -> None:
    with pytest.raises(RateLimitedError) as caught:
        answered(429, b"", retry_after_seconds=3.0)
    assert caught.value.retry_after_seconds == 3.0


def test_redirect_is_an_error() -> None:
    with pytest.raises(VenueError, match="not followed, because credentials"):
        answered(302, b"")


@pytest.mark.parametrize("code", [-2200, -3200])
def test_order_that_does_not_exist_is_none(code: int) -> None:
    assert answered(400, {"code": code, "msg": "Order does not exist."}) is None


def test_what_the_venue_quotes_of_the_credentials_is_not_repeated() -> None:
    words = " ".join(SECRETS.values())
    with pytest.raises(VenueError) as caught:
        answered(400, {"code": -1140, "msg": words})
    assert not any(secret in str(caught.value) for secret in SECRETS.values())

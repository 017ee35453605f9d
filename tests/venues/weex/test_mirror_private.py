"""The server's side of the private wire: what it writes is spelled as the captured frames are."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weex_client.venues.weex import mirror_private as mirror

FRAMES = Path(__file__).parent / "frames"


def captured(name: str, line: int = 0) -> tuple[str, dict[str, Any]]:
    text = (FRAMES / name).read_text().splitlines()[line]
    return text, json.loads(text)


def written(frame: dict[str, Any], item: mirror.Item) -> str:
    return mirror.encode_private(frame["e"], frame["E"], frame["v"], frame["msgEvent"], [item])


def number(row: dict[str, Any], key: str) -> Decimal:
    return Decimal(row[key])


def some(row: dict[str, Any], key: str) -> Decimal | None:
    return number(row, key) or None


def order_figures(row: dict[str, Any]) -> mirror.OrderFigures:
    prices = tuple(number(row, f"{name}FillPrice") for name in ("latest", "max", "min"))
    return mirror.OrderFigures(
        order_id=row["id"],
        client_order_id=row["clientOrderId"],
        symbol=row["symbol"],
        base=row.get("baseCoin", "BTC"),
        quote=row.get("quoteCoin") or row["coin"],
        side=row["orderSide"],
        position_side=row.get("positionSide", "LONG"),
        type=row["type"],
        time_in_force=row["timeInForce"],
        reduce_only=row["reduceOnly"],
        price=some(row, "price"),
        zero_price=Decimal("0.0"),
        size=some(row, "size"),
        quote_size=Decimal(row["value"]) or None if "value" in row else None,
        trigger_price=some(row, "triggerPrice"),
        leverage=Decimal(row.get("leverage", "1")),
        taker_fee_rate=number(row, "takerFeeRate"),
        maker_fee_rate=number(row, "makerFeeRate"),
        status=row["status"],
        cancel_reason=row["cancelReason"],
        fill_prices=(prices[0], prices[1], prices[2]) if prices[0] else None,
        filled_size=number(row, "cumFillSize"),
        filled_value=number(row, "cumFillValue"),
        fee=number(row, "cumFillFee"),
        realized_pnl=Decimal(row.get("cumRealizePnl", "0")),
        created_ms=int(row["createdTime"]),
        updated_ms=int(row["updatedTime"]),
    )


# The captures are of orders from a browser too; ours all come over the API.
@pytest.mark.parametrize(
    ("name", "line", "write"),
    [
        ("contract-orders.jsonl", 0, mirror.contract_order),
        ("spot-orders.jsonl", 0, mirror.spot_order),
        ("spot-orders.jsonl", 1, mirror.spot_order),
    ],
)
def test_order_is_written_as_captured(
    name: str, line: int, write: Callable[[mirror.OrderFigures], mirror.Item]
) -> None:
    text, frame = captured(name, line)
    text = text.replace('"orderSource":"WEB"', '"orderSource":"API"')
    assert written(frame, write(order_figures(frame["d"][0]))) == text


@pytest.mark.parametrize(
    ("name", "line", "write"),
    [
        ("contract-fill.jsonl", 0, mirror.contract_fill),
        ("spot-fill.jsonl", 0, mirror.spot_fill),
        ("spot-fill.jsonl", 1, mirror.spot_fill),
    ],
)
def test_fill_is_written_as_captured(
    name: str, line: int, write: Callable[[mirror.FillFigures], mirror.Item]
) -> None:
    text, frame = captured(name, line)
    row = frame["d"][0]
    figures = mirror.FillFigures(
        row["id"],
        row["orderId"],
        row["symbol"],
        row.get("baseCoin", "BTC"),
        row.get("quoteCoin") or row["coin"],
        row["orderSide"],
        row.get("positionSide", "LONG"),
        number(row, "fillSize"),
        number(row, "fillValue"),
        number(row, "fillFee"),
        Decimal(row.get("realizePnl", "0")),
        row["direction"] == "MAKER",
        int(row["createdTime"]),
    )
    # The documentation's fee has six decimals, the captures' eight.
    text = text.replace('"fillFee":"6.228762"', '"fillFee":"6.22876200"')
    assert written(frame, write(figures)) == text


def test_position_is_written_as_captured() -> None:
    text, frame = captured("contract-positions.jsonl")
    row = frame["d"][0]
    figures = mirror.PositionFigures(
        row["id"],
        row["coin"],
        row["symbol"],
        row["side"],
        *(
            number(row, key)
            for key in (
                *("leverage", "size", "openValue", "openFee"),
                *("cumOpenSize", "cumOpenValue", "cumOpenFee"),
                *("cumCloseSize", "cumCloseValue", "cumCloseFee"),
            )
        ),
        int(row["createdMatchSequenceId"]),
        int(row["updatedMatchSequenceId"]),
        int(row["createdTime"]),
        int(row["updatedTime"]),
    )
    assert written(frame, mirror.contract_position(figures)) == text


@pytest.mark.parametrize("line", [0, 1])
def test_spot_balance_is_written_as_captured(line: int) -> None:
    text, frame = captured("spot-account.jsonl", line)
    row = frame["d"][0]
    figures = mirror.SpotBalanceFigures(
        row["coin"], *(number(row, key) for key in ("equity", "available", "frozen"))
    )
    assert written(frame, mirror.spot_balance(figures)) == text


def test_contract_balance_has_the_captured_fields_in_their_order() -> None:
    _, frame = captured("contract-account.jsonl")
    row = frame["d"][0]
    figures = mirror.ContractBalanceFigures(
        row["coin"],
        Decimal("20"),
        number(row, "cumDepositAmount"),
        *(
            number(row, f"cumPosition{name}Amount")
            for name in ("OpenLong", "OpenShort", "CloseLong", "CloseShort", "FillFee")
        ),
        int(row["createdTime"]),
        int(row["updatedTime"]),
    )
    item = mirror.contract_balance(figures)
    assert list(item) == list(row)
    same = ("coin", "marginMode", "cumDepositAmount", "createdTime", "updatedTime", "liquidating")
    assert {key: item[key] for key in same} == {key: row[key] for key in same}
    assert item["amount"] == "20.00000000"
    assert item["cumPositionOpenLongAmount"] == row["cumPositionOpenLongAmount"]
    assert item["cumPositionFillFeeAmount"] == row["cumPositionFillFeeAmount"]


def test_private_ping_is_written_as_captured() -> None:
    lines = (FRAMES / "connection.jsonl").read_text().splitlines()
    assert mirror.encode_private_ping(1776172740000) in lines


@pytest.mark.parametrize(
    ("amount", "spelled"),
    [
        ("0", "0.00000000"),
        ("1E+3", "1000.00000000"),
        ("0.0074488", "0.00744880"),
        ("0.000000000100", "0.0000000001"),
        ("123456789012345678901234567890.5", "123456789012345678901234567890.50000000"),
    ],
)
def test_amounts_have_eight_decimals_or_as_many_as_they_need(amount: str, spelled: str) -> None:
    assert mirror.money(Decimal(amount)) == spelled

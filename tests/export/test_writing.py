import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weex_client import ExportError
from weex_client.export import export
from weex_client.export.parquet_file import LEAST_SCALE, ParquetFile
from weex_client.models import Message, OrderBookDelta

from .tape import book, message, trade

parquet = pytest.importorskip("pyarrow.parquet")


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def parquet_rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    return rows


def numbers(digits: int) -> st.SearchStrategy[Decimal]:
    return st.builds(
        lambda number, places: Decimal(number).scaleb(-places),
        st.integers(-(10**digits) + 1, 10**digits - 1),
        st.integers(0, digits),
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prices=st.lists(numbers(18) | numbers(38), min_size=1, max_size=12),
    group_rows=st.integers(1, 5),
)
def test_every_digit_comes_back(tmp_path: Path, prices: list[Decimal], group_rows: int) -> None:
    messages = [trade(number, str(price)) for number, price in enumerate(prices)]
    path = tmp_path / "trades.parquet"
    path.unlink(missing_ok=True)
    file = ParquetFile(path, group_rows)
    file.write(messages)
    file.finish()
    as_csv = export(messages, tmp_path / "trades.csv")

    rows = parquet_rows(path)
    assert [row["price"] for row in rows] == prices
    assert [row["trade_id"] for row in rows] == [each.data.trade_id for each in messages]
    assert [row["exchange_time_ns"] for row in rows] == [each.exchange_time_ns for each in messages]
    texts = [row["price"] for row in csv_rows(as_csv.path)]
    assert texts == [format(price, "f") for price in prices]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(st.tuples(st.integers(1, 10**40), st.integers(-130, 90)), min_size=1, max_size=3)
)
def test_parquet_holds_a_number_exactly_or_refuses_it(
    tmp_path: Path, drawn: list[tuple[int, int]]
) -> None:
    prices = [Decimal(f"{number}E{exponent}") for number, exponent in drawn]
    path = tmp_path / "trades.parquet"
    path.unlink(missing_ok=True)
    try:
        export([trade(1, str(price)) for price in prices], path)
    except ExportError:
        whole = max(0, *(each.adjusted() + 1 for each in prices))
        places = max(LEAST_SCALE, *(-each.as_tuple().exponent for each in prices))
        assert whole + places > 76
    else:
        assert [row["price"] for row in parquet_rows(path)] == prices


def test_parquet_has_decimals_that_other_programs_read(tmp_path: Path) -> None:
    export([trade(1, "79796.3", "0.0012")], tmp_path / "few.parquet")
    export([trade(1, "0.000000000123", "1E+5"), trade(2)], tmp_path / "many.parquet")

    export([trade(1, "12345678901.5")], tmp_path / "huge.parquet")

    few, many, huge = (
        parquet.read_schema(tmp_path / f"{name}.parquet") for name in ("few", "many", "huge")
    )
    assert str(few.field("price").type) == "decimal128(18, 8)"
    assert str(many.field("price").type) == "decimal128(18, 12)"
    assert str(huge.field("price").type) == "decimal128(38, 8)"
    assert [str(few.field(name).type) for name in ("received_time_ns", "is_snapshot")] == [
        "int64",
        "bool",
    ]


@pytest.mark.parametrize("extra", ["9" * 77, "1E-77", "1E+100"])
def test_a_number_that_parquet_cannot_hold_is_refused_and_csv_holds_it(
    tmp_path: Path, extra: str
) -> None:
    messages = [trade(1), trade(2, extra)]

    with pytest.raises(ExportError, match=r"price.*76 digits.*csv or jsonl"):
        export(messages, tmp_path / "trades.parquet")
    export(messages, tmp_path / "trades.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["trades.csv"]
    assert Decimal(csv_rows(tmp_path / "trades.csv")[1]["price"]) == Decimal(extra)


def test_digits_that_fit_one_by_one_and_not_together_are_refused(tmp_path: Path) -> None:
    messages = [trade(1, "1E-40"), trade(2, "1E+40")]
    with pytest.raises(ExportError, match="76 digits"):
        export(messages, tmp_path / "trades.parquet")
    with pytest.raises(ExportError, match="sequence has a number beyond 64 bits"):
        export([trade(1, sequence=2**63)], tmp_path / "trades.parquet")
    assert not list(tmp_path.iterdir())


def test_jsonl_is_what_the_messages_say_of_themselves(tmp_path: Path) -> None:
    messages = [trade(1), book([("10", "1")], [])]
    exported = export(messages, tmp_path / "all.jsonl")

    text = exported.path.read_bytes()
    assert text == "".join(f"{each.model_dump_json()}\n" for each in messages).encode()
    assert (exported.rows, exported.size_bytes) == (2, len(text))
    assert [json.loads(line)["channel"] for line in text.splitlines()] == ["trades", "book"]


def test_csv_says_nothing_where_the_venue_does_not(tmp_path: Path) -> None:
    export([trade(1, exchange_time_ns=None, symbol='A,"B"\n')], tmp_path / "trades.csv")

    (row,) = csv_rows(tmp_path / "trades.csv")
    assert row["exchange_time_ns"] == row["notional"] == row["sequence"] == ""
    assert (row["is_snapshot"], row["symbol"]) == ("false", 'A,"B"\n')


def test_books_that_deepen_get_more_columns_in_the_whole_file(tmp_path: Path) -> None:
    # More than one batch, so that the head line is written before the deeper book comes.
    shallow = [book([("10", "1")], [("11", "2")])] * 1500
    messages = [*shallow, book([("10", "1"), ("9.5", "1.50")], [("11", "0.1")]), *shallow[:2]]
    export(messages, tmp_path / "book.csv")
    export(messages, tmp_path / "book.parquet")

    rows, exact = csv_rows(tmp_path / "book.csv"), parquet_rows(tmp_path / "book.parquet")
    assert len(rows) == len(exact) == 1503
    assert {len(row) for row in rows} == {len(exact[0])} == {8 + 1 + 8}
    assert (rows[1500]["bid_size_2"], exact[1500]["bid_size_2"]) == ("1.50", Decimal("1.5"))
    assert (rows[0]["bid_size_2"], exact[0]["bid_size_2"]) == ("", None)
    assert (rows[-1]["ask_price_1"], exact[-1]["ask_price_1"]) == ("11", 11)
    types = {field.type for field in parquet.read_schema(tmp_path / "book.parquet")
             if "_size_" in field.name}  # fmt: skip
    assert len(types) == 1


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_an_export_that_is_cut_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"trades.{suffix}"
    path.write_text("old")

    def cut() -> Iterator[Message[Any]]:
        yield from (trade(number) for number in range(2500))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(cut(), path)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"
    assert export([trade(1)], path).rows == 1
    assert path.read_bytes() != b"old"


def test_wrong_places_and_empty_exports_are_refused(tmp_path: Path) -> None:
    for path, complaint in (
        (tmp_path, "a folder or a device"),
        (tmp_path / "no" / "x.csv", "make it first"),
        (tmp_path / "x.xls", "choose csv, jsonl or parquet"),
        (tmp_path / "x.csv", "no message to write"),
    ):
        with pytest.raises(ExportError, match=complaint):
            export([], path, **({"file_format": "csv"} if path == tmp_path else {}))
    assert not list(tmp_path.iterdir())


def test_changes_of_a_book_are_json_in_both_tables(tmp_path: Path) -> None:
    delta = OrderBookDelta(bids=((Decimal("10.10"), Decimal(0)),), asks=(), sequence=8)
    for suffix, rows in (("csv", csv_rows), ("parquet", parquet_rows)):
        exported = export([message(delta, "book_deltas")] * 2, tmp_path / f"deltas.{suffix}")
        assert [row["bids"] for row in rows(exported.path)] == ['[["10.10","0"]]'] * 2


def test_two_venues_whose_columns_differ_share_a_file(tmp_path: Path) -> None:
    plain = message(trade(2).data.model_copy(), "trades", venue="other")
    export([trade(1), plain], tmp_path / "trades.parquet")
    assert [row["venue"] for row in parquet_rows(tmp_path / "trades.parquet")] == ["weex", "other"]

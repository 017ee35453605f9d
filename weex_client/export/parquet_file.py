"""Messages as Parquet, decimals exact. What needs pyarrow, the extra ``export``, is all here.

How many digits the decimals of a column have is known when the last one was seen. Until then the
rows lie in a second file, in Arrow's own format, so that nothing is read or decoded twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

from weex_client.errors import ConfigError, ExportError
from weex_client.export.columns import Column, Kind, Row, Table, same_digits
from weex_client.models import Message

__all__ = ["LEAST_SCALE", "ParquetFile", "check_parquet"]

LEAST_SCALE: Final = 8
"""Digits after the point that a column of decimals has at least, so that files of different days
fit together; where a number has more, the column has."""

# Eight bytes hold 18 digits: a price times a size is still a decimal everywhere then. Sixteen hold
# 38, as many as polars and DuckDB read. Beyond it, up to 76, pyarrow and pandas do.
_FEW_DIGITS: Final = 18
_DIGITS: Final = 38
_MOST_DIGITS: Final = 76

# A number of at most 38 digits that is not smaller than this has fewer than 47 after the point.
_SMALLEST: Final = -9

# A row group in memory: a million cells are some 60 MB while they are turned into columns.
_GROUP_ROWS: Final = 65_536
_GROUP_CELLS: Final = 1_000_000
_CELL_BYTES: Final = 64


def check_parquet() -> None:
    """Make sure that Parquet can be written.

    Raises:
        ConfigError: If the extra ``export`` is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ConfigError(
            "Parquet needs the extra 'export': run pip install 'weex-client[export]',"
            " or choose csv or jsonl"
        )


class ParquetFile:
    """Write row groups of bounded size."""

    def __init__(self, path: Path, group_rows: int = _GROUP_ROWS) -> None:
        # Parts that the package does not load by itself; others may have, in one's tests.
        import pyarrow.compute
        import pyarrow.ipc

        self._arrow = pyarrow
        self._path = path
        self._group_rows = group_rows
        self._table = Table()
        self._rows: list[Row] = []
        self._cells = 0
        self._digits: dict[str, _Digits] = {}
        self._types = {
            Kind.TEXT: pyarrow.string(),
            Kind.NESTED: pyarrow.string(),
            Kind.INTEGER: pyarrow.int64(),
            Kind.FLAG: pyarrow.bool_(),
            Kind.SECONDS: pyarrow.float64(),
        }
        # Without a name: who kills the program leaves none behind.
        self._spool = TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by close()

    def write(self, messages: Iterable[Message[Any]]) -> None:
        """Take messages.

        Raises:
            ExportError: If a number does not fit.
        """
        for message in messages:
            row = self._table.row(message)
            self._rows.append(row)
            self._cells += len(row)
            if self._table.has_nested:
                self._cells += sum(len(each) for each in row if type(each) is str) // _CELL_BYTES
            if len(self._rows) >= self._group_rows or self._cells >= _GROUP_CELLS:
                self._flush()

    def _flush(self) -> None:
        """Put the rows that wait into the second file."""
        columns = self._table.columns
        values = list(zip_longest(*self._rows))
        values += [(None,) * len(self._rows)] * (len(columns) - len(values))
        self._rows, self._cells = [], 0
        arrays = [self._array(column, each) for column, each in zip(columns, values, strict=True)]
        batch = self._arrow.record_batch(arrays, names=[column.name for column in columns])
        # A stream of its own for each group: they need not have the same columns.
        with self._arrow.ipc.new_stream(self._spool, batch.schema) as stream:
            stream.write_batch(batch)

    def _array(self, column: Column, values: Sequence[Any]) -> Any:
        if column.kind is Kind.MONEY:
            return self._digits_of(column.name).array(values)
        try:
            return self._arrow.array(values, self._types[column.kind])
        except (OverflowError, self._arrow.ArrowInvalid) as exc:
            raise ExportError(
                f"{column.name} has a number beyond 64 bits, which Parquet cannot hold:"
                " export as csv or jsonl"
            ) from exc

    def _digits_of(self, column: str) -> _Digits:
        name = same_digits(column)
        if name not in self._digits:
            self._digits[name] = _Digits(self._arrow, name)
        return self._digits[name]

    def finish(self) -> None:
        """Write the file from what was put aside.

        Raises:
            ExportError: If the numbers of a column have more digits than Parquet can hold.
        """
        import pyarrow.parquet

        if self._rows:
            self._flush()
        schema = self._arrow.schema(
            [(column.name, self._type(column)) for column in self._table.columns]
        )
        with pyarrow.parquet.ParquetWriter(
            self._path, schema, compression="zstd", store_decimal_as_integer=True
        ) as file:
            for batch in self._spooled():
                file.write_batch(_fitted(batch, schema), row_group_size=batch.num_rows)
        self.close()

    def _type(self, column: Column) -> Any:
        if column.kind is not Kind.MONEY:
            return self._types[column.kind]
        return self._digits_of(column.name).type()

    def _spooled(self) -> Iterator[Any]:
        end = self._spool.tell()
        self._spool.seek(0)
        while self._spool.tell() < end:
            with self._arrow.ipc.open_stream(self._spool) as stream:
                yield from stream

    def close(self) -> None:
        """Forget what was put aside."""
        self._spool.close()


class _Digits:
    """How many digits the decimals of a column need, before and after the point."""

    def __init__(self, arrow: Any, name: str) -> None:
        self._arrow = arrow
        self._name = name
        self._whole = 0
        self._scale = LEAST_SCALE

    def array(self, values: Sequence[Decimal | None]) -> Any:
        """Return decimals as they are.

        Raises:
            ExportError: If one has more digits than Parquet can hold, or is no number.
        """
        array = self._of_known_scale(values)
        if array is None:
            array = self._inferred(values)
            self._scale = max(self._scale, array.type.scale)
        largest = self._arrow.compute.min_max(array).as_py()
        for value in (largest["min"], largest["max"]):
            if value:
                self._whole = max(self._whole, value.adjusted() + 1)
        return array

    def _of_known_scale(self, values: Sequence[Decimal | None]) -> Any:
        """Return decimals with the digits that were enough so far, or None if they are not."""
        # Where more than 38 digits would have to go, pyarrow 26 makes a nought of some numbers,
        # without a word (1E-47 in decimal128(38, 8)).
        if min((each.adjusted() for each in values if each is not None), default=0) < _SMALLEST:
            return None
        try:
            return self._arrow.array(values, self._arrow.decimal128(_DIGITS, self._scale))
        except self._arrow.ArrowInvalid:
            return None

    def _inferred(self, values: Sequence[Decimal | None]) -> Any:
        """Return decimals of as many digits as they have; six times slower."""
        try:
            return self._arrow.array(values)
        except self._arrow.ArrowInvalid as exc:
            raise self._too_long() from exc

    def type(self) -> Any:
        """Return the type that holds all of them.

        Raises:
            ExportError: If there is none.
        """
        for digits in (_FEW_DIGITS, _DIGITS):
            if self._whole + self._scale <= digits:
                return self._arrow.decimal128(digits, self._scale)
        if self._whole + self._scale <= _MOST_DIGITS:
            return self._arrow.decimal256(_MOST_DIGITS, self._scale)
        raise self._too_long()

    def _too_long(self) -> ExportError:
        return ExportError(
            f"the numbers of {self._name} have more than the {_MOST_DIGITS} digits that Parquet"
            " can hold: export as csv or jsonl, which keep every digit"
        )


def _fitted(batch: Any, schema: Any) -> Any:
    """Return a group with the columns and the digits that the whole file has."""
    import pyarrow

    names = set(batch.schema.names)
    arrays = [
        batch.column(field.name).cast(field.type)
        if field.name in names
        else pyarrow.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pyarrow.record_batch(arrays, schema=schema)

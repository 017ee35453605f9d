"""Messages as comma-separated values, every number with the digits it came with."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from weex_client.export.columns import Column, Kind, Table
from weex_client.models import Message
from weex_client.models.payload import plain_text

__all__ = ["CsvFile"]

_TEXTS: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.MONEY: plain_text,
    Kind.FLAG: lambda value: "true" if value else "false",
}


class CsvFile:
    """Write a head line and a line a message; what the venue did not say is empty.

    If columns come up that the head line does not have, as in a deeper book, the file is copied
    at the end with a longer one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("x", encoding="utf-8", newline="")
        self._lines = csv.writer(self._file, lineterminator="\n")
        self._table = Table()
        self._head: list[str] = []
        self._texts: list[Callable[[Any], str] | None] = []

    def write(self, messages: Iterable[Message[Any]]) -> None:
        """Write messages."""
        rows = [self._table.row(message) for message in messages]
        columns = self._table.columns
        if not self._head:
            self._head = [column.name for column in columns]
            self._lines.writerow(self._head)
        self._texts = [_TEXTS.get(column.kind) for column in columns]
        self._lines.writerows(map(self._line, rows))

    def _line(self, row: Sequence[object]) -> list[object]:
        line = [
            value if text is None or value is None else text(value)
            for value, text in zip(row, self._texts, strict=False)
        ]
        line += [None] * (len(self._texts) - len(line))
        return line

    def finish(self) -> None:
        """Write what is left to write, and close the file."""
        self._file.close()
        if len(self._table.columns) > len(self._head):
            _lengthen(self._path, self._table.columns)

    def close(self) -> None:
        """Close the file, finished or not."""
        self._file.close()


def _lengthen(path: Path, columns: Sequence[Column]) -> None:
    """Give a file a longer head line and all its lines as many fields."""
    short = path.with_suffix(".short")
    path.rename(short)
    try:
        with (
            short.open(encoding="utf-8", newline="") as source,
            path.open("x", encoding="utf-8", newline="") as copy,
        ):
            lines = csv.writer(copy, lineterminator="\n")
            lines.writerow([column.name for column in columns])
            rows = csv.reader(source)
            next(rows)
            lines.writerows([*row, *[""] * (len(columns) - len(row))] for row in rows)
    finally:
        short.unlink()

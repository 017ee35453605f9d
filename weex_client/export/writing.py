"""Write messages to a file that is there whole or not at all. Formats are in modules of theirs."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Protocol, get_args

from weex_client.errors import ExportError
from weex_client.export.csv_file import CsvFile
from weex_client.export.jsonl_file import JsonlFile
from weex_client.export.parquet_file import ParquetFile, check_parquet
from weex_client.models import Message

__all__ = ["Exported", "FileFormat", "export", "format_of"]

FileFormat = Literal["csv", "jsonl", "parquet"]

# Some messages are whole books of orders: so few are in memory at a time.
_BATCH_MESSAGES: Final = 100


class _Writer(Protocol):
    """What a format is: how messages become a file that is not there yet."""

    def write(self, messages: Iterable[Message[Any]]) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


_WRITERS: Final[dict[str, Callable[[Path], _Writer]]] = {
    "csv": CsvFile,
    "jsonl": JsonlFile,
    "parquet": ParquetFile,
}


class Exported(NamedTuple):
    """What was written.

    Attributes:
        path: Where.
        rows: How many messages.
        size_bytes: How long the file is.
    """

    path: Path
    rows: int
    size_bytes: int


def format_of(path: str | Path) -> FileFormat:
    """Return the format that a file's name says.

    Raises:
        ExportError: If it says none.
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    for known in get_args(FileFormat):
        if suffix == known:
            return known  # type: ignore[no-any-return]
    raise ExportError(f"{path} does not say its format: choose csv, jsonl or parquet")


def export(
    messages: Iterable[Message[Any]], path: str | Path, file_format: FileFormat | None = None
) -> Exported:
    """Write messages to a file: a row, or a line, each, in the order in which they come.

    The file gets its name when all is written; one that had it before is replaced then. An
    export that is cut short, by whatever, leaves no file and the old one as it was. Memory stays
    bounded, however many there are.

    Args:
        messages: From a recording, a stream that was kept, or candles; read once.
        path: Where to.
        file_format: ``csv``, ``jsonl`` or ``parquet``; what the name ends in, if not given.

    Raises:
        ExportError: If there is no message, or one does not fit the format.
        ConfigError: If Parquet is asked for without the extra ``export``.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    file_format = file_format or format_of(path)
    if file_format == "parquet":
        check_parquet()
    _check_place(path)
    rows = 0
    with _replacing(path.resolve()) as unfinished:
        writer = _WRITERS[file_format](unfinished)
        with contextlib.closing(writer):
            rest = iter(messages)
            while batch := list(islice(rest, _BATCH_MESSAGES)):
                writer.write(batch)
                rows += len(batch)
            if not rows:
                raise ExportError(f"there is no message to write to {path}")
            writer.finish()
    return Exported(path, rows, path.stat().st_size)


def _check_place(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ExportError(f"{path} is a folder or a device: name a file")
    if not path.parent.is_dir():
        raise ExportError(f"there is no folder {path.parent}: make it first")


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a name beside a file's; what is there at the end gets the file's."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield unfinished
        # What has the name is whole, also after the power went.
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)

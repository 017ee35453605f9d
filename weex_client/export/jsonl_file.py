"""Messages as one JSON object a line, spelled as they spell themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from weex_client.models import Message

__all__ = ["JsonlFile"]


class JsonlFile:
    """Write ``message.model_dump_json()``, a line each."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("x", encoding="utf-8", newline="\n")

    def write(self, messages: Iterable[Message[Any]]) -> None:
        """Write messages."""
        self._file.writelines(f"{message.model_dump_json()}\n" for message in messages)

    def finish(self) -> None:
        """Close the file."""
        self._file.close()

    def close(self) -> None:
        """Close the file, finished or not."""
        self._file.close()

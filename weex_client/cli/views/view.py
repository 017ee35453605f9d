"""What every view of the terminal offers. The views themselves are its neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from rich.console import RenderableType

from weex_client.models import Message

__all__ = ["Frame", "View"]


class Frame(NamedTuple):
    """Say where and when a picture is drawn: columns, rows, and the time in Unix seconds."""

    width: int
    height: int
    now: float


class View(Protocol):
    """Remember what a table shows, and draw it when asked."""

    def take(self, message: Message[Any]) -> None:
        """Note a message."""

    def refuse(self, symbol: str, /) -> None:
        """Note that nothing more will come of a symbol."""

    def draw(self, frame: Frame) -> RenderableType:
        """Return the picture."""

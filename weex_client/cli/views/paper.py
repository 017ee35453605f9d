"""The paper account at a glance: its worth, positions, open orders, newest fills."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.text import Text

from weex_client.cli.views.account import FILLS, ORDERS, POSITIONS, StateView
from weex_client.cli.views.figures import QUIET, colour
from weex_client.cli.views.view import Frame
from weex_client.models import Message
from weex_client.paper import PaperTradingEngine
from weex_client.protocol import Channel

__all__ = ["PaperView"]

_CENTS: Final = Decimal("0.01")
# Three tables with their headings share what is left under the line of figures.
_ROWS_OF_FIGURES: Final = 2


class PaperView:
    """Draw an engine's account."""

    def __init__(self, engine: PaperTradingEngine) -> None:
        self._engine = engine
        self._views = {
            Channel.POSITIONS.value: StateView(POSITIONS),
            Channel.ORDERS.value: StateView(ORDERS),
            Channel.FILLS.value: StateView(FILLS),
        }

    def take(self, message: Message[Any]) -> None:
        """Note a message of one of the account's streams."""
        view = self._views.get(message.channel)
        if view is not None:
            view.take(message)

    def refuse(self, _symbol: str, /) -> None:
        """Show nothing: a refused symbol ends the run."""

    def draw(self, frame: Frame) -> RenderableType:
        """Return the figures and the tables, as many rows as fit."""
        height = (frame.height - _ROWS_OF_FIGURES) // len(self._views)
        part = Frame(frame.width, height, frame.now)
        tables = [view.draw(part) for view in self._views.values()]
        return Group(self._figures(), *tables)

    def _figures(self) -> Text:
        report = self._engine.report()
        result = report.equity - report.initial_balance
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        text.append(f"equity {report.equity.quantize(_CENTS):,f} {report.currency}", style="bold")
        text.append(f"  {result.quantize(_CENTS):+,f}", style=colour(result))
        quiet = (
            f"  available {self._engine.available.quantize(_CENTS):,f}"
            f"  fees {report.fees.quantize(_CENTS):,f}"
            f"  drawdown {report.max_drawdown:.2%}  fills {report.fill_count}"
        )
        text.append(quiet, style=QUIET)
        if self._engine.breaches:
            text.append(f"  {self._engine.breaches[-1].limit} broken", style="yellow")
        return text

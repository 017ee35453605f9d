"""A report as one page that needs no network: figures, equity, drawdown, fills on the price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from weex_client.errors import ConfigError
from weex_client.paper.series import Point

if TYPE_CHECKING:
    from weex_client.paper.report import PaperReport

__all__ = ["check_drawing", "page_of"]

_STYLE: Final = """
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
"""
_HEADINGS: Final = (
    *("Symbol", "Fills", "Volume", "Realized", "Unrealized", "Fees", "Win rate", "Open", "Entry"),
)


def page_of(report: PaperReport) -> str:
    """Return a report's page.

    Raises:
        ConfigError: If the extra ``paper`` is not installed.
    """
    figure = _figure(report)
    chart = figure.to_html(full_html=False, include_plotlyjs="inline")
    rows = "".join(_row(cells) for cells in _symbol_rows(report))
    headings = "".join(f"<th>{name}</th>" for name in _HEADINGS)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Paper trading report</title><style>{_STYLE}</style></head><body>"
        "<h1>Paper trading report</h1>"
        f"<table>{''.join(_row(cells) for cells in _figures(report))}</table>"
        f"{chart}<table><thead><tr>{headings}</tr></thead><tbody>{rows}</tbody></table>"
        "</body></html>\n"
    )


def check_drawing() -> None:
    """Make sure that pages can be drawn.

    Raises:
        ConfigError: If the extra ``paper`` is not installed.
    """
    if find_spec("plotly") is None:
        raise ConfigError(
            "a report's page needs the extra 'paper': run pip install 'weex-client[paper]'"
        )


def _figure(report: PaperReport) -> Any:
    check_drawing()
    from plotly.graph_objects import Figure, Scatter
    from plotly.subplots import make_subplots

    symbols = sorted(set(report.prices) | {fill.symbol for fill in report.fills})
    titles = [f"Equity, {report.currency}", "Drawdown, %", *symbols]
    figure: Figure = make_subplots(
        rows=len(titles), cols=1, shared_xaxes=True, vertical_spacing=0.05, subplot_titles=titles
    )
    times, values = _columns(report.equity_curve)
    figure.add_trace(Scatter(x=times, y=values, name="equity"), row=1, col=1)
    fallen = _drawdowns(values)
    figure.add_trace(Scatter(x=times, y=fallen, name="drawdown", fill="tozeroy"), row=2, col=1)
    for row, symbol in enumerate(symbols, 3):
        times, values = _columns(report.prices.get(symbol, ()))
        figure.add_trace(Scatter(x=times, y=values, name=symbol), row=row, col=1)
        for side, marker, colour in (
            ("buy", "triangle-up", "green"),
            ("sell", "triangle-down", "red"),
        ):
            fills = [each for each in report.fills if (each.symbol, each.side) == (symbol, side)]
            figure.add_trace(
                Scatter(
                    x=[_moment(int(fill.timestamp * 1e9)) for fill in fills],
                    y=[float(fill.price or 0) for fill in fills],
                    text=[f"{fill.side} {fill.size}" for fill in fills],
                    mode="markers",
                    marker={"symbol": marker, "color": colour, "size": 9},
                    name=f"{side} {symbol}",
                ),
                row=row,
                col=1,
            )
    # Prices in full: 79,802.5, not 79.8025k.
    figure.update_yaxes(exponentformat="none", separatethousands=True)
    figure.update_layout(height=280 * len(titles), showlegend=False, margin={"t": 40})
    return figure


def _columns(points: Sequence[Point]) -> tuple[list[datetime], list[float]]:
    return [_moment(time_ns) for time_ns, _ in points], [float(value) for _, value in points]


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)


def _drawdowns(values: Sequence[float]) -> list[float]:
    peak, fallen = 0.0, []
    for value in values:
        peak = max(peak, value)
        fallen.append(100 * (value - peak) / peak if peak > 0 else 0.0)
    return fallen


def _figures(report: PaperReport) -> list[tuple[str, ...]]:
    win_rate = "-" if report.win_rate is None else f"{report.win_rate:.1%}"
    return [
        ("Equity", f"{report.equity:,.2f} {report.currency}"),
        ("Result", f"{report.equity - report.initial_balance:+,.2f}"),
        ("Realized", f"{report.realized_pnl:+,.2f}"),
        ("Unrealized", f"{report.unrealized_pnl:+,.2f}"),
        ("Fees", f"{report.fees:,.2f}"),
        ("Greatest drawdown", f"{report.max_drawdown:.2%} ({report.max_drawdown_value:,.2f})"),
        ("Win rate", win_rate),
        ("Exposure now / at most", f"{report.exposure:,.2f} / {report.max_exposure:,.2f}"),
        ("Time in the market", f"{report.time_in_market:.1%}"),
        ("Fills", f"{report.fill_count:,}"),
    ]


def _symbol_rows(report: PaperReport) -> list[tuple[str, ...]]:
    return [
        (
            each.symbol,
            f"{each.fill_count:,}",
            f"{each.volume:,.2f}",
            f"{each.realized_pnl:+,.2f}",
            "-" if each.unrealized_pnl is None else f"{each.unrealized_pnl:+,.2f}",
            f"{each.fees:,.2f}",
            "-" if each.win_rate is None else f"{each.win_rate:.1%}",
            f"{each.size}",
            "-" if each.entry_price is None else f"{each.entry_price}",
        )
        for each in report.symbols.values()
    ]


def _row(cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"

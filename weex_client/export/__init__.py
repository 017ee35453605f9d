"""Messages as files for other programs, and candles of any interval. Tapes are read elsewhere."""

from weex_client.export.candles import BuiltCandle, CandleBuilder, Stretch, candles_of
from weex_client.export.known import known_trades
from weex_client.export.writing import Exported, FileFormat, export, format_of

__all__ = [
    "BuiltCandle",
    "CandleBuilder",
    "Exported",
    "FileFormat",
    "Stretch",
    "candles_of",
    "export",
    "format_of",
    "known_trades",
]

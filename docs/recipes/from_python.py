"""Export trades and candles of ninety seconds from tape.db."""

from weex_client.export import candles_of, export, known_trades
from weex_client.recording import Recording

with Recording("tape.db") as recording:
    export(recording.messages("trades", ["BTCUSDT"]), "trades.parquet")

    trades = recording.messages("trades", ["BTCUSDT"])
    export(candles_of(trades, "90s", known_trades(recording)), "candles.parquet")

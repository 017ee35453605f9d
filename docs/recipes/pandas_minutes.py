"""Candles of a minute from trades.parquet, with pandas; every figure is a decimal."""

import pandas as pd

# With Arrow's types, decimals are exact and fast: pandas' own would be objects.
trades = pd.read_parquet("trades.parquet", dtype_backend="pyarrow")
trades["time"] = pd.to_datetime(trades["exchange_time_ns"], unit="ns", utc=True)
trades["notional"] = trades["price"] * trades["size"]
minutes = (
    trades.sort_values("time", kind="stable")
    .groupby(["symbol", pd.Grouper(key="time", freq="1min")])
    .agg(
        open=("price", "first"),
        high=("price", "max"),
        low=("price", "min"),
        close=("price", "last"),
        volume=("size", "sum"),
        quote_volume=("notional", "sum"),
        trades=("price", "count"),
    )
    .query("trades > 0")
    .reset_index()
)
print(minutes)

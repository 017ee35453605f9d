"""Candles of a minute from trades.parquet, with polars; every figure is a decimal."""

import polars as pl

# A product has as many digits after the point as its factors, unless they have more to begin with.
exact = pl.Decimal(38, 16)
trades = pl.read_parquet("trades.parquet").with_columns(
    time=pl.from_epoch("exchange_time_ns", time_unit="ns"),
    notional=pl.col("price").cast(exact) * pl.col("size").cast(exact),
)
minutes = (
    trades.sort("time", maintain_order=True)
    .group_by_dynamic("time", every="1m", group_by="symbol")
    .agg(
        open=pl.col("price").first(),
        high=pl.col("price").max(),
        low=pl.col("price").min(),
        close=pl.col("price").last(),
        volume=pl.col("size").sum(),
        quote_volume=pl.col("notional").sum(),
        trades=pl.len(),
    )
    .sort("symbol", "time")
)
print(minutes)

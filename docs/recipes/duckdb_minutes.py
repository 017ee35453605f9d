"""Candles of a minute from trades.parquet, with DuckDB; every figure is a decimal."""

import duckdb

# Of trades at the same instant, the one that came first is the first.
minutes = duckdb.sql(
    """
    SELECT
        symbol,
        time_bucket(INTERVAL 1 MINUTE, make_timestamp_ns(exchange_time_ns)) AS time,
        arg_min(price, (exchange_time_ns, file_row_number)) AS open,
        max(price) AS high,
        min(price) AS low,
        arg_max(price, (exchange_time_ns, file_row_number)) AS close,
        sum(size) AS volume,
        sum(price * size) AS quote_volume,
        count(*) AS trades
    FROM read_parquet('trades.parquet', file_row_number = true)
    GROUP BY ALL
    ORDER BY symbol, time
    """
)
print(minutes)

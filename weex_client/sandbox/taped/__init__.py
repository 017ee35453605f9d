"""An exchange that plays a tape to whoever comes, instead of a market of its own."""

from weex_client.sandbox.taped.exchange import TapeExchange

__all__ = ["TapeExchange"]

"""Coinbase Exchange: the only package that knows how Coinbase spells things."""

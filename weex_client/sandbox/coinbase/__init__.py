"""The exchange as Coinbase Exchange: products in dollars, a book of orders, one socket for all."""

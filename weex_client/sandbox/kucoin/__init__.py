"""The exchange as KuCoin: tokens, sockets and reads, of the spot segment of the one market."""

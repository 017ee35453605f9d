"""The venues, one package each; none knows another. The list of them: ``websocket.VENUES``."""

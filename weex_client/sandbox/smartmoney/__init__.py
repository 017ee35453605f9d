"""The exchange as Smart Money: what its clients see. What moves is in ``simulation``."""

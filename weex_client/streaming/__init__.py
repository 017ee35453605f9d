"""From a socket to a reader's queue, for any venue. How a venue spells things is elsewhere."""

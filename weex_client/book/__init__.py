"""Order books: changes are checked as they come, and folded when somebody looks or a few at a time.

Folding each change before the queue costs more than all else that is done with it, and most
books are replaced before anybody looks.
"""

from weex_client.book.chapter import Chapter, Moment, Run
from weex_client.book.level3 import BookOrder, OrderBook3, OrderUpdate
from weex_client.book.levels import BookSide, BookState, SideMoment, Sides, pack, unpack
from weex_client.book.order_book import OrderBook

__all__ = [
    "BookOrder",
    "BookSide",
    "BookState",
    "Chapter",
    "Moment",
    "OrderBook",
    "OrderBook3",
    "OrderUpdate",
    "Run",
    "SideMoment",
    "Sides",
    "pack",
    "unpack",
]

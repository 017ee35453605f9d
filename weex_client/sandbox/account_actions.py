"""What a test does on behalf of accounts: open them, fill them, place and cancel orders."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from weex_client.models import Order, Side
from weex_client.sandbox.keys import SANDBOX_ACCOUNT, Credentials
from weex_client.sandbox.order_words import Number, exactly, order_of, request_of
from weex_client.sandbox.premises import Premises
from weex_client.simulation import Segment
from weex_client.simulation.orders import OrderType, TimeInForce

__all__ = ["AccountActions"]


class AccountActions:
    """Act for the accounts of an open exchange.

    What is done here reaches clients as it would had they done it: orders stand in the public
    book and are printed on the tape, and their owner hears of them in the private streams.
    """

    _premises: Premises

    def open_account(
        self,
        api_key: str,
        secret_key: str,
        passphrase: str,
        balances: Mapping[str, Decimal] | None = None,
    ) -> None:
        """Open one more account on both markets of an open exchange, for every venue.

        Args:
            api_key: Its key, which is its name here.
            secret_key: What its owner signs with.
            passphrase: What its owner shows.
            balances: What it begins with on each market, by currency; None for plenty.

        Raises:
            ValueError: If there is one of that key, or a part is empty.
            InvalidOrderError: If a balance is not positive.
        """
        self._premises.open_account(Credentials(api_key, secret_key, passphrase), balances)

    async def place_order(
        self,
        *,
        symbol: str,
        side: Side,
        size: Number | None = None,
        price: Number | None = None,
        type: OrderType | None = None,  # noqa: A002 - as the contract calls it
        quote_size: Number | None = None,
        trigger_price: Number | None = None,
        time_in_force: TimeInForce = "GTC",
        reduce_only: bool = False,
        client_order_id: str | None = None,
        market: Segment = "contract",
        account: str = SANDBOX_ACCOUNT.api_key,
    ) -> Order:
        """Place an order, which everybody sees in the book and its owner in the private streams.

        Args:
            symbol: What.
            side: ``buy`` or ``sell``.
            size: Base units.
            price: The limit, quote units.
            type: None for ``limit`` where there is a price, else for ``market``.
            quote_size: What a market buy on spot may spend, instead of a size.
            trigger_price: Of stop and take-profit types.
            time_in_force: ``GTC``, ``IOC``, ``FOK`` or ``POST_ONLY``.
            reduce_only: Never open a position (contract).
            client_order_id: The owner's own id, unique in the account.
            market: ``contract`` or ``spot``.
            account: Whose, by key.

        Returns:
            The order as it is after it was matched.

        Raises:
            OrderRejectedError: If it is refused; a subclass says why. Nothing has changed then.
            KeyError: If there is no such account.
        """
        request = request_of(
            symbol=symbol,
            side=side,
            type=type,
            size=size,
            price=price,
            quote_size=quote_size,
            trigger_price=trigger_price,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            client_order_id=client_order_id,
        )
        branch = self._premises.branches[market]
        branch.desk(account)
        return order_of(await branch.place(account, request))

    async def cancel_order(
        self,
        order_id: str,
        *,
        market: Segment = "contract",
        account: str = SANDBOX_ACCOUNT.api_key,
    ) -> Order:
        """Cancel an order by the exchange's id or by the client's; return it as it is then.

        Raises:
            UnknownOrderError: If the account has no such order.
            OrderClosedError: If it is over.
            KeyError: If there is no such account.
        """
        return order_of(await self._premises.branches[market].cancel(account, order_id))

    async def deposit(
        self,
        currency: str,
        amount: Number,
        *,
        market: Segment = "contract",
        account: str = SANDBOX_ACCOUNT.api_key,
    ) -> None:
        """Add money to an account, which its owner sees in the private streams.

        Raises:
            InvalidOrderError: If the amount is not positive.
            KeyError: If there is no such account.
        """
        await self._premises.branches[market].deposit(account, currency, exactly(amount, "amount"))

"""An account's money and positions, to the last digit. Which orders there are is not known here."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import ClassVar, NamedTuple

from weex_client.errors import InsufficientBalanceError, InvalidOrderError
from weex_client.models.payload import plain_text
from weex_client.simulation.position import Holding, Settlement
from weex_client.simulation.trading_rules import EXACT, TradingRules

__all__ = ["Balance", "ContractLedger", "Intent", "Ledger", "SpotLedger"]

ZERO = Decimal(0)


class Balance(NamedTuple):
    """What an account holds of a currency: all, what orders may use, what they hold back."""

    balance: Decimal
    available: Decimal
    frozen: Decimal


class Intent(NamedTuple):
    """What an order would do at once, and what of it would rest.

    Attributes:
        fills: ``(price, size)`` it would take.
        rest_price: The price at which the rest would stay, or None.
        rest_size: The rest.
        reduce_only: True if it can only close.
    """

    is_buy: bool
    fills: Sequence[tuple[Decimal, Decimal]]
    rest_price: Decimal | None = None
    rest_size: Decimal = ZERO
    reduce_only: bool = False

    @property
    def rest_value(self) -> Decimal:
        """Return what the rest is worth at its price."""
        return ZERO if self.rest_price is None else EXACT.multiply(self.rest_price, self.rest_size)


class Ledger(ABC):
    """Keep one account of one market; every method either does all of its work or none.

    Attributes:
        wallets: What is held of each currency.
        holdings: What is held of each symbol that was ever traded, and its totals.
    """

    has_positions: ClassVar[bool]

    def __init__(self) -> None:
        self.wallets: dict[str, Decimal] = {}
        self.holdings: dict[str, Holding] = {}

    def deposit(self, currency: str, amount: Decimal) -> None:
        """Add to a wallet.

        Raises:
            InvalidOrderError: If the amount is not positive.
        """
        if not amount.is_finite() or amount <= 0:
            raise InvalidOrderError(
                f"a deposit must be greater than 0, not {amount}", symbol=None, field="amount"
            )
        self._pay(currency, amount)

    def holding(self, rules: TradingRules) -> Holding:
        """Return what is held of a symbol, which may be nothing."""
        holding = self.holdings.get(rules.symbol)
        if holding is None:
            holding = self.holdings[rules.symbol] = self._new_holding(rules)
        return holding

    def mark(self, rules: TradingRules, price: Decimal) -> None:
        """Value a symbol at a price."""
        self.holding(rules).mark = price

    def unrealized_pnl(self, currency: str) -> Decimal:
        """Return profits and losses at the marks, of symbols quoted in a currency."""
        total = ZERO
        for holding in self._quoted_in(currency):
            total = EXACT.add(total, holding.unrealized_pnl or ZERO)
        return total

    @abstractmethod
    def equity(self, currency: str) -> Decimal:
        """Return what the account is worth in a quote currency, at the marks."""

    @abstractmethod
    def balance(self, currency: str) -> Balance:
        """Return what is held of a currency."""

    @abstractmethod
    def check(self, rules: TradingRules, intent: Intent) -> None:
        """Make sure that the account can pay for an order.

        Raises:
            InsufficientBalanceError: If it cannot.
        """

    @abstractmethod
    def settle(
        self, rules: TradingRules, price: Decimal, size: Decimal, rate: Decimal, *, is_buy: bool
    ) -> Settlement:
        """Book one fill.

        Args:
            rules: Of the symbol.
            price: In quote units.
            size: In base units, positive.
            rate: Share of the notional that is the fee; negative is a rebate.
            is_buy: True if base was bought.
        """

    @abstractmethod
    def hold(self, rules: TradingRules, price: Decimal, size: Decimal, *, is_buy: bool) -> None:
        """Hold back what a resting order needs; a negative size gives back."""

    def _new_holding(self, rules: TradingRules) -> Holding:
        return Holding(rules)

    def _quoted_in(self, currency: str) -> list[Holding]:
        return [each for each in self.holdings.values() if each.rules.quote == currency]

    def _pay(self, currency: str, amount: Decimal) -> None:
        self.wallets[currency] = EXACT.add(self.wallets.get(currency, ZERO), amount)


class ContractLedger(Ledger):
    """Keep an account of linear perpetuals: one net position a symbol, cross margin.

    * margin of a position = entry value / leverage;
    * frozen = (margin + taker's fee) of the value that resting orders can add at worst;
    * available = wallet + unrealized losses - margin - frozen: unrealized profits do not count;
    * equity = wallet + unrealized PnL; liquidation when equity <= sum of size x mark x rate.

    Funding is left out.

    Args:
        leverage: Of symbols that were not set otherwise.
    """

    has_positions = True

    def __init__(self, leverage: Decimal = Decimal(1)) -> None:
        super().__init__()
        self._leverage = leverage

    def set_leverage(self, rules: TradingRules, leverage: Decimal) -> None:
        """Change a symbol's leverage, also of what is open.

        Raises:
            InvalidOrderError: If it is below 1 or above the symbol's greatest.
            InsufficientBalanceError: If the account cannot hold the greater margin.
        """
        if not leverage.is_finite() or not 1 <= leverage <= rules.max_leverage:
            raise InvalidOrderError(
                f"leverage of {rules.symbol} is 1 to {rules.max_leverage}, not {leverage}",
                symbol=rules.symbol,
                field="leverage",
            )
        holding = self.holding(rules)
        trial = holding.copy()
        trial.leverage = leverage
        available = self._available(rules.quote)
        after = self._available(rules.quote, trial)
        if after < 0 and after < available:
            raise _insufficient(rules, EXACT.subtract(available, after), available)
        holding.leverage = leverage

    def equity(self, currency: str) -> Decimal:
        """Return wallet and unrealized PnL."""
        return EXACT.add(self.wallets.get(currency, ZERO), self.unrealized_pnl(currency))

    def balance(self, currency: str) -> Balance:
        """Return the wallet; what is not available and not frozen is the positions' margin."""
        available, frozen = self._balance(currency)
        return Balance(self.wallets.get(currency, ZERO), max(ZERO, available), frozen)

    def check(self, rules: TradingRules, intent: Intent) -> None:
        """Make sure that margin and fees are there; what only closes is always allowed."""
        if intent.reduce_only:
            return
        holding = self.holdings.get(rules.symbol) or self._new_holding(rules)
        trial = holding.copy()
        cost = ZERO
        for price, size in intent.fills:
            realized = trial.trade(size if intent.is_buy else size.copy_negate(), price)
            fee = EXACT.multiply(EXACT.multiply(price, size), rules.taker_fee_rate)
            cost = EXACT.add(cost, EXACT.subtract(fee, realized))
        if intent.rest_price is not None:
            trial.rest(intent.rest_price, intent.rest_size, is_buy=intent.is_buy)
        is_closing = trial.opening <= holding.opening and (
            not trial.size
            or (
                (trial.size > 0) == (holding.size > 0)
                and trial.size.copy_abs() <= holding.size.copy_abs()
            )
        )
        after = EXACT.subtract(self._available(rules.quote, trial), cost)
        if after < 0 and not is_closing:
            available = self._available(rules.quote)
            raise _insufficient(rules, EXACT.subtract(available, after), available)

    def settle(
        self, rules: TradingRules, price: Decimal, size: Decimal, rate: Decimal, *, is_buy: bool
    ) -> Settlement:
        """Book one fill: the fee and what it realized go through the wallet."""
        holding = self.holding(rules)
        notional = EXACT.multiply(price, size)
        fee = EXACT.multiply(notional, rate)
        is_closing = bool(holding.size) and (holding.size > 0) != is_buy
        realized = holding.trade(size if is_buy else size.copy_negate(), price)
        holding.count(notional, fee, realized, is_closing=is_closing)
        self._pay(rules.quote, EXACT.subtract(realized, fee))
        return Settlement(fee, rules.quote, realized)

    def hold(self, rules: TradingRules, price: Decimal, size: Decimal, *, is_buy: bool) -> None:
        """Count a resting order's value; what that freezes depends on the position."""
        self.holding(rules).rest(price, size, is_buy=is_buy)

    def maintenance(self, currency: str) -> Decimal:
        """Return what the equity must stay above: sum of size x mark x maintenance rate."""
        total = ZERO
        for each in self._quoted_in(currency):
            if each.size and each.mark is not None:
                worth = EXACT.multiply(each.size.copy_abs(), each.mark)
                total = EXACT.add(total, EXACT.multiply(worth, each.rules.maintenance_rate))
        return total

    def is_bankrupt(self, currency: str) -> bool:
        """Tell whether positions must be liquidated: equity is at or below maintenance."""
        if not any(each.size for each in self._quoted_in(currency)):
            return False
        return self.equity(currency) <= self.maintenance(currency)

    def liquidation_price(self, rules: TradingRules) -> Decimal | None:
        """Return the mark at which a position is liquidated while all others stand still.

        With ``rest`` = wallet + other positions' PnL - their maintenance, size ``q`` (positive),
        entry value ``v`` and maintenance rate ``m``:

        * long: ``rest + q P - v = q P m``, so ``P = (v - rest) / (q (1 - m))``;
        * short: ``rest + v - q P = q P m``, so ``P = (v + rest) / (q (1 + m))``.

        Returns:
            A price rounded to the tick towards the safe side (a long's up, a short's down), or
            None where nothing is open or no price above zero liquidates.
        """
        holding = self.holdings.get(rules.symbol)
        if holding is None or not holding.size:
            return None
        rest = self.wallets.get(rules.quote, ZERO)
        for each in self._quoted_in(rules.quote):
            if each is not holding and each.size and each.mark is not None:
                worth = EXACT.multiply(each.size.copy_abs(), each.mark)
                kept = EXACT.multiply(worth, each.rules.maintenance_rate)
                rest = EXACT.add(rest, EXACT.subtract(each.unrealized_pnl or ZERO, kept))
        size, rate = holding.size.copy_abs(), rules.maintenance_rate
        if holding.size > 0:
            cost, rounding = EXACT.subtract(holding.value, rest), ROUND_CEILING
            share = EXACT.subtract(Decimal(1), rate)
        else:
            cost, rounding = EXACT.add(holding.value, rest), ROUND_FLOOR
            share = EXACT.add(Decimal(1), rate)
        ticks = EXACT.divide(cost, EXACT.multiply(EXACT.multiply(size, share), rules.tick_size))
        if ticks <= 0:
            return None
        return rules.price(int(ticks.to_integral_value(rounding)))

    def write_off(self, currency: str) -> Decimal:
        """Set a wallet that a liquidation left below zero to zero; return what was lacking."""
        lacking = min(ZERO, self.wallets.get(currency, ZERO)).copy_abs()
        self._pay(currency, lacking)
        return lacking

    def _new_holding(self, rules: TradingRules) -> Holding:
        return Holding(rules, min(self._leverage, rules.max_leverage))

    def _available(self, currency: str, trial: Holding | None = None) -> Decimal:
        return self._balance(currency, trial)[0]

    def _balance(self, currency: str, trial: Holding | None = None) -> tuple[Decimal, Decimal]:
        """Return what is available, perhaps below zero, and what orders hold back.

        Args:
            currency: The wallet's.
            trial: What one symbol would be like.
        """
        frozen = unrealized = ZERO
        free = self.wallets.get(currency, ZERO)
        for each in self._quoted_in(currency):
            if trial is not None and trial.rules is each.rules:
                each = trial
                trial = None
            free, frozen, unrealized = _without(each, free, frozen, unrealized)
        if trial is not None:
            free, frozen, unrealized = _without(trial, free, frozen, unrealized)
        return EXACT.add(EXACT.subtract(free, frozen), min(ZERO, unrealized)), frozen


def _without(
    holding: Holding, free: Decimal, frozen: Decimal, unrealized: Decimal
) -> tuple[Decimal, Decimal, Decimal]:
    """Return the three sums with a holding's margin, orders and unrealized PnL in them."""
    if holding.size:
        free = EXACT.subtract(free, holding.margin)
        unrealized = EXACT.add(unrealized, holding.unrealized_pnl or ZERO)
    if holding.buying or holding.selling:
        frozen = EXACT.add(frozen, holding.frozen)
    return free, frozen, unrealized


class SpotLedger(Ledger):
    """Keep an account of spot: what is bought is held, fees are taken from what is received."""

    has_positions = False

    def __init__(self) -> None:
        super().__init__()
        self._frozen: dict[str, Decimal] = {}

    def equity(self, currency: str) -> Decimal:
        """Return the wallet and what was bought with it at the marks (at cost until marked)."""
        total = self.wallets.get(currency, ZERO)
        for each in self._quoted_in(currency):
            worth = each.value if each.mark is None else EXACT.multiply(each.size, each.mark)
            total = EXACT.add(total, worth)
        return total

    def balance(self, currency: str) -> Balance:
        """Return what is held of a currency: balance = available + frozen."""
        wallet, frozen = self.wallets.get(currency, ZERO), self._frozen.get(currency, ZERO)
        return Balance(wallet, EXACT.subtract(wallet, frozen), frozen)

    def check(self, rules: TradingRules, intent: Intent) -> None:
        """Make sure that the currency that is given is there."""
        currency = rules.quote if intent.is_buy else rules.base
        needed = intent.rest_value if intent.is_buy else intent.rest_size
        for price, size in intent.fills:
            needed = EXACT.add(needed, EXACT.multiply(price, size) if intent.is_buy else size)
        available = self.balance(currency).available
        if needed > available:
            raise _insufficient(rules, needed, available, currency)

    def settle(
        self, rules: TradingRules, price: Decimal, size: Decimal, rate: Decimal, *, is_buy: bool
    ) -> Settlement:
        """Book one fill; a buy's fee is taken in base, a sell's in quote."""
        holding = self.holding(rules)
        notional = EXACT.multiply(price, size)
        if is_buy:
            fee = EXACT.multiply(size, rate)
            received = EXACT.subtract(size, fee)
            self._pay(rules.quote, notional.copy_negate())
            self._pay(rules.base, received)
            holding.trade(received, price)
            holding.count(notional, EXACT.multiply(fee, price), ZERO, is_closing=False)
            return Settlement(fee, rules.base, ZERO)
        fee = EXACT.multiply(notional, rate)
        self._pay(rules.base, size.copy_negate())
        self._pay(rules.quote, EXACT.subtract(notional, fee))
        # What was deposited, not bought, has no cost to compare with.
        bought = min(size, holding.size)
        realized = holding.trade(bought.copy_negate(), price) if bought else ZERO
        holding.count(notional, fee, realized, is_closing=bool(bought))
        return Settlement(fee, rules.quote, realized)

    def hold(self, rules: TradingRules, price: Decimal, size: Decimal, *, is_buy: bool) -> None:
        """Freeze what a resting order gives: quote for a buy, base for a sell."""
        currency = rules.quote if is_buy else rules.base
        amount = EXACT.multiply(price, size) if is_buy else size
        self._frozen[currency] = EXACT.add(self._frozen.get(currency, ZERO), amount)


def _insufficient(
    rules: TradingRules, needed: Decimal, available: Decimal, currency: str | None = None
) -> InsufficientBalanceError:
    currency = currency or rules.quote
    return InsufficientBalanceError(
        f"the order takes {plain_text(needed)} {currency}, available are"
        f" {plain_text(max(ZERO, available))}",
        symbol=rules.symbol,
        currency=currency,
        needed=needed,
        available=available,
    )

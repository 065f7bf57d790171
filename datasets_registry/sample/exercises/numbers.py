"""The numbers of exercises: for every topic all the cards that give an exact, short answer.

A card fills the slots of a topic's wording: the numbers as they are printed, and `answer` with its unit.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

Card = dict[str, str]

_HUNDRED = Decimal(100)
_TOTALS = (20, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500)
_TENTHS = Decimal("0.1")


def decks() -> dict[str, list[Card]]:
    """All cards by topic; no two cards of a topic have the same numbers."""
    return {topic: list(cards()) for topic, cards in _TOPICS.items()}


def _card(answer: Decimal, unit: str, **numbers: Decimal) -> Card:
    return {name: plain(number) for name, number in numbers.items()} | {"answer": plain(answer) + unit}


def plain(number: Decimal) -> str:
    """A number without an exponent or idle zeros: `12.50` is `12.5`."""
    return f"{number.normalize():f}"


def _decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def _steps(first: int, last: int, step: int) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, range(first, last + 1, step)))


def _is_short(number: Decimal) -> bool:
    return number == number.quantize(_TENTHS)


def _changes() -> Iterator[Card]:
    for before in map(Decimal, _TOTALS):
        for rate in (*_steps(-50, -5, 5), *_steps(5, 60, 5)):
            move = before * rate / _HUNDRED
            if _is_short(move):
                yield _card(rate, "%", a=before, b=before + move, d=move)


def _simple_interest() -> Iterator[Card]:
    for principal in _steps(10000, 90000, 10000):
        for rate in _decimals("2", "2.5", "3", "4", "5", "6"):
            for years in _steps(2, 5, 1):
                interest = principal * rate / _HUNDRED * years
                yield _card(interest, "元", a=principal, r=rate, n=years)


def _compound_interest() -> Iterator[Card]:
    for principal in _steps(10000, 90000, 10000):
        for rate in _steps(2, 6, 1) + _decimals("10", "20"):
            factor = 1 + rate / _HUNDRED
            one, two = principal * factor, principal * factor * factor
            yield _card(two, "元", a=principal, r=rate, f=factor, b=one)


def _multiples(units: Iterable[Decimal], ratios: Iterable[Decimal], unit: str) -> Iterator[Card]:
    """Cards of a quotient: `a` divided by `b` is the answer."""
    ratios = tuple(ratios)
    for below in units:
        for ratio in ratios:
            yield _card(ratio, unit, a=below * ratio, b=below)


def _shares_of(percents: Iterable[Decimal]) -> Iterator[Card]:
    """Cards of a part `b` of a whole `a`; the answer is in percent."""
    percents = tuple(percents)
    for whole in map(Decimal, _TOTALS):
        for percent in percents:
            part = whole * percent / _HUNDRED
            if _is_short(part):
                yield _card(percent, "%", a=whole, b=part)


def _margins() -> Iterator[Card]:
    for sales in map(Decimal, _TOTALS):
        for percent in _steps(5, 80, 5):
            gross = sales * percent / _HUNDRED
            if _is_short(gross):
                yield _card(percent, "%", a=sales, b=sales - gross, d=gross)


def _products(ones: Iterable[Decimal], others: Iterable[Decimal], unit: str) -> Iterator[Card]:
    others = tuple(others)
    for one in ones:
        for other in others:
            yield _card(one * other, unit, a=one, b=other)


def _gains() -> Iterator[Card]:
    for bought in _steps(8, 20, 2):
        for move in (*_steps(-4, -1, 1), *_steps(1, 5, 1)):
            for count in _steps(100, 1000, 300):
                yield _card(move * count, "元", a=bought, b=bought + move, d=move, n=count)


def _totals() -> Iterator[Card]:
    for large in _decimals("1", "1.2", "1.5", "2", "2.4", "3", "3.6", "5", "8"):
        for small in _steps(1000, 9000, 1000):
            converted = small / 10000
            yield _card(large + converted, "亿元", a=large, b=small, c=converted)


def _cuts() -> Iterator[Card]:
    for rate in _decimals("2.5", "2.8", "3", "3.1", "3.2", "3.45", "3.6", "3.85", "4", "4.2", "4.5"):
        for points in _steps(5, 50, 5):
            converted = points / _HUNDRED
            yield _card(rate - converted, "%", a=rate, b=points, c=converted)


def _carbon() -> Iterator[Card]:
    for quota in _steps(20, 90, 10):
        for gap in _steps(1, 6, 1):
            for price in _steps(60, 100, 20):
                yield _card(gap * price, "万元", a=quota + gap, b=quota, d=gap, p=price)


_TOPICS: dict[str, Callable[[], Iterator[Card]]] = {
    "change": _changes,
    "simple": _simple_interest,
    "compound": _compound_interest,
    "pe": lambda: _multiples(_decimals("0.5", "0.8", "1", "1.2", "1.5", "2", "2.5"), _steps(8, 40, 4), "倍"),
    "pb": lambda: _multiples(
        _decimals("2", "3", "4", "5", "6", "8", "10"), _decimals("1.5", "2", "2.5", "3", "4", "5", "6"), "倍"
    ),
    "debt": lambda: _shares_of(_steps(25, 85, 5)),
    "margin": _margins,
    "roe": lambda: _shares_of(_steps(4, 24, 2)),
    "dividend": lambda: _shares_of(_steps(1, 8, 1)),
    "eps": lambda: _multiples(
        _steps(2, 10, 1), _decimals("0.2", "0.4", "0.5", "0.8", "1.2", "1.5", "2"), "元"
    ),
    "cap": lambda: _products(_steps(5, 30, 5), _steps(2, 20, 2), "亿元"),
    "current": lambda: _multiples(
        _steps(10, 80, 10), _decimals("0.5", "0.8", "1.2", "1.5", "2", "2.5"), "倍"
    ),
    "gain": _gains,
    "shares": lambda: _multiples(
        _decimals("0.8", "1.2", "1.25", "1.5", "2"), _steps(5000, 30000, 2500), "份"
    ),
    "total": _totals,
    "cut": _cuts,
    "exchange": lambda: _products(
        _steps(100, 900, 100), _decimals("6.8", "6.9", "7", "7.1", "7.2", "7.3"), "元"
    ),
    "carbon": _carbon,
}

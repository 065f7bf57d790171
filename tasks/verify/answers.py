"""Whether an answer is right: numbers with their units, choices and facts, compared by what they mean.

Only the standard library, and `tasks.text`, which needs no more: reward functions of the training tools import this.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from tasks.text.normalise import normalise_key
from tasks.text.numerals import CHINESE, chinese_number, scale_after

DIGITS = re.compile(
    r"(?<![0-9A-Za-z.])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,18})(?:\.[0-9]{1,12})?(?![0-9]|[eE][-+]?[0-9])"
)
MINUS = re.compile(r"(?:^|[^0-9A-Za-z-])[-−–] ?[¥￥$]?$|(?:负|下降|下跌|减少|降低|亏损)了?[^0-9，。；]{0,4}$")
"""What stands before a number that makes it negative."""

RATIOS = ("", "倍")
"""Units of numbers that are the quotient of two of the same unit."""
SIGNIFICANT = 3
"""A number that is written shorter than the other is still equal if it is the other rounded to so many digits."""

CHOICE = re.compile(
    r"^(?:最终|正确|答案|选项|应该|应|选择|选|为|是|[\W_])*([A-H](?:[A-H]|[、,和及\s]+(?=[A-H]))*)(?![A-Za-z0-9股])"
)
LETTERS = re.compile(r"[A-H]")
DATE = re.compile(r"([0-9]{4})[年\-/.]([0-9]{1,2})(?:月|[\-/.])([0-9]{1,2})日?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: its digits, the power of ten that its unit stands for, and the unit's one name.

    `around` is the rest of the text, in the form in which facts are compared.
    """

    digits: Decimal
    power: int
    unit: str
    around: str

    @property
    def value(self) -> Decimal:
        """The number in its unit; the exponent keeps how exactly it was written."""
        return self.digits.scaleb(self.power)


def is_right(given: str, expected: str, kind: str) -> bool | None:
    """Whether `given` is the answer `expected`; None where `expected` is no answer of that kind, so none can be judged.

    Args:
        given: what the reasoner put in the box.
        expected: the right answer.
        kind: `number`, `choice` or `fact`.

    Raises:
        ValueError: no such kind.
    """
    if kind == "number":
        wanted = quantity(expected)
        return None if wanted is None else _is_same_number(quantity(given), wanted)
    if kind == "choice":
        letters = choice(expected)
        return None if letters is None else choice(given) == letters
    if kind == "fact":
        return _is_same_fact(given, expected) if normalise_key(expected) else None
    raise ValueError(f"an answer is of kind number, choice or fact, found {kind!r}; correct the exercise")


def quantity(text: str) -> Quantity | None:
    """The one number of a text with its unit; None where it holds none, or several.

    A minus sign makes it negative, and so does a word such as 下降 before it.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = [_in_digits(plain, match) for match in DIGITS.finditer(plain)] or [
        quantity for match in CHINESE.finditer(plain) if (quantity := _in_numerals(plain, match))
    ]
    return found[0] if len(found) == 1 else None


def choice(text: str) -> frozenset[str] | None:
    """The letters that a text chooses, `B`, `选B`, `B. 市盈率`, `A、C`; None where it chooses none."""
    match = CHOICE.match(unicodedata.normalize("NFKC", text).strip())
    if match is None and len(text.strip()) == 1:
        match = CHOICE.match(text.strip().upper())
    return frozenset(LETTERS.findall(match[1])) if match else None


def _is_same_number(given: Quantity | None, wanted: Quantity) -> bool:
    if given is None:
        return False
    if given.unit == wanted.unit or {given.unit, wanted.unit} <= set(RATIOS):
        same = _is_equal(given.value, wanted.value)
        # 3 for 3亿元 where the question has said the unit.
        return same or (not given.unit and not given.power and _is_equal(given.digits, wanted.digits))
    if given.unit:
        return False
    as_written = not given.power and _is_equal(given.digits, wanted.digits)
    as_ratio = wanted.unit == "%" and _is_equal(given.value.scaleb(2), wanted.value)
    return as_written or as_ratio or _is_equal(given.value, wanted.value)


def _is_equal(one: Decimal, other: Decimal) -> bool:
    """Whether two numbers are equal, or the one that is written less exactly is the other, rounded."""
    if one == other:
        return True
    coarse = max(one, other, key=_exponent)
    if len(coarse.as_tuple().digits) < SIGNIFICANT:
        return False
    return 2 * abs(one - other) <= Decimal(1).scaleb(_exponent(coarse))


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int), "numbers are made from digits, so none is infinite"
    return exponent


def _is_same_fact(given: str, expected: str) -> bool:
    """Whether the texts are equal but for spaces, punctuation, and how they write dates and one number."""
    if _fact_key(given) == _fact_key(expected):
        return True
    one, other = quantity(given), quantity(expected)
    if one is None or other is None or (one.unit, one.around) != (other.unit, other.around):
        return False
    return _is_equal(one.value, other.value)


def _fact_key(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return normalise_key(DATE.sub(lambda found: "{}-{:0>2}-{:0>2}".format(*found.groups()), plain))


def _in_digits(text: str, match: re.Match[str]) -> Quantity:
    scale = scale_after(text, match.end())
    power, unit = (scale.multiplier + scale.power, scale.unit) if scale else (0, "")
    around = text[: match.start()] + text[scale.end if scale else match.end() :]
    digits = Decimal(match.group().replace(",", ""))
    return Quantity(_signed(digits, text[: match.start()]), power, unit, _fact_key(around))


def _in_numerals(text: str, match: re.Match[str]) -> Quantity | None:
    value = chinese_number(match["percent"] or match["count"])
    scale = scale_after(f"0{match['unit'] or '%'}", 1)
    if value is None or scale is None:
        return None
    around = text[: match.start()] + text[match.end() :]
    return Quantity(
        _signed(Decimal(value), text[: match.start()]), scale.power, scale.unit, _fact_key(around)
    )


def _signed(number: Decimal, before: str) -> Decimal:
    return -number if MINUS.search(before) else number

"""Numbers with their units, in digits or in Chinese numerals, and the one spelling of each.

Units that differ by a power of ten become one: 万元 and 亿元 are 元, 基点 are hundredths of a 百分点, 兆瓦 are 瓦.
"""

import re
from typing import NamedTuple

POWERS = {"十": 1, "百": 2, "千": 3, "万": 4, "亿": 8}
MULTIPLIER = r"(?:[十百千]?万亿|[十百千]?[万亿])"


class Unit(NamedTuple):
    """What a spelling means: the canonical unit, the power of ten to it, and what may not follow it (元 in 元旦)."""

    name: str
    power: int = 0
    not_before: str = ""


UNITS: dict[str, Unit] = {
    "%": Unit("%"),
    "‰": Unit("%", -1),
    "百分点": Unit("百分点"),
    "基点": Unit("百分点", -2),
    "bp": Unit("百分点", -2),
    "bps": Unit("百分点", -2),
    "元": Unit("元", 0, "旦素件老宵首朝年月"),
    "人民币": Unit("元"),
    "美元": Unit("美元"),
    "港元": Unit("港元"),
    "港币": Unit("港元"),
    "欧元": Unit("欧元"),
    "英镑": Unit("英镑"),
    "日元": Unit("日元"),
    "韩元": Unit("韩元"),
    "卢布": Unit("卢布"),
    "倍": Unit("倍"),
    "股": Unit("股", 0, "东权市票指价民灾"),
    "手": Unit("手", 0, "机续段册术工"),
    "份": Unit("份", 0, "额子"),
    "吨": Unit("吨"),
    "tco2": Unit("吨"),
    "tco2e": Unit("吨"),
    "千克": Unit("克", 3),
    "公斤": Unit("克", 3),
    "kg": Unit("克", 3),
    "克": Unit("克", 0, "里服拉强罗"),
    "盎司": Unit("盎司"),
    "桶": Unit("桶"),
    "千瓦时": Unit("瓦时", 3),
    "kwh": Unit("瓦时", 3),
    "兆瓦时": Unit("瓦时", 6),
    "mwh": Unit("瓦时", 6),
    "吉瓦时": Unit("瓦时", 9),
    "gwh": Unit("瓦时", 9),
    "千瓦": Unit("瓦", 3),
    "kw": Unit("瓦", 3),
    "兆瓦": Unit("瓦", 6),
    "mw": Unit("瓦", 6),
    "吉瓦": Unit("瓦", 9),
    "gw": Unit("瓦", 9),
    "平方公里": Unit("平方米", 6),
    "平方米": Unit("平方米"),
    "立方米": Unit("立方米"),
    "公里": Unit("米", 3),
    "千米": Unit("米", 3),
    "公顷": Unit("公顷"),
    "亩": Unit("亩"),
    "人次": Unit("人次"),
    "人": Unit("人", 0, "民均工才物类士生"),
    "个月": Unit("个月"),
    "交易日": Unit("交易日"),
    "工作日": Unit("工作日"),
    "小时": Unit("小时"),
    "分钟": Unit("分钟"),
    "年": Unit("年", 0, "级代度末底初报前后"),
    "天": Unit("天"),
    "日": Unit("日", 0, "本报"),
    "岁": Unit("岁"),
    "点": Unit("点", 0, "半钟"),
    "家": Unit("家", 0, "庭居电具长人"),
    "户": Unit("户", 0, "口籍外"),
    "名": Unit("名", 0, "义称字单"),
    "个": Unit("个"),
    "笔": Unit("笔", 0, "者记"),
    "只": Unit("只", 0, "有是要能会不需见好得"),
    "台": Unit("台", 0, "湾风阶"),
    "辆": Unit("辆"),
    "架": Unit("架", 0, "构"),
    "艘": Unit("艘"),
    "套": Unit("套", 0, "利路餐现"),
    "项": Unit("项"),
    "次": Unit("次", 0, "级贷新"),
}
"""Units by their spellings in lower case."""


def _spelled(spelling: str, unit: Unit) -> str:
    after = "A-Za-z0-9" if spelling.isascii() and spelling != "%" else unit.not_before
    return f"{spelling}(?![{after}])" if after else spelling


UNIT = "|".join(_spelled(spelling, UNITS[spelling]) for spelling in sorted(UNITS, key=lambda s: (-len(s), s)))
AFTER = re.compile(
    rf" ?[余多]?(?:(?P<scaled>{MULTIPLIER}|[百千])?[余多]?个?多? ?(?P<unit>{UNIT})|(?P<multiplier>{MULTIPLIER}))",
    re.IGNORECASE,
)
LEVEL_DIGITS = 3
"""A whole number of `点` with fewer digits is the hour, not the level of an index."""

NUMERAL = "零〇一二两三四五六七八九十百千万亿"
CHINESE = re.compile(
    rf"百分之(?P<percent>[零〇一二两三四五六七八九十百]{{1,9}}(?:点[零〇一二三四五六七八九]{{1,9}})?)"
    rf"|(?<![第{NUMERAL}点])(?P<count>[一二两三四五六七八九十百][{NUMERAL}]{{0,19}})"
    r"(?P<unit>元(?![旦素件老宵首])|吨|倍|个百分点|个月|年(?![级代度]))"
)
VALUES = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


class Scale(NamedTuple):
    """What stands after a number: the multiplier's power of ten, the unit, the unit's power, and where it ends."""

    multiplier: int
    unit: str
    power: int
    end: int


def scale_after(text: str, position: int) -> Scale | None:
    """The multiplier and unit at a position, or None where there is neither."""
    match = AFTER.match(text, position)
    if match is None:
        return None
    spelling = match["unit"]
    unit = UNITS[spelling.lower()] if spelling else Unit("")
    return Scale(_power(match["scaled"] or match["multiplier"] or ""), unit.name, unit.power, match.end())


def borrow(first: Scale | None, second: Scale | None) -> Scale | None:
    """The scale of a number before another: what it lacks, it has from the second, as in 3-4亿元 or 3亿至4亿元.

    A scale that is borrowed whole ends nowhere in the text: its `end` is 0.
    """
    if second is None or first is None:
        return second._replace(end=0) if second else first
    return first if first.unit else first._replace(unit=second.unit, power=second.power)


def spell(digits: str, scale: Scale | None) -> str | None:
    """A number's canonical spelling, as `150000000 元`; None for what is no quantity.

    Such are an integer without a unit, an hour (9点), and a year of two digits (09年).
    """
    integer = "." not in digits and "," not in digits
    if scale is None:
        return None if integer else shift(digits, 0)
    hour = scale.unit == "点" and integer and len(digits) < LEVEL_DIGITS
    if hour or (scale.unit == "年" and digits.startswith("0")):
        return None
    return f"{shift(digits, scale.multiplier + scale.power)} {scale.unit}".rstrip()


def shift(digits: str, power: int) -> str:
    """Move the decimal point `power` places to the right, exactly: `1.50` by 2 is `150`, `25` by -2 is `0.25`."""
    whole, _, fraction = digits.replace(",", "").partition(".")
    point = len(whole) + power
    every = (whole + fraction).rjust(len(whole) + len(fraction) + max(0, -point), "0")
    point = max(0, point)
    every = every.ljust(point, "0")
    head, tail = every[:point].lstrip("0") or "0", every[point:].rstrip("0")
    return f"{head}.{tail}" if tail else head


def chinese_number(numeral: str) -> str | None:
    """`五十万` to `500000`, `一点五` to `1.5`; None where the characters are no well-formed number."""
    whole, _, fraction = numeral.partition("点")
    total = section = digit = 0
    last = 9
    for character in whole:
        if character in VALUES:
            if digit:
                return None
            digit = VALUES[character]
        elif character in "万亿":
            section, digit = section + digit, 0
            total = (
                (total + section) * 10 ** POWERS[character] if character == "亿" else total + section * 10**4
            )
            section, last = 0, 9
        else:
            if POWERS[character] >= last:
                return None
            last = POWERS[character]
            section, digit = section + (digit or 1) * 10**last, 0
    decimals = "".join(str(VALUES[character]) for character in fraction)
    return f"{total + section + digit}.{decimals}" if decimals else str(total + section + digit)


def _power(multiplier: str) -> int:
    return sum(POWERS[character] for character in multiplier)

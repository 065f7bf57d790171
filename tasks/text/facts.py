"""The typed facts of a text: security codes, numbers with their units, dates and parties.

They are found once and used by the identity guard, the verifier and the citations, so that all of them mean the
same by "the same number".
"""

import re
from collections.abc import Iterator

from datasets_registry.records import Fact
from tasks.text.numerals import CHINESE, Scale, borrow, chinese_number, scale_after, spell
from tasks.text.parties import find_parties

YEAR = r"(?:19|20|21)[0-9]{2}"
MONTH = r"1[0-2]|0?[1-9]"
DAY = r"3[01]|[12][0-9]|0?[1-9]"
NO_UNIT = r"(?![0-9A-Za-z.,%万亿千百元美港吨股个户人家份手点倍年月日号期只名])"
MARKED = rf"(?:(?<=[（(])|(?<=代码)|(?<=代码[：: 为是]))[0-9]{{6}}{NO_UNIT}"
STOCK = rf"(?<![-/:=_\#@])(?:60[0135]|68[89]|00[0-3]|30[01])[0-9]{{3}}{NO_UNIT}"
"""Six digits that stocks have, without a unit after them."""

DIGITS = re.compile(
    rf"""(?<![A-Za-z_.第])(?:
      (?P<year>{YEAR})\ ?年 (?:\ ?(?P<month>{MONTH})\ ?月 (?:\ ?(?P<day>{DAY})\ ?[日号])?)?
    | (?P<iso_year>{YEAR})(?P<mark>[-/.])(?P<iso_month>{MONTH})(?P=mark)(?P<iso_day>{DAY})(?![0-9])
    | (?P<only_month>{MONTH})\ ?月\ ?(?P<only_day>{DAY})\ ?[日号]
    | (?P<code>[0-9]{{6}})\.(?P<market>SH|SZ|BJ|SS|OF|XSHG|XSHE)(?![0-9A-Za-z])
    | (?P<hong_kong>[0-9]{{4,5}})\.HK(?![0-9A-Za-z])
    | (?P<bare>{MARKED}|{STOCK})
    | (?P<number>[0-9]{{1,3}}(?:,[0-9]{{3}})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
DIGIT_RUN = re.compile(r"[0-9]+")
LETTERED = re.compile(
    r"(?<![A-Za-z])(?:(?P<market>SH|SZ|BJ|sh|sz|bj)(?P<code>[0-9]{6})(?![0-9])|[A-Z]{1,5}\.US(?![A-Za-z]))"
)
MARKETS = {"SS": "SH", "XSHG": "SH", "XSHE": "SZ"}

WIDE = re.compile("[０-９％．－−]")
NARROW = str.maketrans("０１２３４５６７８９％．－−", "0123456789%.--")

MINUS = re.compile(r"(?<![0-9A-Za-z-])-")
RANGE = re.compile(r" ?(?:[-~～–—]{1,2}|至|到) ?")
LIST = re.compile(r" ?(?:[-~～–—]{1,2}|[至到、和及]) ?")


def find_facts(text: str) -> list[Fact]:
    """The facts of a text in order of their place; they do not overlap.

    A month and day without a year is the date `03-05`. An integer without a unit is no fact, nor is an ordinal.
    """
    view = text.translate(NARROW) if WIDE.search(text) else text
    facts = [*_in_digits(view), *_lettered_codes(view), *_in_chinese_numerals(view)]
    facts += [Fact("party", text[start:end], start, end) for start, end in find_parties(text)]
    facts.sort(key=lambda fact: (fact.start, -fact.end))
    apart: list[Fact] = []
    for fact in facts:
        if not apart or fact.start >= apart[-1].end:
            apart.append(fact)
    return apart


def _in_digits(text: str) -> Iterator[Fact]:
    """Dates, codes and quantities."""
    matches = list(_digit_led(text))
    before = -1
    for match, scale in zip(matches, _scales(text, matches), strict=True):
        end = max(match.end(), scale.end if scale else 0)
        if match.lastgroup != "number":
            yield _date_or_code(match)
        elif value := spell(match.group(), scale):
            start = match.start()
            # A dash right after a number is no minus.
            negative = start - 1 > before and MINUS.match(text, start - 1) is not None
            yield Fact("number", f"-{value}" if negative else value, start - negative, end)
        before = end


def _scales(text: str, matches: list[re.Match[str]]) -> list[Scale | None]:
    """The scale of each match that is a number; the numbers of a range or a list have the unit of the last."""
    scales: list[Scale | None] = []
    later: re.Match[str] | None = None
    for match in reversed(matches):
        scale = scale_after(text, match.end()) if match.lastgroup == "number" else None
        if later and scales and (scale is None or not scale.unit):
            end = scale.end if scale else match.end()
            if (RANGE if scale is None else LIST).fullmatch(text, end, later.start()):
                scale = borrow(scale, scales[-1])
        scales.append(scale)
        later = match
    return scales[::-1]


def _digit_led(text: str) -> Iterator[re.Match[str]]:
    """Matches of `DIGITS`, tried only where digits begin, which is much faster than a search for it."""
    end = 0
    for run in DIGIT_RUN.finditer(text):
        if run.start() >= end and (match := DIGITS.match(text, run.start())):
            end = match.end()
            yield match


def _date_or_code(match: re.Match[str]) -> Fact:
    part = match.groupdict()
    start, end = match.span()
    if part["code"]:
        market = part["market"].upper()
        return Fact("code", f"{part['code']}.{MARKETS.get(market, market)}", start, end)
    if part["hong_kong"]:
        return Fact("code", f"{part['hong_kong']:0>5}.HK", start, end)
    if part["bare"]:
        return Fact("code", part["bare"], start, end)
    year = part["year"] or part["iso_year"]
    month = part["month"] or part["iso_month"] or part["only_month"]
    day = part["day"] or part["iso_day"] or part["only_day"]
    return Fact(
        "date",
        "-".join([*([year] if year else []), *(f"{int(n):02d}" for n in (month, day) if n)]),
        start,
        end,
    )


def _lettered_codes(text: str) -> Iterator[Fact]:
    for match in LETTERED.finditer(text):
        code, market = match["code"], match["market"]
        yield Fact("code", f"{code}.{market.upper()}" if code else match.group(), *match.span())


def _in_chinese_numerals(text: str) -> Iterator[Fact]:
    for match in CHINESE.finditer(text):
        value = chinese_number(match["percent"] or match["count"])
        scale = scale_after(f"0{match['unit'] or '%'}", 1)
        if value is not None and (spelled := spell(value, scale)):
            yield Fact("number", spelled, *match.span())

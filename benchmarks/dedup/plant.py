"""A corpus as crawls bring it: texts, the copies that are to be found among them, and look-alikes that are to stay.

The shares are those that the joins were designed with: 13 % of the texts are copies of eleven kinds, 3 % announcements
from six templates with other facts each, and 0.3 % begin alike and go on unlike.
"""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from datasets_registry.records import JsonObject

COPIES, TEMPLATED, SAME_HEAD = 0.13, 0.03, 0.003
HEAD = 520
"""Characters that texts of one head share: more than the hash layer looks at."""
BEFORE = "【免责提示】本文转自合作媒体，内容仅供参考，不构成投资建议。责任编辑整理如下："
AFTER = "声明：本网转载上述内容是出于传递更多信息之目的，不代表赞同其观点，据此入市风险自担。更多资讯请关注本网客户端。"
TEMPLATES = [
    line.replace(r"\n", "\n")
    for line in Path(__file__).with_name("templates.txt").read_text("utf-8").splitlines()
]
"""One announcement a line, with the names of its facts in braces."""
FIRST, SECOND = "华中东南北金银瑞泰恒信安盛德丰天海新", "鑫源达科能创通联光电云图智维康宁晟宇"
BANKS = (
    "中国工商银行",
    "招商银行",
    "兴业银行",
    "中信证券",
    "国泰海通证券",
    "中国建设银行",
    "平安银行",
    "浦发银行",
)

Copy = Callable[[str, Sequence[str], random.Random], str]


def plant(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """A corpus of `count` texts in random order, a different one for every seed.

    Raises:
        ValueError: too few texts are given; `wanted_texts(count)` are enough.
    """
    rng = random.Random(seed)
    if len(texts) < wanted_texts(count):
        raise ValueError(f"found {len(texts)} texts for {count} rows, wanted {wanted_texts(count)}")
    originals = texts[: wanted_texts(count)]
    copies, templated, heads = _planted(count)
    kinds = [KINDS[number % len(KINDS)] for number in range(copies)]
    rows = [*originals, *(copy(rng.choice(originals), originals, rng) for copy in kinds)]
    rows += [rng.choice(originals)[:HEAD] + rng.choice(originals)[::-1] for _ in range(heads)]
    rows += [announcement(rng) for _ in range(templated)]
    rng.shuffle(rows)
    return rows


def wanted_texts(count: int) -> int:
    """How many texts a corpus of so many rows is made of."""
    return count - sum(_planted(count))


def _planted(count: int) -> tuple[int, int, int]:
    return round(count * COPIES), round(count * TEMPLATED), round(count * SAME_HEAD)


def announcement(rng: random.Random) -> str:
    """One of six templates with facts of its own."""
    short = rng.choice(FIRST) + rng.choice(FIRST) + rng.choice(SECOND) + rng.choice(SECOND)
    year = rng.randrange(2015, 2026)
    return rng.choice(TEMPLATES).format(
        code=rng.choice(("600", "601", "000", "002", "300")) + f"{rng.randrange(1000):03d}",
        short=short,
        name=f"{short}股份有限公司",
        bank=rng.choice(BANKS),
        year=year,
        day=f"{year}年{rng.randrange(1, 13)}月{rng.randrange(1, 29)}日",
        shares=f"{rng.uniform(50, 9000):.2f}",
        more=f"{rng.uniform(50, 9000):.2f}",
        share=f"{rng.uniform(0.2, 60):.2f}",
        other=f"{rng.uniform(1, 99):.2f}",
        rate=f"{rng.uniform(0.1, 9):.2f}",
        price=f"{rng.uniform(0.8, 90):.3f}",
        amount=f"{rng.uniform(0.1, 80):.2f}",
        n=rng.randrange(2, 400),
        few=rng.randrange(1, 9),
    )


def record(rng: random.Random) -> JsonObject:
    """A row of quotes as crawls have them by the hundred thousand; it passes untouched."""
    price = rng.uniform(2, 300)
    return {
        "股票代码": f"{rng.randrange(600000, 605000)}",
        "交易日期": f"{rng.randrange(2015, 2026)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "开盘价": round(price, 2),
        "收盘价": round(price * rng.uniform(0.9, 1.1), 2),
        "最高": round(price * 1.1, 2),
        "最低": round(price * 0.9, 2),
        "成交量": rng.randrange(10**5, 10**8),
        "成交额": round(price * rng.randrange(10**5, 10**8), 2),
    }


def _exact(text: str, others: Sequence[str], rng: random.Random) -> str:
    return text


def _retyped(text: str, others: Sequence[str], rng: random.Random) -> str:
    """Other widths, spaces and marks."""
    return re.sub(
        "[，；：]", lambda mark: rng.choice((mark[0], " ", {"，": ",", "；": ";", "：": ":"}[mark[0]])), text
    )


def _edited(rate: float) -> Copy:
    def edit(text: str, others: Sequence[str], rng: random.Random) -> str:
        letters = list(text)
        for place in rng.sample(range(len(text)), round(rate * len(text))):
            letters[place] = rng.choice(("", rng.choice(text), rng.choice(text) + letters[place]))
        return "".join(letters)

    return edit


def _cut(share: float) -> Copy:
    return lambda text, others, rng: text[: max(1, round(share * len(text)))]


def _wrapped(text: str, others: Sequence[str], rng: random.Random) -> str:
    return f"{BEFORE}\n{text}\n{AFTER}"


def _embedded(text: str, others: Sequence[str], rng: random.Random) -> str:
    return f"{rng.choice(others)}\n{text}\n{rng.choice(others)}"


KINDS: tuple[Copy, ...] = (
    _exact,
    _retyped,
    *(_edited(rate) for rate in (0.01, 0.02, 0.05, 0.1)),
    *(_cut(share) for share in (0.9, 0.7, 0.5)),
    _wrapped,
    _embedded,
)

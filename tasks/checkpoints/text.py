"""What the tiny base model reads before it is taught anything: invented documents and short conversations about them.

The documents come from the sample's generator with a seed of their own, so no fact of the shipped sample is among them.
The conversations teach the chat markup and to copy what stands in the prompt; none of them is an exercise.
"""

import gzip
import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from datasets_registry.records import JsonObject
from datasets_registry.sample.generate import generate

OWN_TEXT = frozenset({"original", "update", "template_family", "amount_twin", "same_head"})
"""The kinds of sample documents that are nobody's copy and no noise."""
SHORTEST, LONGEST = 12, 60
"""Characters of a sentence that a conversation is about."""
SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:%|个百分点|亿元|万元|元|亿|万|倍|片|人|家|天|个月|年)?")
ITEMS = (
    *(
        "营业收入",
        "净利润",
        "总资产",
        "负债",
        "现金流",
        "毛利率",
        "每股收益",
        "单位净值",
        "股价",
        "市值",
        "利率",
    ),
    *("成交量", "成交额", "库存", "产能", "员工", "分红", "贷款", "存款", "配额", "均价", "研发费用"),
)
UNITS = ("亿元", "万元", "元", "%", "倍", "亿", "万吨", "万股", "人")
TAGS = ("answer", "quote", "number", "item", "title")
SYSTEMS = ("", "你是金融助手。", "你是金融助手，回答要简短。", "请按用户的要求回答。")


def reading(seed: int, documents: int, conversations: int) -> Iterator[JsonObject]:
    """The rows to learn from, in a fixed mixed order: `{"text"}` or `{"messages": [{"role", "content"}]}`.

    Args:
        seed: must not be that of the shipped sample.
        documents: how many the generator is asked for; copies and noise among them are left out.
        conversations: how many are added.
    """
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), seed, documents)
        texts = list(_texts(Path(folder)))
    sentences = [sentence for text in texts for sentence in _sentences(text)]
    rows: list[JsonObject] = [{"text": text} for text in texts]
    rows += [_conversation(rng, sentences) for _ in range(conversations)]
    rng.shuffle(rows)
    yield from rows


def _texts(folder: Path) -> Iterator[str]:
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text("utf-8").splitlines()]
    own = {row["id"] for row in truth if row["kind"] in OWN_TEXT}
    for line in gzip.decompress((folder / "documents.jsonl.gz").read_bytes()).decode().splitlines():
        row = json.loads(line)
        if row["id"] in own:
            contents = row.get("contents")
            yield contents.partition(" text: ")[2] if contents else f"{row['title']}\n{row['text']}"


def _sentences(text: str) -> Iterator[str]:
    for sentence in SENTENCE.findall(text):
        if SHORTEST <= len(sentence.strip()) <= LONGEST and NUMBER.search(sentence):
            yield sentence.strip()


def _conversation(rng: random.Random, sentences: list[str]) -> JsonObject:
    """One question about a few sentences, answered after a thought or at once."""
    chosen = rng.sample(sentences, rng.choice((1, 1, 2, 3)))
    question, thought, answer = rng.choice(KINDS)(rng, chosen)
    reply = f"<think>{thought}</think>{answer}" if rng.random() < 0.5 else answer
    system = rng.choice(SYSTEMS)
    turns = (("system", system), ("user", question), ("assistant", reply))
    return {"messages": [{"role": role, "content": content} for role, content in turns if content]}


Turn = tuple[str, str, str]
"""A question, a thought and an answer."""


def _repeat(rng: random.Random, sentences: list[str]) -> Turn:
    text = "".join(sentences) if rng.random() < 0.3 else "，".join(_values(rng, rng.randint(3, 8)).values())
    return f"请原样复述：{text}", "照原文写。", text


def _numbers(rng: random.Random, sentences: list[str]) -> Turn:
    found = NUMBER.findall("".join(sentences))
    return f"下面这段话里有哪些数字？{''.join(sentences)}", f"共有{len(found)}处。", "、".join(found)


def _mark(rng: random.Random, sentences: list[str]) -> Turn:
    marked = NUMBER.sub(lambda match: f"<|box_start|>{match[0]}<|box_end|>", "".join(sentences))
    return f"请框出下面的数字：{''.join(sentences)}", "把数字逐个框出。", marked


def _look_up(rng: random.Random, sentences: list[str]) -> Turn:
    values = _values(rng, rng.randint(2, 5))
    item = rng.choice(list(values))
    table = "，".join(f"{name}{value}" for name, value in values.items())
    return f"{table}。{item}是多少？", f"表中{item}为{values[item]}。", values[item]


def _values(rng: random.Random, count: int) -> dict[str, str]:
    """Items with values that nothing but reading can tell."""
    return {item: f"{_digits(rng)}{rng.choice(UNITS)}" for item in rng.sample(ITEMS, count)}


def _digits(rng: random.Random) -> str:
    whole = str(rng.randint(1, 10 ** rng.randint(1, 4)))
    return whole if rng.random() < 0.4 else f"{whole}.{rng.randint(1, 99)}"


def _pick(rng: random.Random, sentences: list[str]) -> Turn:
    lettered = dict(zip("ABCD", sentences, strict=False))
    letter = rng.choice(sorted(lettered))
    options = "\n".join(f"{name}. {sentence}" for name, sentence in lettered.items())
    return f"{options}\n请读出{letter}项。", f"要读的是{letter}。", lettered[letter]


def _list(rng: random.Random, sentences: list[str]) -> Turn:
    lines = "\n".join(f"Step{number}: {sentence}" for number, sentence in enumerate(sentences, 1))
    return f"请把下面的话分步写：{''.join(sentences)}", f"分成{len(sentences)}步。", lines


def _tag(rng: random.Random, sentences: list[str]) -> Turn:
    tag, number = rng.choice(TAGS), NUMBER.findall(sentences[0])[-1]
    return (
        f"{sentences[0]}请把最后一个数字写在{tag}标签里。",
        f"最后一个数字是{number}。",
        f"<{tag}>{number}</{tag}>",
    )


KINDS: tuple[Callable[[random.Random, list[str]], Turn], ...] = (
    _repeat,
    _repeat,
    _numbers,
    _mark,
    _look_up,
    _look_up,
    _pick,
    _list,
    _tag,
)

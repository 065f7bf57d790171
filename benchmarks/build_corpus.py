"""Measure the corpus stage's own work against the plain script one would write instead: speed, and bad lines.

    python benchmarks/build_corpus.py [--input GLOB] [--rows N]

Without `--input` the sample corpus is made and used. Both sides take the same lines in memory to encoded rows, with no
Prefect, object store or Dask, and both drop exact copies only: `benchmarks/dedup` measures the layers. The script notes
no edits, facts or witnesses. Rates are medians of three runs in turn.
"""

import argparse
import hashlib
import html
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median

from datasets_registry.records import Decision, InputRow
from datasets_registry.sample.generate import generate
from datasets_registry.words import finance_words
from tasks.corpus.config import CleaningConfig, QualityConfig
from tasks.corpus.reading import find_files, read_lines
from tasks.corpus.rows import parse_line
from tasks.corpus.shards import CleanShard, Nothing, ReadLine, clean_lines, settle_lines
from tasks.dedup.config import DedupConfig
from tasks.dedup.rank import Candidate, ranked
from tasks.dedup.verdicts import verdicts
from tasks.runtime.parts import Part, decode_as, encode_rows

CLEAN = CleanShard(cleaning=CleaningConfig(), quality=QualityConfig())
WORDS = sorted(finance_words())
TEXT = "公告：公司本期营业收入1.5亿元，同比增长12%，净利润3000万元，拟每10股派发现金红利2元。" * 5
GOOD = f'{{"id": "good", "text": "{TEXT}"}}'.encode()
BAD = {
    "cut off": f'{{"id": "a", "text": "甲{TEXT}'.encode(),
    "GBK": f'{{"id": "b", "text": "乙{TEXT}"}}'.encode("gbk"),
    "NUL byte": f'{{"id": "c", "text": "丙{TEXT}\0"}}'.encode(),
    "lone surrogate": f'{{"id": "d", "text": "丁{TEXT}\\ud83d"}}'.encode(),
    "NaN": f'{{"id": "e", "text": "戊{TEXT}", "score": NaN}}'.encode(),
    "array": f'["f", "己{TEXT}"]'.encode(),
    "text is a list": f'{{"id": "g", "text": ["庚{TEXT}"]}}'.encode(),
    "no id": f'{{"text": "辛{TEXT}"}}'.encode(),
    "no text": b'{"id": "i", "text": null}',
    "id used before": f'{{"id": "good", "text": "癸{TEXT}"}}'.encode(),
}


def main() -> None:
    """Time both sides on the input, then show both the bad lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--input", help="file, folder or glob of JSON lines; without it the sample corpus")
    parser.add_argument("--rows", type=int, help="only the first N lines")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not arguments.input:
            generate(Path(folder))
        lines = list(islice(_raw(arguments.input or f"{folder}/documents.jsonl.gz"), arguments.rows))
    print(f"{arguments.input or 'sample'}: {len(lines)} lines, {sum(map(len, lines)) / 1e6:.1f} MB")
    _compare_speed(lines)
    _compare_bad_lines()


def corpus_stage(lines: Sequence[bytes]) -> dict[str, Part]:
    """The parts of the settled corpus: what the steps of the flow do between their stores, all lines in one shard."""
    cleaned = clean_lines([encode_rows(_read(lines)).data], CLEAN)
    _, copies = ranked(decode_as(cleaned["candidates"].data, Candidate), DedupConfig())
    return settle_lines([cleaned["entries"].data, encode_rows(verdicts([], [], copies)).data], Nothing())


def _raw(pattern: str) -> Iterator[bytes]:
    for name, path in find_files(pattern).items():
        with path.open("rb") as opened:
            yield from (line.raw for line in read_lines(name, opened, 1 << 24) if line.raw)


def _compare_speed(lines: Sequence[bytes]) -> None:
    stage, script = [], []
    for _ in range(3):
        started = time.process_time()
        parts = corpus_stage(lines)
        stage.append(time.process_time() - started)
        fates = Counter(fate for fate, _ in _plain_script(lines))
        script.append(time.process_time() - started - stage[-1])
    settled = Counter(row.decision for row in decode_as(parts["decisions"].data, Decision))
    for side, seconds, ends in (("corpus stage", stage, settled), ("plain script", script, fates)):
        print(f"  {side} {len(lines) / median(seconds):8,.0f} lines/CPU second", dict(sorted(ends.items())))
    print(f"  the stage takes {median(stage) / median(script):.1f} times the CPU time of the script")


def _compare_bad_lines() -> None:
    """Show both sides each bad line after a good one; the script gets them one by one, as most of them stop it."""
    settled = corpus_stage([GOOD, *BAD.values()])["decisions"].data
    fates: Counter[str] = Counter()
    for (kind, line), decision in zip(BAD.items(), list(decode_as(settled, Decision))[1:], strict=True):
        try:
            fate = _plain_script([GOOD, line])[1][0]
        except Exception as error:  # noqa: BLE001 whatever it is, the script ends there
            fate = f"stopped by {type(error).__name__}"
        fates[fate.split()[0]] += 1
        print(f"  {kind:15} stage: {decision.decision}, {decision.reason:15} script: {fate}")
    print(f"  {len(BAD)} kinds of bad lines, the script:", dict(sorted(fates.items())))


def _read(lines: Sequence[bytes]) -> Iterator[ReadLine]:
    seen: set[str] = set()
    for number, raw in enumerate(lines, start=1):
        row = parse_line(raw, "input", number)
        if isinstance(row, InputRow) and row.id not in seen:
            seen.add(row.id)
            yield ReadLine(row, None)
        else:
            reason = row if isinstance(row, str) else "duplicate_id"
            yield ReadLine(None, Decision("input", number, None, "quarantined", reason))


def _plain_script(lines: Sequence[bytes]) -> list[tuple[str, bytes]]:
    seen: set[str] = set()
    return [_plain_line(line, seen) for line in lines]


def _plain_line(line: bytes, seen: set[str]) -> tuple[str, bytes]:
    row = json.loads(line)
    contents = row.get("record") or row.get("contents") or row.get("text") or ""
    if isinstance(contents, dict):
        return "structured", json.dumps(row, ensure_ascii=False).encode()
    text = re.sub(r"node id:\s*\S+\s*text:\s?", "", contents)
    text = html.unescape(re.sub(r"<[^>]+>", " ", text))
    text = re.sub("[\u200b-\u200f\ufeff]", "", text)
    text = re.sub(r"(?:Copyright|版权所有|法律声明|网站标识码|ICP备|公网安备)[^\n]*", "", text)
    text = re.sub(r"(?:模拟炒股|免费诊股|微牛证券|开户佣金|荐股)[^。！？\n]*[。！？]?", "", text)
    text = re.sub("设为首页|加入收藏|联系我们|关于我们|网站地图|返回顶部", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    visible = text.replace(" ", "")
    words = 2 if len(text) > 500 else len(list(islice((word for word in WORDS if word in text), 2)))
    if len(text) < 100 or sum(map(len, re.findall("[一-龥]+", visible))) < 0.3 * len(visible) or words < 2:
        return "filtered", b""
    key = hashlib.md5(visible.encode(), usedforsecurity=False).hexdigest()
    if key in seen:
        return "duplicate", b""
    seen.add(key)
    return "kept", json.dumps(row | {"text": text}, ensure_ascii=False).encode()


if __name__ == "__main__":
    main()

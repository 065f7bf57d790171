"""Lucene scores as BM25 is defined, filters exactly, writes the same bytes again, and agrees with the other engine."""

import gzip
import json
import math
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.retrieval.bm25 import Bm25, Bm25Builder
from tasks.retrieval.config import SearchConfig, TokenConfig
from tasks.retrieval.lucene import SETTINGS, Lucene, LuceneFailed, write_lucene
from tasks.retrieval.tokens import Tokenizer
from tasks.runtime.tools import Tool

pytestmark = pytest.mark.java

WORDS = ["碳", "配额", "价格", "市场", "银行", "利率", "债券", "期限", "600519.sh", "3.5%"]
CHOICE = np.random.default_rng(7)
# Lucene keeps lengths up to 40 exactly, so that scores can be compared with the formula.
PASSAGES = [list(CHOICE.choice(WORDS, size=CHOICE.integers(1, 24))) for _ in range(300)]
BOOSTED = ("利率", "配额")
CAPPED = SearchConfig(k1=1.2, b=0.75, tf_cap=2, term_boost=1.2)


def scores_by_definition(query: Sequence[str], config: SearchConfig) -> NDArray[np.float64]:
    """BM25 as Robertson and Zaragoza (2009) give it, with Lucene's idf and without the constant factor k1 + 1."""
    lengths = np.array([len(passage) for passage in PASSAGES])
    damping = config.k1 * (1 - config.b + config.b * lengths / lengths.mean())
    scores = np.zeros(len(PASSAGES))
    for word in query:
        counts = np.array([Counter(passage)[word] for passage in PASSAGES])
        weight = math.log1p((len(PASSAGES) - (counts > 0).sum() + 0.5) / ((counts > 0).sum() + 0.5))
        weight *= config.term_boost if word in BOOSTED else 1
        capped = np.minimum(counts, config.tf_cap) if config.tf_cap else counts
        scores += weight * capped / (capped + damping)
    return scores


@pytest.fixture(scope="module", params=[SearchConfig(), CAPPED], ids=["plain", "capped-and-boosted"])
def opened(
    request: pytest.FixtureRequest, tool: Callable[[str], Tool], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lucene, SearchConfig]]:
    tool("lucene")
    folder = tmp_path_factory.mktemp("lucene") / "index"
    assert write_lucene(folder, PASSAGES, request.param, BOOSTED) == len(PASSAGES)
    index = Lucene.open(folder)
    yield index, request.param
    index.close()


@pytest.fixture
def index(tool: Callable[[str], Tool], tmp_path: Path) -> Iterator[Lucene]:
    tool("lucene")
    write_lucene(tmp_path / "index", PASSAGES, SearchConfig())
    opened = Lucene.open(tmp_path / "index")
    yield opened
    opened.close()


@settings(deadline=None)
@given(
    query=st.lists(st.sampled_from([*WORDS, "未知"]), max_size=6),
    k=st.integers(1, 400),
    mask=st.none() | st.sets(st.integers(0, len(PASSAGES) - 1), max_size=40),
)
def test_the_best_allowed_rows_are_those_of_the_definition(
    opened: tuple[Lucene, SearchConfig], query: list[str], k: int, mask: set[int] | None
) -> None:
    index, config = opened
    allowed = np.ones(len(PASSAGES), bool) if mask is None else np.isin(np.arange(len(PASSAGES)), list(mask))
    expected = scores_by_definition(query, config)
    rows, scores = index.search(query, k, None if mask is None else allowed)
    assert len(rows) == min(k, ((expected > 0) & allowed).sum())
    assert allowed[rows].all() and len(set(rows.tolist())) == len(rows)
    assert np.allclose(scores, expected[rows], rtol=1e-5)
    best = np.sort(expected[allowed])[::-1][: len(rows)]
    assert np.allclose(scores, best, rtol=1e-5)
    assert list(zip(-scores, rows, strict=True)) == sorted(zip(-scores, rows, strict=True))


def test_an_index_of_several_segments_keeps_its_order_and_its_bytes(
    tool: Callable[[str], Tool], tmp_path: Path
) -> None:
    tool("lucene")
    passages = [("碳", f"号{row}", *["价格"] * (row % 3)) for row in range(25_000)]
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        write_lucene(folder, iter(passages), SearchConfig())
    one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == two
    index = Lucene.open(folders[0])
    try:
        for row in (0, 9_999, 10_000, 20_001, 24_999):
            assert index.search([f"号{row}"], 5)[0].tolist() == [row]
        assert index.search(["碳"], 3)[0].tolist() == [0, 3, 6], "ties of the shortest passages by row"
    finally:
        index.close()


def test_words_are_what_the_caller_cut_however_odd(tool: Callable[[str], Tool], tmp_path: Path) -> None:
    tool("lucene")
    odd = ["a+b", 'q"uote', "back\\slash", "AND", "碳" * 30_000, "𠮷野", "x:y*", "字\u0001面"]
    write_lucene(tmp_path / "index", [[word] for word in odd] + [[]], SearchConfig())
    index = Lucene.open(tmp_path / "index")
    try:
        assert [index.search([word], 9)[0].tolist() for word in odd] == [[row] for row in range(len(odd))]
        assert len(index.search(["and"], 9)[0]) == 0
        assert len(index.search(["AND"] * 5000, 9)[0]) == 1, "no limit on the words of a query"
    finally:
        index.close()


def test_threads_get_the_answers_to_their_own_questions(index: Lucene) -> None:
    queries = [[first, second] for first in WORDS for second in WORDS]
    alone = [index.search(query, 10) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda query: index.search(query, 10), queries))
    for (rows, scores), (other, others) in zip(alone, together, strict=True):
        assert np.array_equal(rows, other) and np.array_equal(scores, others)


def test_a_damaged_index_is_refused_and_the_others_answer_on(index: Lucene, tmp_path: Path) -> None:
    write_lucene(tmp_path / "bad", PASSAGES, SearchConfig())
    for path in (tmp_path / "bad").glob("_*"):
        path.write_bytes(path.read_bytes()[:-9])
    bad = Lucene.open(tmp_path / "bad")
    try:
        with pytest.raises(LuceneFailed, match=r"cannot search in .*build it again"):
            bad.search(["碳"], 3)
        assert len(index.search(["碳"], 3)[0]) == 3
    finally:
        bad.close()
    (tmp_path / "bad" / SETTINGS).write_bytes(b"{}")
    with pytest.raises(LuceneFailed, match="missing or damaged"):
        Lucene.open(tmp_path / "bad")


PYSERINI = """
import sys, types
from pathlib import Path
from tasks.retrieval.programs.lucene import start_java
start_java()
class Anything(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})
sys.modules["pyserini.encode"] = Anything("pyserini.encode")
from pyserini.analysis import JWhiteSpaceAnalyzer
from pyserini.search.lucene import LuceneSearcher
searcher = LuceneSearcher(sys.argv[1])
searcher.set_analyzer(JWhiteSpaceAnalyzer())
searcher.set_bm25(0.9, 0.4)
print(*(f"{hit.docid}:{hit.score:.5f}" for hit in searcher.search(sys.argv[2], k=5)))
"""


@pytest.mark.slow
def test_pyserini_opens_the_index_and_gives_the_same_scores(
    index: Lucene, tool: Callable[[str], Tool], tmp_path: Path
) -> None:
    command = [str(tool("lucene").program("python")), "-c", PYSERINI, str(tmp_path / "index"), "利率 期限"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    theirs = dict(pair.split(":") for pair in done.stdout.splitlines()[-1].split())
    rows, scores = index.search(["利率", "期限"], len(PASSAGES))
    ours = {str(row): f"{score:.5f}" for row, score in zip(rows, scores, strict=True)}
    assert len(theirs) == 5 and theirs.items() <= ours.items()


@pytest.mark.parametrize("name", ["stard", "cmrc2018_dev"])
@pytest.mark.parametrize(
    "config", [SearchConfig(), SearchConfig(tf_cap=5, term_boost=1.2)], ids=["plain", "capped"]
)
def test_both_engines_find_the_same(
    shared_data: Path, tool: Callable[[str], Tool], tmp_path: Path, name: str, config: SearchConfig
) -> None:
    """Equal lists are not to be had: Lucene rounds lengths above 40 to a byte."""
    tool("lucene")
    folder, tokenizer = shared_data / "retrieval" / name, Tokenizer(TokenConfig())
    documents, queries = (read(folder / f"{kind}.jsonl.gz") for kind in ("corpus", "queries"))
    passages = [tokenizer.tokens(f"{row['title']}\n{row['text']}") for row in documents]
    boosted = {word for passage in passages[::50] for word in passage}
    builder = Bm25Builder(config, boosted)
    builder.add(passages)
    builder.write(tmp_path / "bm25s")
    write_lucene(tmp_path / "lucene", passages, config, boosted)
    engines = [Bm25.open(tmp_path / "bm25s"), Lucene.open(tmp_path / "lucene")]
    ids = [row["id"] for row in documents]
    overlaps, reciprocal = [], []
    for query in queries:
        tokens = tokenizer.tokens(str(query["query"]))
        one, two = ([ids[row] for row in engine.search(tokens, 10)[0]] for engine in engines)
        overlaps.append(len(set(one) & set(two)) / max(1, len(one), len(two)))
        reciprocal.append([rank(found, query["gold"]) for found in (one, two)])
    engines[1].close()
    assert np.mean(overlaps) >= 0.95
    first, second = np.mean(reciprocal, axis=0)
    assert first > 0.3 and abs(first - second) <= 0.01


def rank(found: Sequence[object], gold: object) -> float:
    assert isinstance(gold, list)
    return next((1 / place for place, each in enumerate(found, start=1) if each in gold), 0.0)


def read(path: Path) -> list[dict[str, object]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]

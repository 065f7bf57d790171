"""What each option of BM25 is worth: a cap on repeats, a boost of finance words, kept numbers, stop words.

    python benchmarks/search/ablate.py --data FOLDER [--sets stard ...] [--stop-words FILE] [--user-words FILE]

Every question of a set is asked with and without each option, all else as it is by default. A row shows Success@5 and
RR@10 with the option, and its difference to the first row with the 95 % interval (paired bootstrap): an interval that
holds 0 shows nothing. Stop words and user words are one a line; finloom has none of either by default.
"""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from sets import SOURCES, QuerySet, read_set

from tasks.indexing.config import PassageConfig
from tasks.indexing.development import Sample, as_indexed
from tasks.indexing.passages import split_passages
from tasks.indexing.tuning import Trial
from tasks.retrieval.comparison import Ranks, compare_ranks
from tasks.retrieval.config import SearchConfig, TokenConfig
from tasks.retrieval.tokens import NO_LISTS, Tokenizer, search_text, shared_tokenizer
from tasks.retrieval.word_lists import WordLists, read_words

METRICS = ("success@5", "rr@10")


@dataclass(frozen=True, slots=True)
class Option:
    """One way to search; what it leaves out is as by default."""

    search: SearchConfig = field(default_factory=SearchConfig)
    tokens: TokenConfig = field(default_factory=TokenConfig)
    lists: WordLists = NO_LISTS


def main() -> None:
    """One table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the query sets")
    parser.add_argument("--sets", nargs="+", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--stop-words", type=Path, help="a file of stop words, one a line")
    parser.add_argument("--user-words", type=Path, help="a file of words that are cut whole, one a line")
    arguments = parser.parse_args()
    options = {
        "plain": Option(),
        "tf cap 10": Option(SearchConfig(tf_cap=10)),
        "tf cap 5": Option(SearchConfig(tf_cap=5)),
        "boost 1.2": Option(SearchConfig(term_boost=1.2)),
        "no digits": Option(tokens=TokenConfig(keep_digits=False)),
        "no finance words": Option(tokens=TokenConfig(finance_words=False)),
    }
    if arguments.stop_words:
        stop = tuple(read_words(arguments.stop_words))
        tokens = TokenConfig(stop_words=str(arguments.stop_words))
        options[f"{len(stop)} stop words"] = Option(tokens=tokens, lists=WordLists(stop=stop))
    if arguments.user_words:
        user = tuple(read_words(arguments.user_words))
        tokens = TokenConfig(user_words=str(arguments.user_words))
        options[f"{len(user)} user words"] = Option(tokens=tokens, lists=WordLists(user=user))
    for name in arguments.sets:
        _table(read_set(arguments.data, name), options)


def _table(asked: QuerySet, options: dict[str, Option]) -> None:
    ranks = {name: _ranks(asked, option) for name, option in options.items()}
    print(f"\n{asked.name}: {len(ranks['plain'])} questions, BM25 alone")
    for name, found in ranks.items():
        compared = compare_ranks({"bm25": ranks["plain"]}, {"bm25": found}).methods["bm25"]
        cells = (
            f"{metric} {compared[metric].after:.4f} {compared[metric].difference:+.4f} "
            f"[{compared[metric].low:+.4f}, {compared[metric].high:+.4f}]"
            for metric in METRICS
        )
        print(f"  {name:18}" + "   ".join(cells))


def _ranks(asked: QuerySet, option: Option) -> Ranks:
    questions = [*asked.development, *asked.test]
    tokenizer = shared_tokenizer(option.tokens, option.lists)
    boosted = frozenset(tokenizer.boosted())
    trial = Trial(_sample(asked, tokenizer), questions, option.search, tokenizer, boosted)
    found = trial.alone(trial.words(option.search.k1, option.search.b))
    return {
        question.id: round(1 / share) if share else None
        for question, share in zip(questions, found, strict=True)
    }


def _sample(asked: QuerySet, tokenizer: Tokenizer) -> Sample:
    documents = sorted(asked.documents, key=lambda document: document.id)
    passages = split_passages(documents, PassageConfig())
    return as_indexed([(passage, tokenizer.tokens(search_text(passage))) for passage in passages])


if __name__ == "__main__":
    main()

"""Two corpora joined in bounded memory give what a join of two dicts gives, and the accounts close or the run fails."""

import dataclasses
import hashlib
import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets_registry.artifact import FileEntry, Tree
from datasets_registry.records import Document, JsonObject
from tasks.comparison.join import ComparisonSummary, compare, join, ordered_shards, unshared
from tasks.corpus.ledger import LedgerDoesNotAddUp
from tasks.runtime.parts import Part, decode_rows
from tests.fakes.shards import MemoryShards

TEXTS = ("公司实现营业收入12.5亿元。", "公司实现营业收入12.6亿元。", "碳市场成交活跃。", "碳市场成交活跃。\n")


def document(name: str, text: int, line: int, structured: bool = False) -> Document:
    metadata: JsonObject = {"sha256": f"{text}", "input_file": "day.jsonl", "input_line": line}
    if not structured:
        metadata |= {"edits": [], "facts": []}
    return Document(name, TEXTS[text], "", None, f"源{text % 2}", metadata)


corpora = st.dictionaries(
    st.sampled_from([f"文{n}" for n in range(12)]), st.tuples(st.integers(0, 3), st.booleans())
)


def build(store: MemoryShards, rows: dict[str, tuple[int, bool]], rows_per_shard: int) -> Tree:
    """A corpus of documents by id: which text, and whether it is a structured record."""
    documents = [
        document(name, text, line, structured)
        for line, (name, (text, structured)) in enumerate(rows.items(), start=1)
    ]
    return store.corpus(documents, rows_per_shard)


def ids(rows: list[JsonObject]) -> list[str]:
    return [str(row["id"]) for row in rows]


@settings(deadline=None)
@given(corpora, corpora, st.integers(1, 5), st.integers(1, 5))
def test_the_parts_are_those_of_two_dicts(
    old: dict[str, tuple[int, bool]], new: dict[str, tuple[int, bool]], old_size: int, new_size: int
) -> None:
    store = MemoryShards()
    trees = build(store, old, old_size), build(store, new, new_size)
    files, summary, _ = compare(*trees, store, store.over_shards)
    both = sorted(old.keys() & new.keys())
    changed = [name for name in both if old[name] != new[name]]
    assert ids(store.rows(files, "deleted")) == sorted(old.keys() - new.keys())
    assert ids(store.rows(files, "added")) == sorted(new.keys() - old.keys())
    for part in ("changed_old", "changed_new", "analysis"):
        assert ids(store.rows(files, part)) == changed
    assert [str(row["contents"]) for row in store.rows(files, "changed_old")] == [
        TEXTS[old[name][0]] for name in changed
    ]
    assert (summary.old, summary.new, summary.equal) == (len(old), len(new), len(both) - len(changed))
    assert summary.old == summary.deleted + summary.changed + summary.equal
    assert summary.new == summary.added + summary.changed + summary.equal
    assert sum(summary.causes.values()) == summary.changed == len(changed)


def test_a_row_is_exported_as_it_stands_in_its_corpus() -> None:
    store = MemoryShards()
    trees = store.corpus([document("甲", 0, 1)]), store.corpus([document("甲", 1, 7)])
    files, _, _ = compare(*trees, store, store.over_shards)
    assert store.rows(files, "changed_new") == store.rows(trees[1].files, "documents")


def test_how_the_corpora_are_cut_changes_no_byte_of_the_result() -> None:
    names = [f"文{n:03}" for n in range(60)]
    old = {name: (n % 4, n % 5 == 0) for n, name in enumerate(names[:50])}
    new = {name: (n * 7 % 4, n % 5 == 0) for n, name in enumerate(names[10:], start=10)}
    made = []
    for size in (1, 7, 60):
        store = MemoryShards()
        trees = build(store, old, size), build(store, new, size)
        files, _, total = compare(*trees, store, store.over_shards)
        made.append(([(file.name, file.sha256) for file in files], orjson.dumps(total)))
    assert made[0][0] == made[1][0] == made[2][0]
    assert len({tally for _, tally in made}) == 1


def test_documents_that_only_moved_are_equal() -> None:
    store = MemoryShards()
    rows = {f"文{n}": (n % 3, False) for n in range(9)}
    moved = dict(sorted(rows.items(), reverse=True))
    _, summary, _ = compare(build(store, rows, 2), build(store, moved, 4), store, store.over_shards)
    assert (summary.equal, summary.changed, summary.unread) == (9, 0, 0)


def test_shards_that_both_corpora_hold_are_never_read() -> None:
    store = MemoryShards()
    rows = [document(f"文{n}", n % 4, n) for n in range(9)]
    old = store.corpus(rows)
    new = store.corpus([*rows[:8], document("文8", 1, 8)])
    read = unshared(old, new)
    assert [[entry.name for entry in side] for side in read] == [["documents/00002.jsonl.zst"]] * 2
    _, summary, _ = compare(old, new, store, store.over_shards)
    shared = {entry.sha256 for entry in old.part("documents")[:2]}
    assert shared.isdisjoint(store.read)
    assert (summary.equal, summary.unread, summary.changed) == (8, 6, 1)


def test_a_corpus_against_itself_reads_nothing() -> None:
    store = MemoryShards()
    tree = build(store, {f"文{n}": (n % 4, n % 2 == 0) for n in range(9)}, 4)
    files, summary, _ = compare(tree, tree, store, store.over_shards)
    assert (files, store.read, summary.equal, summary.unread) == ([], [], 9, 9)


def test_two_empty_corpora_can_be_compared() -> None:
    store = MemoryShards()
    empty = Tree(kind="corpus", files=())
    files, summary, _ = compare(empty, empty, store, store.over_shards)
    assert (files, summary.old, summary.new) == ([], 0, 0)


@pytest.mark.parametrize("rest", [0, 1, 2])
def test_an_id_that_stands_twice_in_a_corpus_fails_the_run(rest: int) -> None:
    store = MemoryShards()
    twice = store.corpus([document("甲", 0, 1), document("甲", 2, 2)])
    once = store.corpus([document("甲" if rest else "乙", rest, 1)])
    for pair in ((twice, once), (once, twice)):
        with pytest.raises(LedgerDoesNotAddUp, match="'甲' stands twice"):
            compare(*pair, store, store.over_shards)


def test_a_row_that_got_lost_fails_the_run() -> None:
    store = MemoryShards()
    old = store.corpus([document("甲", 0, 1)])
    claimed = [entry.model_copy(update={"rows": 2 * entry.rows}) for entry in old.files]
    with pytest.raises(LedgerDoesNotAddUp):
        compare(Tree(kind="corpus", files=tuple(claimed)), old, store, store.over_shards)


def test_accounts_that_do_not_close_are_refused() -> None:
    good = ComparisonSummary(
        old_sha256="0" * 64, new_sha256="1" * 64, old=5, new=6, deleted=1, added=2, changed=3, equal=1,
        unread=0, causes={"rewritten": 3}, fields={}, facts_changed=0, input_changed=0, characters={},
    )  # fmt: skip
    good.check()
    for wrong in ({"old": 6}, {"new": 5}, {"equal": 2}, {"causes": {"rewritten": 2}}):
        with pytest.raises(LedgerDoesNotAddUp):
            good.model_copy(update=wrong).check()


@given(
    st.dictionaries(st.text(max_size=3), st.integers(0, 2)),
    st.dictionaries(st.text(max_size=3), st.integers(0, 2)),
)
def test_keys_are_joined_in_any_order(old: dict[str, int], new: dict[str, int]) -> None:
    def keys(side: dict[str, int]) -> list[JsonObject]:
        rows: list[JsonObject] = [
            {"id": name, "sha256": hashlib.sha256(b"%d" % value).hexdigest()} for name, value in side.items()
        ]
        random.Random(len(rows)).shuffle(rows)
        return rows

    joined = join(keys(old), keys(new))
    assert joined.deleted == old.keys() - new.keys()
    assert joined.added == new.keys() - old.keys()
    assert joined.changed == {name for name in old.keys() & new.keys() if old[name] != new[name]}
    assert joined.equal == len(old.keys() & new.keys()) - len(joined.changed)


def test_rows_are_put_in_order_and_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.comparison.join.ROWS_PER_SHARD", 2)
    rows: list[JsonObject] = [{"id": name, "x": [name]} for name in "edcbaf"]
    wanted = {"a": "one", "c": "one", "e": "one", "b": "two"}
    made: list[tuple[str, Part]] = list(ordered_shards(iter(rows), wanted))
    assert [(part, [row["id"] for row in decode_rows(shard.data)]) for part, shard in made] == [
        ("one", ["a", "c"]),
        ("one", ["e"]),
        ("two", ["b"]),
    ]
    assert [shard.rows for _, shard in made] == [2, 1, 1]


def test_a_text_that_became_a_record_has_changed() -> None:
    store = MemoryShards()
    text = document("甲", 0, 1)
    record = dataclasses.replace(
        text, metadata={k: v for k, v in text.metadata.items() if k not in ("edits", "facts")}
    )
    files: list[FileEntry]
    files, summary, _ = compare(store.corpus([text]), store.corpus([record]), store, store.over_shards)
    assert summary.causes == {"metadata_only": 1}
    assert store.rows(files, "analysis")[0]["kinds"] == ["metadata.edits", "metadata.facts"]

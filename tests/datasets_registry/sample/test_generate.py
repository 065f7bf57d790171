"""The sample corpus as a whole: determinism, truth, shapes, variety, distance between originals."""

import gzip
import html
import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from datasets_registry.sample.generate import FULL_SIZE, generate
from datasets_registry.words import finance_words
from tests.datasets_registry.sample.reading import Sample

FILES = ("documents.jsonl.gz", "truth.jsonl", "questions.jsonl")
NOISE = ("too_short", "not_chinese", "off_topic")


def test_equal_seeds_give_equal_bytes_and_others_do_not(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        generate(tmp_path / name, seed=seed, documents=400)
    assert len((tmp_path / "one" / "truth.jsonl").read_bytes().splitlines()) == 400
    for file in FILES:
        one = (tmp_path / "one" / file).read_bytes()
        assert one == (tmp_path / "again" / file).read_bytes()
        assert one != (tmp_path / "other" / file).read_bytes()


def test_bytes_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        out = tmp_path / hash_seed
        command = [sys.executable, "-m", "datasets_registry.sample", "--out", str(out), "--documents", "400"]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": hash_seed})
    for file in FILES:
        assert (tmp_path / "1" / file).read_bytes() == (tmp_path / "2" / file).read_bytes()


@pytest.mark.parametrize("documents", [399, 3001])
def test_a_size_out_of_range_is_refused(tmp_path: Path, documents: int) -> None:
    with pytest.raises(ValueError, match="400 to 3000"):
        generate(tmp_path, documents=documents)


def test_every_row_has_one_truth(sample: Sample) -> None:
    assert len(sample.rows) == FULL_SIZE
    assert list(sample.rows) == list(sample.truth)
    assert len((sample.folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()) == FULL_SIZE
    assert {truth["of"] for truth in sample.truth.values()} - {None} <= set(sample.rows)


def test_every_kind_is_there_in_its_number(sample: Sample) -> None:
    counts = Counter(truth["kind"] for truth in sample.truth.values())
    assert counts.pop("original") > 1400
    assert counts == {
        "update": 45, "record": 400, "crawl_noise": 100, "template_family": 150, "amount_twin": 30, "same_head": 24,
        "prompt_injection": 3, "exact_copy": 100, "normalised_copy": 90, "edited_1": 60, "edited_2": 60,
        "edited_5": 50, "edited_10": 40, "truncated_90": 50, "truncated_70": 40, "truncated_50": 40,
        "wrapped_copy": 60, "embedded_copy": 40, "too_short": 60, "not_chinese": 40, "off_topic": 60,
    }  # fmt: skip


def test_both_input_shapes_occur_for_texts_and_for_records(sample: Sample) -> None:
    shapes = Counter(
        ("node" if "contents" in row else "titled", "text" if id in sample.texts else "record")
        for id, row in sample.rows.items()
    )
    assert min(shapes[shape, content] for shape in ("node", "titled") for content in ("text", "record")) > 100
    for row in sample.rows.values():
        if "contents" in row:
            assert set(row) == {"id", "contents", "metadata"}
            assert row["metadata"]["source_file"].endswith(".jsonl")
        else:
            assert set(row) - {"record"} == {"id", "title", "text", "source", "published", "url"}
            assert (row["text"] is None) == ("record" in row)
            date.fromisoformat(row["published"])


def test_every_text_worth_keeping_is_long_enough_chinese_and_about_finance(sample: Sample) -> None:
    for id, text in sample.texts.items():
        if sample.truth[id]["kind"] in (*NOISE, "record"):
            continue
        clean = html.unescape(re.sub(r"<[^>]+>", "", text))
        assert len(clean) >= 140, id
        assert len(re.findall(r"[一-鿿]", clean)) >= 0.3 * len(clean), id
        assert sum(word in clean for word in finance_words()) >= 2, id


def test_no_text_shows_its_scaffolding(sample: Sample) -> None:
    for id, text in sample.texts.items():
        assert not re.search(r"<(?!/?(table|tr|td|p|h1|div|!--)\b)[a-z_0-9.]+>|[¶§]|\|\)|\(\|", text), id
        assert not re.search(r"，，|。。|，。|、，|：，|亿元亿元", text), id


def test_noise_is_what_its_kind_says(sample: Sample) -> None:
    assert all(len(sample.texts[id]) < 100 for id in sample.of_kind("too_short"))
    for id in sample.of_kind("not_chinese"):
        assert len(re.findall(r"[一-鿿]", sample.texts[id])) < 0.3 * len(sample.texts[id])
    for id in sample.of_kind("off_topic"):
        assert 100 <= len(sample.texts[id]) < 500
        found = [word for word in finance_words() if word in sample.texts[id]]
        assert len(found) < 2, found


def test_sentences_vary(sample: Sample) -> None:
    sentences = [
        sentence
        for id in sample.of_kind("original")
        for sentence in re.split(r"[。；\n]", sample.texts[id])
        if len(sentence) > 12
    ]
    assert len(set(sentences)) > 0.85 * len(sentences)
    openings = Counter(sample.texts[id].split("\n")[0][:12] for id in sample.of_kind("original"))
    assert openings.most_common(1)[0][1] < 40


def test_long_documents_tables_and_headings_occur(sample: Sample) -> None:
    originals = [sample.texts[id] for id in sample.of_kind("original")]
    assert sum(3000 <= len(text) <= 8000 for text in originals) >= 20
    assert sum("<table" in text for text in originals) >= 50
    assert sum("一、" in text for text in originals) >= 100
    assert sum("（一）" in text for text in originals) >= 20


def test_distinct_documents_are_far_from_each_other(sample: Sample) -> None:
    """What stays must not look like a duplicate: 3-gram Jaccard < 0.4 and containment < 0.8 for every pair."""
    vocabulary: dict[str, int] = {}
    seen: list[tuple[int, int, str]] = []
    for id in sample.of_kind("original", "update", "crawl_noise", "same_head", "prompt_injection"):
        bits = _bits(sample.texts[id], vocabulary)
        size = bits.bit_count()
        for other, other_size, other_id in seen:
            shared = (bits & other).bit_count()
            near = shared >= 0.8 * min(size, other_size) or shared >= 0.4 * (size + other_size - shared)
            assert not near, (id, other_id)
        seen.append((bits, size, id))


def _bits(text: str, vocabulary: dict[str, int]) -> int:
    letters = unicodedata.normalize("NFKC", html.unescape(re.sub(r"<[^>]+>", "", text))).lower()
    letters = re.sub(r"[\W_]", "", letters)
    mask = bytearray(32768)
    for start in range(len(letters) - 2):
        bit = vocabulary.setdefault(letters[start : start + 3], len(vocabulary))
        mask[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(mask, "little")


def test_members_of_a_template_family_state_different_facts(sample: Sample) -> None:
    families: dict[str, list[str]] = {}
    for id in sample.of_kind("template_family"):
        families.setdefault(sample.truth[id]["detail"], []).append(sample.texts[id])
    assert len(families) == 10
    assert all(len(set(texts)) == len(texts) == 15 for texts in families.values())


def test_one_document_a_line_in_a_file_without_a_time_stamp(sample: Sample) -> None:
    packed = (sample.folder / "documents.jsonl.gz").read_bytes()
    assert packed[4:8] == bytes(4)
    lines = gzip.decompress(packed).decode().split("\n")
    assert lines[-1] == ""
    assert all(isinstance(json.loads(line), dict) for line in lines[:-1])

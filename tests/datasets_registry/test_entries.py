"""The catalog holds what the project promises, and says so when a name or an entry is wrong."""

import pytest

from datasets_registry.entries import CatalogEntry, UnknownEntry, by_name, find, load_catalog, read_entries

DATASETS = [
    "OmniEval-Corpus",
    "persona-hub",
    "Agentar-DeepFinance-100K",
    "qwen-dianjin",
    "gsm8k",
    "FinEval",
    "CFLUE",
    "FinQA",
    "ConvFinQA",
    "Ant_Finance",
    "TFNS",
    "Finance-Instruct-500k",
    "C-Eval",
    "MMLU",
    "ARC-c",
    "carbon-mee-notices",
    "carbon-gbt-standards",
]
MODELS = [
    "Qwen3-Embedding-0.6B",
    "Qwen3-0.6B",
    "Qwen3-8B",
    "Qwen3-14B",
    "Qwen3-32B",
    "qwen3-30b-a3b-instruct-2507",
    "Qwen2.5-3B-Instruct",
    "Fin-R1",
    "XuanYuan-6B-Chat",
]


def entry(name: str, *aliases: str) -> CatalogEntry:
    return CatalogEntry.model_validate(
        {
            "name": name,
            "aliases": aliases,
            "kind": "dataset",
            "title": "t",
            "source": {"hub": "huggingface", "id": "a/b"},
            "licence": None,
            "format": None,
            "languages": ["zh"],
            "size": {},
            "used_by": ["corpus"],
        }
    )


@pytest.mark.parametrize("name", DATASETS)
def test_every_promised_data_set_is_found(name: str) -> None:
    assert find(name).kind == "dataset"


@pytest.mark.parametrize("name", MODELS)
def test_every_promised_model_is_found(name: str) -> None:
    found = find(name)
    assert found.kind == "model" and found.loader is None and found.size.parameters


def test_the_catalog_is_sorted_whatever_the_files() -> None:
    names = list(load_catalog())
    assert names == sorted(names, key=str.lower)


def test_every_data_set_says_where_its_facts_come_from() -> None:
    assert [one.name for one in load_catalog().values() if not (one.verified or one.recalled)] == []


def test_a_licence_that_forbids_commerce_is_not_called_open_source() -> None:
    assert find("persona-hub").licence == find("CFLUE").licence == find("C-Eval").licence == "CC-BY-NC-SA-4.0"
    assert find("Qwen2.5-3B-Instruct").licence == "qwen-research"


def test_a_name_is_found_in_any_case_and_by_alias() -> None:
    assert find("GSM8K").name == "gsm8k"
    assert find("ARC-challenge") == find("ai2_arc") == find("ARC-c")


def test_an_unknown_name_lists_those_that_come_close() -> None:
    with pytest.raises(UnknownEntry, match="has no entry 'FinEvl'; did you mean FinEval"):
        find("FinEvl")
    with pytest.raises(UnknownEntry, match="finloom data list"):
        find("zzzzzzzz")


def test_two_entries_with_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two entries called 'A'"):
        by_name([entry("A"), entry("A")])


def test_an_alias_that_is_another_entrys_name_is_refused() -> None:
    with pytest.raises(ValueError, match="two entries called 'a'"):
        by_name([entry("A"), entry("B", "a")])


def test_a_wrong_entry_is_refused_with_its_file_and_name() -> None:
    with pytest.raises(ValueError, match=r"x\.yaml: gsm9k: .*"):
        read_entries("- {name: gsm9k, kind: dateset}", "x.yaml")


def test_a_schema_may_only_name_fields_of_its_record() -> None:
    value = entry("A").model_dump() | {
        "schema": {"record": "question", "fields": {"query": "q", "color": "c"}}
    }
    del value["loader"], value["row_schema"]
    with pytest.raises(ValueError, match="a question has no field \\['color'\\]"):
        CatalogEntry.model_validate(value)

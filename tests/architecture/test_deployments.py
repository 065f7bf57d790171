"""Every deployment loads, takes its parameters, and changes only on purpose."""

from pathlib import Path

import pytest
import yaml
from prefect import Flow
from prefect.flows import load_flow_from_entrypoint

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = {
    item["name"]: item for item in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
}
FLOW_FILES = sorted(path.name for path in (ROOT / "flows").glob("[a-z]*.py"))


def load(name: str) -> Flow[..., object]:
    path, function = DEPLOYMENTS[name]["entrypoint"].split(":")
    return load_flow_from_entrypoint(f"{ROOT / path}:{function}")


def test_there_is_one_deployment_a_flow() -> None:
    deployed = [Path(item["entrypoint"].split(":")[0]).name for item in DEPLOYMENTS.values()]
    assert sorted(deployed) == FLOW_FILES


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_its_parameters_fit_its_flow(name: str) -> None:
    flow, parameters = load(name), DEPLOYMENTS[name]["parameters"]
    assert set(parameters) <= set(flow.parameters.properties)
    assert set(flow.validate_parameters(parameters)) >= set(parameters)


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_every_field_of_its_form_has_a_description(name: str) -> None:
    schema = load(name).parameters
    fields = dict(schema.properties)
    for model, definition in schema.definitions.items():
        fields |= {f"{model}.{field}": shape for field, shape in definition["properties"].items()}
    assert [
        field for field, shape in fields.items() if not shape.get("description") and "$ref" not in str(shape)
    ] == []


def test_the_deployments_are_these() -> None:
    assert {
        name: (item["entrypoint"], item["work_pool"]["name"], item["tags"])
        for name, item in DEPLOYMENTS.items()
    } == {
        "build-corpus": ("flows/build_corpus.py:build_corpus", "cpu-pool", ["cpu"]),
        "compare-corpora": ("flows/compare_corpora.py:compare_corpora", "cpu-pool", ["cpu"]),
        "build-index": ("flows/build_index.py:build_index", "cpu-pool", ["cpu"]),
        "find-contexts": ("flows/find_contexts.py:find_contexts", "cpu-pool", ["cpu"]),
        "train-embedder": ("flows/train_embedder.py:train_embedder", "gpu-pool", ["gpu"]),
        "train-sft": ("flows/train_sft.py:train_sft", "gpu-pool", ["gpu"]),
        "train-grpo": ("flows/train_grpo.py:train_grpo", "gpu-pool", ["gpu"]),
        "evaluate-models": ("flows/evaluate_models.py:evaluate_models", "gpu-pool", ["gpu"]),
        "release-model": ("flows/release_model.py:release_model", "gpu-pool", ["gpu"]),
        "serve-model": ("flows/serve_model.py:serve_model", "gpu-pool", ["gpu", "service"]),
        "research-factory": ("flows/research_factory.py:research_factory", "cpu-pool", ["cpu"]),
        "reindex-nightly": ("flows/refresh_index.py:refresh_index", "cpu-pool", ["cpu", "nightly"]),
        "raise-alert": ("flows/raise_alert.py:raise_alert", "cpu-pool", ["cpu", "alert"]),
    }


def test_the_nightly_run_is_alone() -> None:
    nightly = DEPLOYMENTS["reindex-nightly"]
    assert nightly["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    (schedule,) = nightly["schedules"]
    assert (schedule["cron"], schedule["timezone"]) == ("0 2 * * *", "Asia/Shanghai")

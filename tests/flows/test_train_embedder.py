"""The flow with the real tools on a very small model: killed in mid-training, the same command goes on to the end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL

from blocks.history import actions, current
from blocks.home import CHECKOUT
from blocks.store import ArtifactStore, local_copy
from datasets_registry.artifact import ArtifactRef
from datasets_registry.records import Document
from flows.build_index import build_index
from flows.train_embedder import train_embedder
from tasks.checkpoints.config import CPU_TINY, BaseConfig
from tasks.checkpoints.newest import newest_swift
from tasks.embedding.config import EmbedderConfig, PairConfig
from tasks.embedding.tasks import embed_by_model, model_embedding
from tasks.retrieval.config import EncodeConfig
from tasks.retrieval.index import Index
from tasks.runtime.encoder import Encoders
from tasks.runtime.metrics import read_metrics, series
from tasks.runtime.parts import encode_rows
from tasks.runtime.tools import Tool
from tests.tasks.checkpoints.conftest import SMALL

pytestmark = [pytest.mark.swift, pytest.mark.verl, pytest.mark.slow]

CONFIG = EmbedderConfig(
    device="cpu",
    encode=EncodeConfig(instruction="", max_tokens=64),
    pairs=PairConfig(passage_characters=60),
    target_modules=("all-linear",),
    learning_rate=1e-3,
    epochs=6,
    batch_size=4,
    accumulation=1,
    eval_steps=20,
    save_steps=5,
)
STEPS = CONFIG.total_steps(40)
SUBJECTS = ("碳配额", "央行利率", "基金净值", "公司债券", "股东减持", "净利润", "绿色电力", "指数期货")
ACTIONS = ("上涨", "下调", "发布公告", "创出新高", "触及预警线")


def run(corpus: str, questions: str) -> ArtifactRef:
    base = BaseConfig(name=CPU_TINY, tiny=SMALL)
    return train_embedder(corpus, base, CONFIG, questions, name="t")


DRIVER = """
import sys
from tests.flows.test_train_embedder import run
run(*sys.argv[1:])
"""


def publish_corpus(store: ArtifactStore) -> ArtifactRef:
    said = [f"{subject}{action}" for subject in SUBJECTS for action in ACTIONS]
    documents = [
        Document(
            f"d{n}", f"{what}。据统计，本周{what}，幅度为{n + 3}%，市场平稳。" * 3, what, None, "site", {}
        )
        for n, what in enumerate(said)
    ]
    rows = encode_rows(documents)
    return store.publish("corpus", [store.add_file(f"documents/00000.{rows.suffix}", rows.data, rows.rows)])


def kill_in_mid_training(home: Path, *words: str) -> int:
    """Start the flow in a process of its own and end it with kill -9 after a checkpoint; returns its step."""
    variables = os.environ | {"PREFECT_API_URL": PREFECT_API_URL.value(), "PYTHONPATH": str(CHECKOUT)}
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, *words], env=variables, cwd=CHECKOUT, start_new_session=True
    )
    deadline = time.monotonic() + 400
    found: Path | None = None
    while found is None:
        assert driver.poll() is None and time.monotonic() < deadline, "the training left no checkpoint"
        time.sleep(0.1)
        found = next((p for folder in home.glob("work/*/training") if (p := newest_swift(folder))), None)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()
    return int(found.name.removeprefix("checkpoint-"))


@flow(persist_result=False)
def embed(cut: ArtifactRef, model: ArtifactRef) -> ArtifactRef:
    return embed_by_model(cut, model, model_embedding(model), "cpu")


def test_an_embedder_is_trained_through_a_kill_and_put_to_use(
    prefect_store: ArtifactStore,
    tool: Callable[[str], Tool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tool("swift"), tool("verl")
    home, store = tmp_path / "home", prefect_store
    monkeypatch.setenv("FINLOOM_HOME", str(home))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    questions = tmp_path / "questions.jsonl"
    asked = [{"query": f"{subject}怎么样？", "gold": [f"d{n * 5}"]} for n, subject in enumerate(SUBJECTS)]
    questions.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in asked))
    corpus = publish_corpus(store)
    stopped = kill_in_mid_training(home, corpus.sha256, str(questions))
    assert 0 < stopped < STEPS

    report = read(store, run(corpus.sha256, str(questions)), "report.json")
    done = {action.task: action for action in actions(store)}
    (log,) = (store.get(key)[0].decode() for key in store.keys("logs/train-embedder/") if "swift" in key)
    assert log.count("Start time of running main") == 2
    training = done["train-embedder"].output
    assert "--resume_from_checkpoint" not in read(store, training, "command.json")["argv"]
    metrics = read_metrics(store.materialise(training, tmp_path / "training") / "metrics.jsonl")
    losses = series(metrics, "loss")
    assert [step for step, _ in losses] == [1, *range(5, STEPS + 1, 5)]
    assert losses[-1][1] < losses[1][1]

    tuned = store.tree(report["model"]).ref()
    proof = read(store, tuned, "proof.json")
    assert proof["to_adapted"]["largest"] < 1e-5 < proof["to_base"]["mean"]
    pointer = current(store, "index", "t-tuned")
    assert pointer is not None and pointer.target.sha256 == report["index_after"]
    better = report["comparison"]["methods"]["dense"]["rr@10"]["difference"] >= 0
    assert (report["promoted"] == "t") == better == (current(store, "embedder", "t") is not None)
    with Encoders(store) as encoders:
        opened = Index.open(local_copy(store, pointer.target), open_model=encoders.open)
        assert opened.manifest.embedding == model_embedding(tuned) == model_embedding(tuned, CONFIG.encode)
        assert len(opened.search("碳配额上涨", "dense")) == 5
    assert list((home / "work").iterdir()) == []

    # The nightly rebuild makes the same index, and embeds nothing again; nor does a corpus with the same shard.
    assert (
        build_index(corpus.sha256, embedder_name=tuned.sha256, device="cpu", name="n").sha256
        == report["index_after"]
    )
    cut = store.tree(done["split-passages"].output)
    embed(store.publish("index/passages again", cut.files), tuned)
    counts = [action.counts["embedded"] for action in actions(store) if action.task == "embed-by-model"]
    assert sorted(counts) == [0, 1, 1]


def read(store: ArtifactStore, ref: ArtifactRef, name: str) -> Any:  # noqa: ANN401 JSON
    return orjson.loads(store.get_blob(store.tree(ref).file(name).sha256))

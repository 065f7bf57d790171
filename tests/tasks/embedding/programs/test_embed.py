"""Our vectors are those that ms-swift trains: the same tokens, pooling and numbers; finished files are kept."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blocks.home import CHECKOUT
from tasks.embedding.command import embed_program
from tasks.runtime.encoder import Encoder, EncoderFailed
from tasks.runtime.programs import run_program
from tasks.runtime.tools import Tool

pytestmark = pytest.mark.swift

TEXTS = [
    "碳配额价格是多少？",
    "绿碳公司\n公司净利润同比增长12.5%，<|im_end|>详见公告。",
    " Q3 EPS 1.2 ",
    "短",
]

SAME_AS_SWIFT = """
import json, sys
import numpy as np
import torch
from swift.model import get_model_processor
from swift.template import get_template
from tasks.embedding.programs.embed import Encoder

folder, texts = sys.argv[1], json.loads(sys.argv[2])
model, processor = get_model_processor(folder, model_type="qwen3_emb", task_type="embedding", torch_dtype=torch.float32)
template = get_template(processor, template_type="qwen3_emb")
template.task_type = "embedding"
template.set_mode("train")
said = lambda text: [{"role": "user", "content": text}]
row = {
    "messages": said(texts[0]),
    "positive_messages": [said(texts[1])],
    "negative_messages": [said(text) for text in texts[2:]],
}
encoded = template.encode(row)
ours = Encoder(folder, 128)
theirs = [encoded["anchor_input_ids"], encoded["positive_input_ids"], *encoded["negative_input_ids"]]
assert theirs == [ours.token_ids(text) for text in texts], theirs
batch = template.data_collator([encoded])
batch.pop("labels")
with torch.no_grad():
    vectors = model.eval()(**batch)["last_hidden_state"].numpy()
apart = np.abs(vectors - ours.embed(texts)).max()
assert apart < 1e-5, apart
print("same")
"""


def run(tool: Callable[[str], Tool], *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [tool("swift").program("python"), *words],
        capture_output=True,
        text=True,
        check=check,
        env={"PYTHONPATH": str(CHECKOUT), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )


def test_tokens_and_vectors_are_those_of_swift(tool: Callable[[str], Tool], tiny_model: Path) -> None:
    done = run(tool, "-c", SAME_AS_SWIFT, str(tiny_model), json.dumps(TEXTS), check=False)
    assert done.stdout.strip().endswith("same"), done.stderr[-2000:]


def test_files_become_vectors_and_those_that_are_there_are_kept(
    tool: Callable[[str], Tool], tiny_model: Path, tmp_path: Path
) -> None:
    texts, vectors = tmp_path / "texts", tmp_path / "vectors"
    texts.mkdir()
    vectors.mkdir()
    for name in ("00000", "00001"):
        (texts / f"{name}.jsonl").write_text("".join(json.dumps(text) + "\n" for text in TEXTS))
    np.save(vectors / "00000.npy", np.ones((1, 1)))
    words = (
        "--model",
        str(tiny_model),
        "--max-tokens",
        "32",
        "--texts",
        str(texts),
        "--vectors",
        str(vectors),
    )
    run(tool, "-m", "tasks.embedding.programs.embed", *words)
    assert np.load(vectors / "00000.npy").shape == (1, 1)
    rows = np.load(vectors / "00001.npy")
    assert (rows.shape[0], rows.dtype) == (4, np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert sorted(path.name for path in vectors.iterdir()) == ["00000.npy", "00001.npy"]


def test_the_process_answers_what_the_files_say(tool: Callable[[str], Tool], tiny_model: Path) -> None:
    tool("swift")
    encoder = Encoder(tiny_model, 64)
    alone = np.concatenate([encoder.embed([text]) for text in TEXTS])
    together = encoder.embed(TEXTS * 100)
    assert np.allclose(together, np.tile(alone, (100, 1)), atol=1e-5)
    encoder.close()


def test_a_process_that_cannot_load_its_model_says_why(tool: Callable[[str], Tool], tmp_path: Path) -> None:
    tool("swift")
    encoder = Encoder(tmp_path, 64)
    with pytest.raises(EncoderFailed, match="it said last"):
        encoder.embed(["问"])
    encoder.close()


def test_shards_have_the_same_bytes_however_many_processes_share_them(
    tool: Callable[[str], Tool], tiny_model: Path, tmp_path: Path
) -> None:
    tool("swift")
    texts = tmp_path / "texts"
    texts.mkdir()
    for number in range(5):
        rows = (json.dumps(f"{text}{number}" * 20) + "\n" for text in TEXTS * (number + 1))
        (texts / f"{number:05d}.jsonl").write_text("".join(rows))
    kept = tmp_path / "vectors-2" / "00003.npy"
    kept.parent.mkdir()
    np.save(kept, np.ones((1, 1)))
    lines: list[str] = []
    for processes in (1, 2):
        program = embed_program(str(tiny_model), "texts", f"vectors-{processes}", 64, "cpu", processes)
        run_program(program, tmp_path, tmp_path / "log", lines.append)
    assert {line for line in lines if "of 2 shards" in line} == {
        f"process 1 embedded {done} of 2 shards" for done in (1, 2)
    }
    assert np.load(kept).shape == (1, 1)
    kept.unlink()
    alone = {path.name: path.read_bytes() for path in (tmp_path / "vectors-1").iterdir()}
    shared = {path.name: path.read_bytes() for path in (tmp_path / "vectors-2").iterdir()}
    assert alone.pop("00003.npy")
    assert shared == alone

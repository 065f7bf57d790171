"""Long texts are shortened as embedding shortens them, so that no row is left out of the training."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.home import CHECKOUT
from tasks.embedding.command import fit_program
from tasks.embedding.config import EmbedderConfig
from tasks.retrieval.config import EncodeConfig
from tasks.runtime.programs import run_program
from tasks.runtime.tools import Tool

pytestmark = pytest.mark.swift

LONG = "碳排放权交易市场🙂成交量同比增长12.5%，" * 20

SAME_TOKENS = """
import json, sys
from tasks.embedding.programs.embed import Encoder
encoder = Encoder(sys.argv[1], 32)
text, shortened = json.loads(sys.argv[2])
assert encoder.token_ids(text) == encoder.token_ids(shortened), shortened
"""


def test_the_shortened_text_has_the_tokens_that_embedding_reads(
    tool: Callable[[str], Tool], tiny_model: Path, tmp_path: Path
) -> None:
    python = str(tool("swift").program("python"))
    said = [[{"role": "user", "content": text}] for text in ("短问", LONG, LONG[3:])]
    row = {"messages": said[0], "positive_messages": [said[1]], "negative_messages": [said[2]], "id": "p"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    config = EmbedderConfig(device="cpu", encode=EncodeConfig(max_tokens=32))
    program = fit_program(str(tiny_model), "rows.jsonl", "out.jsonl", config)
    run_program(program, tmp_path, tmp_path / "log", lambda line: None)
    fitted = json.loads((tmp_path / "out.jsonl").read_text())
    assert (fitted["messages"], fitted["id"]) == (said[0], "p")
    for before, after in ((LONG, fitted["positive_messages"]), (LONG[3:], fitted["negative_messages"])):
        shortened = after[0][0]["content"]
        assert before.startswith(shortened) and 5 < len(shortened) < 60
        command = [python, "-c", SAME_TOKENS, str(tiny_model), json.dumps([before, shortened])]
        subprocess.run(command, check=True, env={"PYTHONPATH": str(CHECKOUT), "HF_HUB_OFFLINE": "1"})

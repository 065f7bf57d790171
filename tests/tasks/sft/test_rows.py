"""What verl trains on is the solution, whole; what stands before it is what the model is asked with everywhere."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from blocks.home import CHECKOUT
from tasks.agent.protocol import messages
from tasks.runtime.tools import Tool
from tasks.sft.command import sft_program
from tasks.sft.config import SftConfig
from tasks.sft.rows import write_rows
from tests.tasks.verl.training import compose, exercises

AS_TRAINED = """
import json, sys
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
given = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(given["model"])
asked = tokenizer.apply_chat_template(given["messages"], tokenize=False, add_generation_prompt=True)
tokenizer.chat_template = given["template"]
row = MultiTurnSFTDataset(given["rows"], tokenizer, OmegaConf.create(given["data"]))[0]
learnt = [int(token) for token, mask in zip(row["input_ids"], row["loss_mask"]) if mask]
print(json.dumps({
    "asked": asked, "whole": tokenizer.decode(row["input_ids"]), "learnt": tokenizer.decode(learnt),
}))
"""


def test_a_row_is_a_conversation(tmp_path: Path) -> None:
    (exercise,) = exercises(1)
    write_rows(tmp_path / "rows.parquet", [exercise])
    (row,) = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert row["messages"][:-1] == messages(exercise.question)
    assert row["messages"][-1] == {"role": "assistant", "content": exercise.solution}


@pytest.mark.verl
def test_the_solution_is_learnt_word_for_word(
    tool: Callable[[str], Tool], tiny_model: Path, tmp_path: Path
) -> None:
    verl, (exercise,) = tool("verl"), exercises(1)
    write_rows(tmp_path / "rows.parquet", [exercise])
    composed = compose(verl, "sft_trainer_engine", sft_program(SftConfig(), 1))
    given = {
        "model": str(tiny_model),
        "rows": str(tmp_path / "rows.parquet"),
        "template": composed["model"]["custom_chat_template"],
        "data": composed["data"],
        "messages": messages(exercise.question),
    }
    found = subprocess.run(
        [str(verl.program("python")), "-c", AS_TRAINED],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(CHECKOUT), "HF_HUB_OFFLINE": "1"},
    )
    as_trained = json.loads(found.stdout.splitlines()[-1])
    assert as_trained["learnt"] == f"{exercise.solution}<|im_end|>\n"
    assert as_trained["whole"] == as_trained["asked"] + as_trained["learnt"]

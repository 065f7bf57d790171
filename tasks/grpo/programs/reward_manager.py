"""verl's reward manager, which keeps special tokens: its own drops them, and with them the box around every answer.

The command names it as `reward.reward_manager`. It also notes down what every response earned, a JSON line each,
since verl logs the parts of a reward for validation only.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from transformers import PreTrainedTokenizerBase
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.base import RewardManagerBase


class BoxedRewardManager(RewardManagerBase):  # type: ignore[misc]  # verl has no types
    """Judges the last sequence of a trajectory by its text, special tokens included."""

    def __init__(
        self,
        config: Mapping[str, Mapping[str, str]],
        tokenizer: PreTrainedTokenizerBase,
        compute_score: Callable[..., dict[str, float]],
        **models: object,
    ) -> None:
        super().__init__(config, tokenizer, compute_score)
        folder = Path(config["reward"]["judged"])
        folder.mkdir(parents=True, exist_ok=True)
        self._judged = (folder / f"judged-{os.getpid()}.jsonl").open("a", encoding="utf-8")

    async def run_single(self, data: DataProto) -> dict[str, object]:
        """The score of one trajectory, and its parts."""
        item = data[-1]
        row, ids = item.non_tensor_batch, item.batch["responses"]
        length = int(item.batch["attention_mask"][-len(ids) :].sum())
        about = dict(row["extra_info"])
        earned = self.compute_score(
            data_source=row["data_source"],
            solution_str=self.tokenizer.decode(ids[:length], skip_special_tokens=False),
            ground_truth=row["reward_model"]["ground_truth"],
            extra_info=about,
        )
        noted = {"step": int(row["global_steps"]), "split": about["split"], **earned}
        self._judged.write(json.dumps(noted) + "\n")
        self._judged.flush()
        return {"reward_score": earned["score"], "reward_extra_info": earned}

"""What the Hugging Face model says, as the yardstick for every served form of it: token ids, prompts, next tokens.

Runs in the gguf environment:
`python -m tasks.release.programs.reference --model DIR --questions JSON --target JSON`; the questions are
`{"texts": [...], "conversations": [[{"role", "content"}, ...], ...], "prompts": [...]}`.
"""

import argparse
import json
from pathlib import Path
from typing import Any


def reference(model: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Ids of each text, rendered form of each conversation, and the best next token with its log-probability.

    The probabilities are of the model in float32.
    """
    import torch  # noqa: PLC0415 only there in the gguf environment
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415

    tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False, local_files_only=True)
    network = AutoModelForCausalLM.from_pretrained(
        model, dtype=torch.float32, trust_remote_code=False, local_files_only=True, use_safetensors=True
    ).eval()
    following = []
    with torch.inference_mode():
        for text in asked["prompts"]:
            ids = tokenizer.encode(text, add_special_tokens=False)
            logits = network(torch.tensor([ids])).logits[0, -1]
            best = int(logits.argmax())
            following.append({"ids": ids, "best": best, "logprob": float(logits.log_softmax(-1)[best])})
    return {
        "ids": [tokenizer.encode(text, add_special_tokens=False) for text in asked["texts"]],
        "rendered": [
            tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
            for conversation in asked["conversations"]
        ],
        "following": following,
    }


def main() -> None:
    """Read the command line and write the answers as JSON, whole or not at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--target", type=Path, required=True)
    arguments = parser.parse_args()
    asked = json.loads(arguments.questions.read_text(encoding="utf-8"))
    partial = arguments.target.with_name(f"{arguments.target.name}.partial")
    partial.write_text(json.dumps(reference(arguments.model, asked), ensure_ascii=False), encoding="utf-8")
    partial.replace(arguments.target)


if __name__ == "__main__":
    main()

"""Is a served GGUF file still the model that it was made from? Same token ids, same prompts, same next tokens.

The yardstick is the Hugging Face model itself (`programs/reference.py`). Texts are NFC: llama.cpp does not normalise,
so a text with decomposed accents is cut differently, which is reported and not judged.
"""

from pathlib import Path

import httpx
import orjson
from pydantic import BaseModel, ConfigDict, JsonValue

from tasks.agent.protocol import messages
from tasks.release.endpoint import Endpoint

TEXTS = (
    "营业收入同比增长42.5%，归母净利润12.30亿元；每股收益-0.05元。",
    "600519.SH 2024-03-05 1,234,567.89 3‰ 0.1+0.2≠0.3",
    "ＡＢＣ１２３％，．（）【】《》“”‘’……——",
    "  两个空格\t制表\r\n换行\n\n\n结尾  ",
    "\n \n\t\n",
    "<|im_start|>user\n问<|im_end|>\n<|im_start|>assistant\n",
    "<think>Step1: 1+1=2\nStep2: 完</think><answer><|box_start|>42.5%<|box_end|></answer>",
    '<tool_call>{"name": "search"}</tool_call><|endoftext|><|im_star|>',
    "I'll we've THEY'RE don't 'S 'Re",
    "https://example.com/a?b=c&d=%E4%BD%A0#e_f-g __init__(self, *args)",
    "👨‍👩‍👧‍👦 🇨🇳 ✅ 1️⃣ ㊗️",
    "𠮷野家 㐂 龘 々〆〇 ㍿ ①②③ ⅣⅫ",
    "零\u200b宽\ufeff字\u00a0符\u3000全角空格",
    "สวัสดี हिन्दी عربى Ελλάδα Ünïcödé",
    "!!!???....,,,;;;%%%$$$###@@@",
)
"""At least ten strings that tokenizers disagree about when anything is wrong."""

DECOMPOSED = "Cafe\u0301 Zu\u0308rich"

CONVERSATIONS: tuple[list[dict[str, str]], ...] = (
    messages("某公司营业收入由100亿元增至142.5亿元，增长多少？"),
    [{"role": "user", "content": "  前后有空格\n\n第二行  "}],
    [
        {"role": "system", "content": "你是金融推理助手。"},
        {"role": "user", "content": "选哪一个？A. 涨 B. 跌"},
        {"role": "assistant", "content": "<answer><|box_start|>A<|box_end|></answer>"},
        {"role": "user", "content": "为什么？"},
    ],
)

PROMPTS = (
    "营业收入同比增长",
    "银行理财产品的年化收益率为",
    "1+1=",
    "The net asset value of the fund",
    "<|im_start|>user\n碳配额价格是多少？<|im_end|>\n<|im_start|>assistant\n",
    "<think>Step1:",
)
"""Beginnings whose best next token and its log-probability are compared."""

CANDIDATES = 40
HARMLESS = 'root ::= "1"'
"""What may be sampled: llama-server fails on half a character. The probabilities are those before sampling."""
UNLIKELY = -100.0
"""The log-probability of a token that is not among the candidates."""


class NotTheSame(ValueError):
    """A served file is not the model that it was made from."""


class Following(BaseModel):
    """The ids of a prompt, the best next token after it, and the log-probability of that token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: list[int]
    best: int
    logprob: float


class Reference(BaseModel):
    """What the Hugging Face model says: the output of `programs/reference.py`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ids: list[list[int]]
    rendered: list[str]
    following: list[Following]


class Candidate(BaseModel):
    """A possible next token."""

    id: int
    logprob: float


class Step(BaseModel):
    """The candidates for one next token, the best first."""

    top_logprobs: list[Candidate]


class Completion(BaseModel):
    """The part of llama-server's answer to `/completion` that is used here."""

    completion_probabilities: list[Step]


class Comparison(BaseModel):
    """How a served file compares: texts cut alike, conversations rendered alike, next tokens.

    `difference` is the largest distance of a best next token's log-probability, in nats; `agreement` the share of
    prompts with the same best next token.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: int
    cut_differently: list[str]
    conversations: int
    rendered_differently: int
    agreement: float
    difference: float
    normalises: bool


def write_questions(path: Path) -> None:
    """Write what `programs/reference.py` is asked."""
    asked = {"texts": [*TEXTS, DECOMPOSED], "conversations": CONVERSATIONS, "prompts": PROMPTS}
    path.write_bytes(orjson.dumps(asked))


def compare(endpoint: Endpoint, expected: Reference) -> Comparison:
    """Ask a llama-server the same questions as the model."""
    with endpoint.client() as client:

        def ask(path: str, **body: JsonValue) -> httpx.Response:
            return client.post(path, json=body).raise_for_status()

        ids = [
            ask("/tokenize", content=text, add_special=False, parse_special=True).json()["tokens"]
            for text in (*TEXTS, DECOMPOSED)
        ]
        rendered = [
            ask("/apply-template", messages=[dict(turn) for turn in conversation]).json()["prompt"]
            for conversation in CONVERSATIONS
        ]
        likely = [
            _likely(
                ask("/completion", prompt=list(case.ids), n_predict=1, n_probs=CANDIDATES, grammar=HARMLESS)
            )
            for case in expected.following
        ]
    pairs = list(zip(likely, expected.following, strict=True))
    same = [max(found, key=found.__getitem__) == case.best for found, case in pairs]
    return Comparison(
        texts=len(TEXTS),
        cut_differently=[text for text, a, b in zip(TEXTS, ids, expected.ids, strict=False) if a != b],
        conversations=len(CONVERSATIONS),
        rendered_differently=sum(a != b for a, b in zip(rendered, expected.rendered, strict=True)),
        agreement=sum(same) / len(same),
        difference=max(abs(found.get(case.best, UNLIKELY) - case.logprob) for found, case in pairs),
        normalises=ids[-1] == expected.ids[-1],
    )


def check_comparison(found: Comparison, name: str, max_difference: float | None) -> None:
    """Make sure that a served file is the model; `max_difference` None leaves its probabilities unjudged.

    Raises:
        NotTheSame: it cuts a text, renders a conversation or continues a prompt differently.
    """
    if found.cut_differently:
        raise NotTheSame(
            f"{name} cuts {len(found.cut_differently)} of {found.texts} texts into other tokens than the model, "
            f"such as {found.cut_differently[0]!r}; its pre-tokenizer is not the model's"
        )
    if found.rendered_differently:
        raise NotTheSame(
            f"{name} renders {found.rendered_differently} of {found.conversations} conversations differently; "
            "llama-server must be given the model's own chat template"
        )
    if max_difference is not None and found.difference > max_difference:
        raise NotTheSame(
            f"{name} differs from the model by {found.difference:.3g} nats in a next token's log-probability, at most "
            f"{max_difference:g} are accepted; the conversion lost something"
        )


def _likely(answer: httpx.Response) -> dict[int, float]:
    """Token ids and log-probabilities of the candidates for one next token."""
    steps = Completion.model_validate_json(answer.content).completion_probabilities
    return {candidate.id: candidate.logprob for candidate in steps[0].top_logprobs}

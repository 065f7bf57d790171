"""What a response earns: the reward function that verl calls, in its environment, for every sampled response.

The command names it as `reward.custom_reward_function`, and hands it the weights of the parts. Standard library and
`tasks.verify` only.
"""

from collections.abc import Mapping

from tasks.verify.answers import is_right
from tasks.verify.response import boxed, parse


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, object],
    weights: Mapping[str, float],
    **more: object,
) -> dict[str, float]:
    """The weighted sum of the parts as `score`, and the parts; the same keys in every call, as verl wants it.

    Args:
        data_source: the name of the data set; all are judged alike.
        solution_str: the response, special tokens included.
        ground_truth: the right answer.
        extra_info: of the row; its `kind` says how the answer is judged.
        weights: how much each part counts, by its name.
        more: whatever else verl hands over.
    """
    earned = {
        name: value or 0.0
        for name, value in parts(solution_str, ground_truth, str(extra_info["kind"])).items()
    }
    score = sum(weights[name] * value for name, value in earned.items())
    return {"score": score, "format": earned["format"], "answer": earned["answer"]}


def parts(response: str, answer: str, kind: str) -> dict[str, float | None]:
    """Every part of the reward, from 0 to 1, or None where it is not judged."""
    given = boxed(response)
    right = False if given is None else is_right(given, answer, kind)
    return {
        "format": float(parse(response) is not None),
        "answer": None if right is None else float(right),
        "process": None,  # the place of a judge of single steps
    }

"""What an exercise is before it has an id, with its worked solution in the format that reasoners learn."""

from dataclasses import dataclass
from pathlib import Path

from datasets_registry.records import Exercise, ExerciseKind

BANKS = Path(__file__).parent / "wording"
"""The phrase banks of the exercises."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A question, its answer, and the steps to it; `topic` is what it is about, `parents` where its facts are from."""

    kind: ExerciseKind
    topic: str
    question: str
    answer: str
    steps: tuple[str, ...]
    parents: tuple[str, ...] = ()

    @property
    def solution(self) -> str:
        """The worked solution in the format that reasoners are trained to give."""
        thought = "\n".join(f"Step{number}: {step}" for number, step in enumerate(self.steps, start=1))
        return f"<think>{thought}</think><answer><|box_start|>{self.answer}<|box_end|></answer>"

    def exercise(self, id: str) -> Exercise:
        """The exercise of that id."""
        return Exercise(id, self.kind, self.topic, self.question, self.answer, self.solution, self.parents)


def lines(text: str) -> tuple[str, ...]:
    """The lines of a filled pattern, where `¶` ends one."""
    return tuple(text.split("¶"))

"""The card of a run: what was made, how well it finds, and what it answers."""

from pydantic import BaseModel, ConfigDict

from datasets_registry.artifact import ArtifactRef
from tasks.agent.answer import Answer
from tasks.retrieval.index import Method


class AnsweredQuestion(BaseModel):
    """A question, the date it was asked as of, and the answer of an index."""

    model_config = ConfigDict(frozen=True)

    question: str
    as_of: str | None
    answer: Answer

    def as_markdown(self) -> str:
        """The question, then every quote with where it stands, in Chinese."""
        lines = [f"### {self.question}", ""]
        for cited in self.answer.citations:
            quote = cited.quote.replace("\n", " ")
            lines += [
                f"> {quote}",
                ">",
                f"> `{cited.id}` {cited.published or '日期不详'} {cited.file}:{cited.line}",
                "",
            ]
        return "\n".join(lines)


class RunCard(BaseModel):
    """`card.json`: `methods` maps a search method to its metrics over `queries` questions."""

    model_config = ConfigDict(frozen=True)

    corpus: ArtifactRef
    index: ArtifactRef
    methods: dict[Method, dict[str, float]]
    queries: int
    answerable: int
    answers: tuple[AnsweredQuestion, ...]


class FactoryRun(BaseModel):
    """`run.json`: the addresses of what a whole run made; its page lies beside it."""

    model_config = ConfigDict(frozen=True)

    card: ArtifactRef
    models: ArtifactRef
    release: ArtifactRef

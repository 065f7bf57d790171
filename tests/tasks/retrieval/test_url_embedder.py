"""Vectors from a server: in order, of unit length, tried again, and never with the key in a message."""

from collections.abc import Iterator

import numpy as np
import pytest

from tasks.retrieval.config import UrlEmbedding
from tasks.retrieval.hashing import HashEmbedder
from tasks.retrieval.url_embedder import BadEmbeddings, EmbedderUnreachable, UrlEmbedder
from tests.fakes.embedding_server import Behaviour, embedding_server

TEXTS = [f"第{number}次降准释放资金" for number in range(5)]


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def url(behaviour: Behaviour) -> Iterator[str]:
    with embedding_server(behaviour) as address:
        yield address


def embedder(url: str | None, pauses: list[float] | None = None, **settings: object) -> UrlEmbedder:
    chosen = {"model": "m", "dimensions": 64, "url": url, "batch": 2, **settings}
    return UrlEmbedder(UrlEmbedding.model_validate(chosen), ([] if pauses is None else pauses).append)


@pytest.mark.parametrize("backwards", [False, True])
def test_rows_are_unit_vectors_in_the_order_of_texts(behaviour: Behaviour, url: str, backwards: bool) -> None:
    behaviour.backwards = backwards
    rows = embedder(url).passages(TEXTS)
    assert np.allclose(rows, HashEmbedder(64).embed(TEXTS), atol=1e-6)
    assert [len(texts) for texts in behaviour.asked] == [2, 2, 1]
    assert behaviour.models == {"m"}


def test_queries_and_passages_are_sent_with_their_prefixes(behaviour: Behaviour, url: str) -> None:
    asked = embedder(url, query_prefix="query: ", passage_prefix="passage: ")
    asked.queries(["降准"])
    asked.passages(["降准"])
    assert behaviour.asked == [["query: 降准"], ["passage: 降准"]]


def test_a_text_without_a_word_is_zero_and_not_sent(behaviour: Behaviour, url: str) -> None:
    rows = embedder(url).queries(["？！", "降准", ""])
    assert [bool(row.any()) for row in rows] == [False, True, False]
    assert behaviour.asked == [["降准"]]


def test_an_overloaded_server_is_tried_again_as_it_asks(behaviour: Behaviour, url: str) -> None:
    behaviour.failures, pauses = [503, 429], []
    assert embedder(url, pauses).queries(["降准"]).any()
    assert pauses == [0.5, 7.0]


def test_a_server_that_stays_away_is_named(behaviour: Behaviour, url: str) -> None:
    behaviour.failures, pauses = [500] * 9, []
    with pytest.raises(EmbedderUnreachable, match="gave no vectors in 4 tries, the last time: 500"):
        embedder(url, pauses).queries(["降准"])
    assert len(pauses) == 3
    with pytest.raises(EmbedderUnreachable, match="ConnectError"):
        embedder("http://127.0.0.1:9/v1").queries(["降准"])


def test_a_refusal_is_not_tried_again_and_never_shows_the_key(
    behaviour: Behaviour, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour.key = "right-key"
    monkeypatch.setenv("MY_KEY", "secret-of-mine")
    with pytest.raises(
        BadEmbeddings, match=r"refused 1 texts for model m: 401 wrong key: Bearer \*\*\*"
    ) as caught:
        embedder(url, key_variable="MY_KEY").queries(["降准"])
    assert "secret-of-mine" not in str(caught.value)
    assert len(behaviour.asked) == 1
    monkeypatch.setenv("MY_KEY", "right-key")
    assert embedder(url, key_variable="MY_KEY").queries(["降准"]).any()


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (None, r"vectors of shape \(1, 64\), wanted finite ones of shape \(1, 128\)"),
        (b'{"data": []}', r"wanted finite ones of shape \(1, 128\)"),
        (b"<html>", "wanted an OpenAI-style list"),
        (b'{"error": {}}', "wanted an OpenAI-style list"),
    ],
)
def test_an_answer_of_another_shape_is_refused(
    behaviour: Behaviour, url: str, body: bytes | None, wanted: str
) -> None:
    behaviour.body = body
    with pytest.raises(BadEmbeddings, match=wanted):
        embedder(url, dimensions=128).queries(["降准"])


def test_the_environment_may_name_the_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FINLOOM_EMBED_URL", raising=False)
    with pytest.raises(BadEmbeddings, match="FINLOOM_EMBED_URL"):
        embedder(None)
    monkeypatch.setenv("FINLOOM_EMBED_URL", f"{url}/")
    assert embedder(None).queries(["降准"]).any()


def test_an_address_with_a_password_in_it_is_refused() -> None:
    with pytest.raises(ValueError, match="url"):
        UrlEmbedding(model="m", dimensions=64, url="https://me:secret@example.org/v1")

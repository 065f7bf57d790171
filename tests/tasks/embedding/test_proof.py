"""A merge is believed only when it embeds as base and adapter do, and not as the base alone."""

import pytest

from tasks.embedding.proof import Distances, NotProven, Proof


def proof(to_adapted: float, to_base: float, largest: float | None = None) -> Proof:
    return Proof(
        texts=8,
        to_adapted=Distances(largest=to_adapted if largest is None else largest, mean=to_adapted),
        to_base=Distances(largest=to_base, mean=to_base),
    )


def test_an_exact_merge_is_proven() -> None:
    proof(1e-12, 0.4).require()
    proof(1e-5, 1e-3).require()


@pytest.mark.parametrize(
    "measured",
    [
        pytest.param(proof(0.4, 0.0), id="the base was published without its adapter"),
        pytest.param(proof(0.0, 0.0), id="the adapter does nothing"),
        pytest.param(proof(2e-4, 1e-3), id="rounding ate a part of it"),
        pytest.param(proof(1e-6, 0.4, largest=0.02), id="one text is far off"),
    ],
)
def test_anything_else_is_not(measured: Proof) -> None:
    with pytest.raises(NotProven, match="merge again, or train longer"):
        measured.require()

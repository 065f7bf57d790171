"""Which documents a search may see: a mask over the rows of an index, applied before anything is ranked.

A document that is masked can neither be found nor push out what can, and no hit has to be dropped afterwards. Word
statistics (idf, mean length) are those of the whole index whatever the filters.
"""

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.retrieval.passage_file import UNDATED, Labels

Mask = NDArray[np.bool_]
"""One flag a row: whether a search may see it."""

KEPT_MASKS = 16
"""Masks that an opened index keeps; one costs a byte a row, and a tenth of a millisecond to make for 40,000 rows."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search may see; without any, all documents that belong to no tenant.

    Args:
        as_of: only documents published on or before this day.
        undated: let documents without a date through `as_of` as well; without `as_of` they always pass.
        sources: only documents of these sources; empty for any.
        kinds: only documents of these kinds; empty for any.
        tenant: whose documents are seen besides those that belong to nobody; None for nobody's.
    """

    as_of: date | None = None
    undated: bool = False
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    tenant: str | None = None


def as_of_date(text: str) -> date:
    """The day that `YYYY-MM-DD` names; raises `ValueError` for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"as_of is {text!r}, wanted a date as YYYY-MM-DD") from error
    if day.isoformat() != text:
        raise ValueError(f"as_of is {text!r}, wanted a date as YYYY-MM-DD, such as {day}")
    return day


class Labelled(Protocol):
    """Rows with a day each, from which on they may be seen, and the source, kind and tenant of each."""

    days: NDArray[np.int32]
    sources: Labels
    kinds: Labels
    tenants: Labels


class Masks:
    """The masks of one opened index, the last `KEPT_MASKS` used ones kept; safe to share between threads."""

    def __init__(self, rows: Labelled) -> None:
        """Masks over these rows."""
        self._rows = rows
        self._kept: OrderedDict[Filters, Mask | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, filters: Filters) -> Mask | None:
        """The rows that a search may see, read-only; None where it may see all."""
        with self._lock:
            if filters in self._kept:
                self._kept.move_to_end(filters)
                return self._kept[filters]
        mask = self._made(filters)
        with self._lock:
            self._kept[filters] = mask
            if len(self._kept) > KEPT_MASKS:
                self._kept.popitem(last=False)
        return mask

    def _made(self, filters: Filters) -> Mask | None:
        rows = self._rows
        mask = labelled(rows.tenants, {"", filters.tenant or ""})
        if filters.sources:
            mask &= labelled(rows.sources, filters.sources)
        if filters.kinds:
            mask &= labelled(rows.kinds, filters.kinds)
        if filters.as_of is not None:
            dated = rows.days != UNDATED
            mask &= (dated | filters.undated) & (rows.days <= filters.as_of.toordinal())
        if mask.all():
            return None
        mask.flags.writeable = False
        return mask


def labelled(labels: Labels, wanted: Collection[str]) -> Mask:
    """The rows that have one of the wanted labels."""
    allowed = np.array([name in wanted for name in labels.names], np.bool_)
    return allowed[labels.codes]

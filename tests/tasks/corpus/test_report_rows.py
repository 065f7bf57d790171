"""The rows of the report: what counts as compared, ranges of lengths, years."""

from tasks.corpus.report_rows import SourceRow, length_bins, year_counts


def test_compared_texts_are_those_kept_and_those_that_repeat() -> None:
    source = SourceRow("甲报", rows=30, retained=20, kept=5, duplicates={"hash": 3, "ngram": 1})
    assert (source.repeated, source.compared) == (4, 9)


def test_lengths_fall_into_the_range_that_begins_with_them() -> None:
    bins = length_bins(before=[0, 99, 100, 10_000, 99_999], after=[200])
    assert [(one.label, one.before) for one in bins if one.before] == [
        ("< 100", 2),
        ("100–200", 1),
        ("≥ 10,000", 2),
    ]
    assert [one.label for one in bins if one.after] == ["200–500"]


def test_years_are_in_order_and_missing_dates_come_last() -> None:
    assert year_counts(["2024-01-02", None, "2009-12-31", "2024-05-06"]) == (
        ("2009", 1),
        ("2024", 2),
        ("", 1),
    )

"""All planted leaks, each with a seed whose history it was noticed by (access-policy 6, property 3)."""

from collections.abc import Callable
from typing import Final

import pytest
from property import leaks_of_reading as reading
from property import leaks_of_ruling as ruling
from property import leaks_of_writing as writing
from property.dates import Leak
from property.leaks_of_reading import Patch
from property.remembering import forget

Leaking = Callable[[Patch], None]
MOST_HISTORIES: Final = 500
"""Within which every leak must be noticed."""

LEAKS: Final[dict[Leaking, int]] = {
    reading.page_cut_before_filtering: 0,
    reading.more_counts_hidden_rows: 0,
    reading.hidden_contribution_shadows: 0,
    reading.hidden_first_version_ranks: 44,
    reading.own_hidden_contribution_shadows_for_the_feed: 0,
    reading.first_may_be_hidden: 7,
    reading.hidden_object_is_an_empty_page: 0,
    reading.last_date_of_the_collection: 0,
    reading.row_numbers_in_a_header: 0,
    reading.total_in_a_header: 0,
    reading.last_change_in_a_header: 0,
    reading.cursors_count_rows: 0,
    reading.epochs_in_a_header: 3,
    reading.hidden_versions_are_listed: 0,
    reading.hidden_is_told_from_unknown: 0,
    reading.references_to_the_hidden_are_served: 0,
    reading.what_is_hidden_later_stays_referred_to: 15,
    reading.older_versions_have_their_own_pins: 18,
    reading.deleted_targets_are_forgotten: 1,
    reading.strangers_are_pinned: 4,
    reading.dangling_references_wait_for_anybody: 11,
    reading.hidden_references_order_labels: 102,
    reading.labels_are_dated_by_number: 10,
    writing.creators_are_open: 0,
    writing.pending_versions_bind: 25,
    writing.hidden_owner_is_named: 8,
    writing.posted_before_is_a_failure: 1,
    writing.hidden_markings_are_known: 9,
    writing.deleting_the_hidden_is_forbidden: 8,
    writing.offsets_count_hidden_rows: 1,
    writing.flagged_rows_stand_alone: 10,
    writing.writes_of_all_share_a_quota: 3,
    writing.statuses_count_everything: 3,
    writing.labels_of_all_share_a_budget: 3,
    writing.equal_observables_are_one: 18,
    writing.versions_of_all_conflict: 7,
    writing.markings_of_all_conflict: 7,
    writing.pending_originals_bind: 211,
    writing.deleting_loosens: 28,
    writing.newer_versions_bind_nothing: 0,
    ruling.hidden_collections_are_forbidden: 0,
    ruling.hidden_collections_are_listed: 0,
    ruling.clearances_outlive_a_reload: 13,
    ruling.doors_outlive_a_reload: 50,
    ruling.judges_outlive_a_reload: 13,
    ruling.time_alone_opens: 4,
    ruling.clearances_outlive_retention: 3,
    ruling.holds_close_nothing: 27,
    ruling.new_versions_escape_a_hold: 79,
    ruling.holds_are_told_to_everybody_of_an_organisation: 43,
    ruling.curators_see_everything: 0,
    ruling.duties_date_neighbours: 14,
    ruling.jobs_date_neighbours: 1,
}


def caught_within(leak: Leaking, play: Callable[[int], object], first: int | None = None) -> int:
    """How many histories it takes until the leak is noticed, from seed 0 on or the `first` alone. Raises AssertionError if it goes unnoticed."""
    tried = range(MOST_HISTORIES) if first is None else [first, *range(MOST_HISTORIES)]
    forget()
    try:
        with pytest.MonkeyPatch.context() as patch:
            leak(patch)
            for count, seed in enumerate(tried, 1):
                try:
                    play(seed)
                except Leak:
                    return count
    finally:
        forget()
    msg = f"{leak.__name__} went unnoticed: {leak.__doc__}"
    raise AssertionError(msg)

"""All proofs that `make prove` runs: which property, which promise of the design it is about, and how much of it is played.

A proof is a function from a seed to how much was compared; it raises AssertionError if the property does not hold. `make test` plays a few seeds of each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from property import (
    test_complete_polling,
    test_explained,
    test_fail_closed,
    test_labels_close,
    test_noninterference,
    test_offsets,
    test_opening,
    test_pagination,
    test_revocation,
    test_stores_agree,
    test_two_engines,
    test_verify,
    test_who_saw,
)
from property.proving import Tally
from property.stage import OpenStage
from unit.access import test_cases

from benchmarks import crash, missed

Prove = Callable[[int, Path], int]


@dataclass(frozen=True)
class Proof:
    """A property of the product. `share`: how many histories it plays for each one asked for; `counts`: what it compares."""

    name: str
    promise: int
    test: str
    """The short version, as `module::function`."""
    prove: Prove
    share: float
    counts: str
    at_once: int = 10
    """How many histories make a piece of work."""
    least: int = 1

    def histories(self, asked: int) -> int:
        """How many histories are played."""
        return max(self.least, round(asked * self.share))


def _silent(stage: Callable[[Path], OpenStage]) -> Prove:
    return lambda seed, folder: test_noninterference.play(seed, stage(folder), Tally())


def _necessary(seed: int, _folder: Path) -> int:
    test_cases.test_every_policy_is_necessary(test_cases.IDS[seed % len(test_cases.IDS)])
    return 1


def _followed(seed: int, folder: Path) -> int:
    arrangement = missed.Arrangement(workers=1 + seed % 3, writers=3, objects=1_200, of_each=1, kills=2)
    counted = missed.count(f"sqlite:///{folder}/followed-{seed}.sqlite", folder, arrangement)
    assert counted.is_clean, counted
    return sum(each.received for each in counted.followed)


def _kept(seed: int, folder: Path) -> int:
    where = folder / f"kept-{seed}"
    where.mkdir()
    found = crash.Rounds(f"sqlite:///{where}/store.sqlite", where, Random(seed)).run(10)
    assert not found.wrong, found.wrong
    return found.acknowledged


_SILENCE: Final = "property/test_noninterference.py::test_promise_1_what_is_hidden_changes_no_byte"
_OVER: Final = "property/test_noninterference.py::test_promise_1_holds_over_files_and_sockets"
# A table is read by rows.
# fmt: off
PROOFS: Final[tuple[Proof, ...]] = (
    Proof("silence", 1, _SILENCE, _silent(test_noninterference.in_a_store), 1, "answers", 20),
    Proof("silence, over files", 1, _OVER, _silent(test_noninterference.in_a_file), 1 / 100, "answers", 4),
    Proof("silence, through sockets", 1, _OVER, _silent(test_noninterference.behind_a_socket), 1 / 100, "answers", 4),
    Proof("offsets count nothing hidden", 1, "property/test_offsets.py::test_promise_1_hidden_objects_of_an_envelope_change_no_offset",
          test_offsets.prove_one, 1 / 20, "dates", 40),
    Proof("markings only close", 1, "property/test_labels_close.py::test_promise_1_join_never_opens",
          test_labels_close.prove_one, 1 / 100, "open labels"),
    Proof("polling is complete", 2, "property/test_complete_polling.py::test_promise_2_pollers_get_everything_once_while_others_write",
          test_complete_polling.prove_one, 1 / 80, "versions", 4),
    Proof("nothing opens at an old position", 2,
          "property/test_opening.py::test_promise_2_nothing_that_refers_becomes_visible_at_an_old_position", test_opening.prove_one, 1 / 100, "dates", 4),
    Proof("pages are whole", 2, "property/test_pagination.py::test_promise_2_pages_together_are_the_whole_answer",
          test_pagination.prove_one, 1 / 40, "pages", 5),
    Proof("stores agree", 2, "property/test_stores_agree.py::test_promise_2_sqlite_answers_like_memory",
          test_stores_agree.prove_one, 1 / 50, "questions", 5),
    Proof("followers miss nothing while servers die", 2,
          "promises/test_polling_under_fire.py::test_nobody_misses_anything_while_servers_are_killed", _followed, 1 / 5000, "versions", 1),
    Proof("what was acknowledged is kept", 3, "promises/test_crash.py::test_nothing_acknowledged_is_lost_and_nothing_is_there_by_halves",
          _kept, 1 / 5000, "deeds", 1),
    Proof("a question with a fault is denied", 4, "property/test_fail_closed.py::test_promise_4_a_question_with_a_fault_is_denied",
          test_fail_closed.prove_questions, 1 / 20, "questions", 50),
    Proof("what is not understood is refused", 4,
          "property/test_fail_closed.py::test_promise_4_what_is_not_understood_is_refused_and_shown_to_nobody",
          test_fail_closed.prove_objects, 1 / 40, "objects", 20),
    Proof("spoilt files are refused", 4, "property/test_fail_closed.py::test_promise_4_spoilt_files_are_refused_or_understood",
          test_fail_closed.prove_files, 1 / 10, "files refused", 100),
    Proof("revocation is immediate", 4,
          "property/test_revocation.py::test_promise_4_what_is_closed_is_closed_to_every_request_that_begins_later",
          test_revocation.prove_one, 1 / 2000, "requests", 1),
    Proof("every policy is necessary", 4, "unit/access/test_cases.py::test_every_policy_is_necessary", _necessary, 0, "policies", 5, len(test_cases.IDS)),
    Proof("two engines agree", 5, "property/test_two_engines.py::test_promise_5_cedar_and_its_twin_agree_with_reasons_on_20000_questions",
          test_two_engines.prove_one, 1 / 200, "reasons", 5),
    Proof("what is explained is what is received", 5,
          "property/test_explained.py::test_promise_5_what_is_explained_is_what_is_received_and_no_more_than_may_be_known",
          test_explained.prove_one, 1 / 50, "versions", 5),
    Proof("every delivery is on record", 5, "property/test_who_saw.py::test_promise_5_what_was_served_is_told_to_who_may_audit_it",
          test_who_saw.prove_one, 1 / 50, "versions", 10),
    Proof("what deeds leave is sound", 5, "property/test_verify.py::test_promise_5_what_deeds_leave_is_sound",
          test_verify.prove_one, 1 / 50, "versions", 20),
)
# fmt: on

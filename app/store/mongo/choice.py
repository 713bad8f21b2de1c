"""Which of the versions under an id a reader is shown, as stages of a query: what `Selection` says of flagged rows, and of first and exact versions.

A version is compared with its siblings, all versions under its id that the reader may see, before anything is counted or cut.
"""

from collections.abc import Mapping
from typing import Any, Final

from app.store.contract import Selection
from app.store.pins import AWAITED
from app.taxii.query import Versions

Stage = Mapping[str, Any]

OWN_RANK: Final = -1
"""Below every rank: of an organisation's own contribution, tombstones count too."""
_IS_MINE: Final = {"$and": [{"$eq": ["$$sibling.contributor", "$contributor"]}, {"$eq": ["$$sibling.deleted", False]}]}
_KEYS: Final = {
    "$map": {"input": {"$filter": {"input": "$siblings", "as": "sibling", "cond": _IS_MINE}}, "as": "sibling", "in": "$$sibling.key"}
}
"""Of the versions of the same contribution."""
_IS_SERVED: Final = {"$let": {"vars": {"best": {"$first": "$siblings"}}, "in": {"$eq": ["$contributor", "$$best.contributor"]}}}
_IS_LAST: Final = {"$eq": ["$key", {"$max": "$keys"}]}
_IS_FIRST: Final = {"$eq": ["$key", {"$min": "$keys"}]}


def choosing(selection: Selection) -> list[Stage]:
    """The stages that let pass what the reader is shown, of versions under labels that he may see."""
    numbers = sorted(selection.numbers)
    return [
        {"$match": _not_withheld(selection.organisation, numbers)},
        {"$lookup": _siblings(selection, numbers)},
        {"$set": {"keys": _KEYS}},
        {"$match": {"$expr": {"$and": [_IS_SERVED, {"$or": _wanted(selection.versions)}]}}},
    ]


def _not_withheld(organisation: str, numbers: list[int]) -> dict[str, Any]:
    """His own, what is not flagged, and what has no pin under a label that he may not see."""
    hidden = {"$elemMatch": {"label": {"$nin": [*numbers, AWAITED]}}}
    return {"$or": [{"flagged": False}, {"contributor": organisation}, {"pins": {"$not": hidden}}]}


def _siblings(selection: Selection, numbers: list[int]) -> Stage:
    """All that the reader may see under the id, the contribution that he is shown first; of his own, what was deleted is there, too."""
    own = {"contributor": selection.organisation}
    seen = {"deleted": False, **_not_withheld(selection.organisation, numbers)}
    return {
        "from": "version",
        "localField": "object_id",
        "foreignField": "object_id",
        "pipeline": [
            {"$match": {"collection": selection.collection, "label": {"$in": numbers}, "$and": [{"$or": [own, seen]}]}},
            {"$set": {"rank": {"$cond": [{"$eq": ["$contributor", selection.organisation]}, OWN_RANK, "$rank"]}}},
            {"$sort": {"rank": 1, "contributor": 1}},
            {"$project": {"_id": 0, "contributor": 1, "key": 1, "deleted": 1}},
        ],
        "as": "siblings",
    }


def _wanted(versions: Versions) -> list[object]:
    if versions.all:
        return [True]
    exact = [{"$in": ["$key", sorted(versions.exact)]}] if versions.exact else []
    return [*([_IS_LAST] if versions.last else []), *([_IS_FIRST] if versions.first else []), *exact]

"""Canaries (access-policy 6, property 2): no answer holds a token or an id of something invisible.

Ids may stand in what a visible author wrote without having seen what they name; those that a client sent himself he knows. Beside that, collections
exist for those alone for whom the tables say so.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from property.cast import CURATOR, CURATORS, PATHS, alliance
from property.dates import Leak
from property.histories import Add, Deed, Reject
from property.ledger import Ledger
from property.observing import Observer
from property.stage import Answer, place
from property.written import ID, TOKEN

from app.access.actions import Action

_COLLECTION: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_PATH_OF: Final = {each.key.encode(): each.path for each in alliance().collections}
_OBJECTS_OF: Final = {f"GET {place(path)}objects/": path for path in PATHS}


class Watch:
    """Holds what one observer is told against what he may see."""

    def __init__(self, ledger: Ledger, observer: Observer) -> None:
        self._ledger = ledger
        self._observer = observer
        self._checked = 0
        self._sent: set[bytes] = set()
        self._reasons: set[bytes] = set()

    def enter(self, deed: Deed) -> None:
        """Take down what he sends himself, and the reasons of rejections, which are for submitters and curators."""
        mine, organisation = self._observer.client, self._observer.client.partition("/")[0]
        if deed.client == mine or (isinstance(deed, Add) and deed.client.partition("/")[0] == organisation):
            self._sent.update(ID.findall(repr(deed).encode()))
        if isinstance(deed, Reject) and (mine in {CURATOR, CURATORS[deed.path]} or deed.path.endswith(f"/{organisation}")):
            self._reasons.update(TOKEN.findall(deed.reason.encode()))

    def check(self, now: datetime) -> None:
        """Check what he was told since the last time. Raises Leak."""
        visible = self._ledger.visible[self._observer.client]
        tokens = self._reasons.union(*(each.tokens for each in visible))
        ids = self._sent.union(*(each.ids for each in visible))
        for question, answer in self._observer.seen[self._checked :]:
            shown = answer.body + b"".join(value for _, value in answer.headers)
            strangers = {*TOKEN.findall(shown)} - tokens or {*ID.findall(shown)} - ids
            if strangers:
                self._tell(f"may not see {min(strangers).decode()}", question, answer)
            for fault in self._doors(question, answer, now):
                self._tell(fault, question, answer)
        self._checked = len(self._observer.seen)

    def _doors(self, question: str, answer: Answer, now: datetime) -> Iterator[str]:
        """Whether collections open and exist as they should."""
        client, may = self._observer.client, self._ledger.may
        path = _OBJECTS_OF.get(question)
        if path is not None and answer.status != self._status(path, now):
            yield f"is answered {answer.status}"
        if question.endswith("/collections/"):
            named = {_PATH_OF[each] for each in _COLLECTION.findall(answer.body)}
            yield from (f"is told of {each}" for each in named if not may(client, Action.DISCOVER, each, now))

    def _status(self, path: str, now: datetime) -> int:
        """How a question for the objects of a collection is answered: hidden and unknown alike."""
        client, may = self._observer.client, self._ledger.may
        if may(client, Action.READ, path, now):
            return 200
        return 401 if not client else 403 if may(client, Action.DISCOVER, path, now) else 404

    def _tell(self, fault: str, question: str, answer: Answer) -> None:
        raise Leak(f"{self._observer.client or 'the public'} {fault}: {question} {answer}")

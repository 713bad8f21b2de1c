"""An observer: everything that one client asks of a stage, in the same words each time, and what came back."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from property.cast import ALLIANCE, CURATORS, IDENTITIES, INTAKES, PATHS, UNKNOWN_ID, WRITERS, terms_of
from property.histories import Add, Deed, Delete, Withdraw
from property.stage import Answer, Stage, place

ROOTS: Final = ("members", "exchange", "operations", "intake", "public", "nowhere")
_MOST_PAGES: Final = 40
_OWN_ID: Final = re.compile(rb'"id":"[0-9a-f]{8}-[0-9a-f-]{27}"')
_PROBED: Final = (*IDENTITIES, terms_of("ng-cert", 0)["id"], UNKNOWN_ID)
_LAST: Final = b"x-taxii-date-added-last"
_WALKS: Final = ("limit=1", "limit=3&match[version]=all", "limit=2&match[version]=first,2026-02-03T00:00:00.000Z&match[type]=indicator")
"""Through the objects of a collection, another one with every look."""


@dataclass
class Observer:
    """One client. `seen` is all that he was told, with his question before it; he goes on from the dates and cursors that he was given before."""

    client: str
    seen: list[tuple[str, Answer]] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    """Where the statuses of his organisation's writes are."""
    _last: dict[str, str] = field(default_factory=dict)
    _next: dict[str, str] = field(default_factory=dict)
    """Collection → a cursor that was not followed to its end."""
    _polled: str = ""
    _round: int = 0

    def note(self, question: str, answer: Answer) -> None:
        """Remember an answer; the random id of a status is taken out of it."""
        body = _OWN_ID.sub(b'"id":"status"', answer.body, count=1) if b'"request_timestamp"' in answer.body else answer.body
        self.seen.append((question, answer._replace(body=body)))

    def hear(self, deed: Deed, answer: Answer) -> None:
        """What became of a deed of his, or of a colleague: of that he is told by its status alone.

        What he takes back from everywhere an operator tells him, copies included that he does not see: it is not compared.
        """
        if isinstance(deed, Add) and answer.status == 202:
            self.statuses.append(f"/{deed.path.partition('/')[0]}/status/{answer.document['id']}/")
        if deed.client != self.client or isinstance(deed, Withdraw):
            return
        name = "POST" if isinstance(deed, Add) else "DELETE" if isinstance(deed, Delete) else type(deed).__name__
        self.note(f"{name} {deed.path}", answer)

    async def look(self, stage: Stage, paths: frozenset[str], ids: Sequence[str], *, in_full: bool) -> None:
        """Ask for everything there is in the collections `paths`, about the objects `ids` among others; `in_full` for what else there may be, too."""
        self._round += 1
        for root in ("taxii2", *ROOTS) if in_full else ():
            await self.get(stage, f"/{root}/")
            await self.get(stage, f"/{root}/collections/")
        for path in (*PATHS, "members/nowhere"):
            if in_full:
                await self.get(stage, place(path))
            if in_full or path in paths:
                found = await self.get(stage, f"{place(path)}objects/")
                if found.status == 200 and path in paths:
                    await self._collection(stage, path, (*ids, *_PROBED))
        for number, status in enumerate(self.statuses):
            self.note(f"GET status {number}", await stage.ask(self.client, "GET", status))
        if self.client in CURATORS.values():
            self.note("review", await stage.review(self.client))
        for path in INTAKES:
            if self.client in WRITERS[path]:
                self.note("rejected", await stage.rejected(self.client, path))
        self.note("holds", await stage.held(self.client))
        self.note("erasures", await stage.erased(self.client))

    async def poll(self, stage: Stage) -> None:
        """Ask for what is new in the busiest collection, from the date of the last header on, a few at a time."""
        after = f"&added_after={self._polled}" if self._polled else ""
        answer = await self.get(stage, f"{place(ALLIANCE)}manifest/?limit=3&match[version]=all{after}")
        self._polled = answer.header(_LAST) or self._polled

    async def _collection(self, stage: Stage, path: str, ids: Sequence[str]) -> None:
        where = place(path)
        if (last := self._last.get(path)) is not None:
            await self.get(stage, f"{where}objects/?added_after={last}")
        if (following := self._next.pop(path, None)) is not None:
            await self.get(stage, f"{where}objects/?next={following}&limit=2")
            await self.get(stage, f"{where}manifest/?next={following}&match[version]=last")
        async for answer in self._pages(stage, f"{where}manifest/?limit=2&match[version]=all"):
            self._last[path] = answer.header(_LAST) or self._last.get(path, "")
            self._next.setdefault(path, answer.document.get("next", "")) if answer.status == 200 else None
        async for _ in self._pages(stage, f"{where}objects/?{_WALKS[self._round % len(_WALKS)]}"):
            pass
        for number, object_id in enumerate(ids, self._round):
            if number % 2:
                await self.get(stage, f"{where}objects/{object_id}/")
            if number % 4 == 0:
                await self.get(stage, f"{where}objects/{object_id}/versions/")
            if number % 4 == 1:
                await self.get(stage, f"{where}objects/{object_id}/?match[version]=all&limit=2")
            if number % 4 == 2:
                await self.get(stage, f"{where}objects/{object_id}/?match[version]=2026-02-05T00:00:00.000Z,first")

    async def _pages(self, stage: Stage, target: str) -> AsyncIterator[Answer]:
        """A query and what follows it, with the query repeated."""
        following = ""
        for _ in range(_MOST_PAGES):
            answer = await self.get(stage, target + following)
            yield answer
            found = answer.document.get("next") if answer.status == 200 else None
            if found is None:
                return
            following = f"&next={found}"

    async def get(self, stage: Stage, target: str) -> Answer:
        """One question."""
        answer = await stage.ask(self.client, "GET", target)
        self.note(f"GET {target}", answer)
        return answer

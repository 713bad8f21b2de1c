"""An observer: everything that one client asks of a stage, in the same words each time, and what came back."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from property.histories import CURATOR, IDENTITIES, INTAKE, PATHS, UNKNOWN_ID, terms_of
from property.stage import Answer, Stage, place

_ROOTS: Final = ("members", "exchange", "operations", "intake", "public", "nowhere")
_MOST_PAGES: Final = 40
_OWN_ID: Final = re.compile(rb'"id":"[0-9a-f]{8}-[0-9a-f-]{27}"')
_PROBED: Final = (*IDENTITIES, terms_of("ng-cert", 0)["id"], UNKNOWN_ID)


@dataclass
class Observer:
    """One client. `seen` is all that he was told, with his question before it; he goes on from the dates that he was given before."""

    client: str
    seen: list[tuple[str, Answer]] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    """Where the statuses of his writes are."""
    _last: dict[str, str] = field(default_factory=dict)
    _round: int = 0

    def note(self, question: str, answer: Answer) -> None:
        """Remember an answer; the random id of a status is taken out of it."""
        if question.startswith("POST") and answer.status == 202:
            root = question.removeprefix("POST /").partition("/")[0]
            self.statuses.append(f"/{root}/status/{answer.document['id']}/")
        body = _OWN_ID.sub(b'"id":"status"', answer.body, count=1) if b'"request_timestamp"' in answer.body else answer.body
        self.seen.append((question, answer._replace(body=body)))

    async def look(self, stage: Stage, paths: frozenset[str], ids: Sequence[str]) -> None:
        """Ask for everything there is; in full of the collections `paths` and the objects `ids`, in short of the others."""
        self._round += 1
        for root in ("taxii2", *_ROOTS) if self._round == 1 else ():
            await self._get(stage, f"/{root}/")
            await self._get(stage, f"/{root}/collections/")
        for path in (*PATHS, "members/nowhere"):
            if (await self._get(stage, place(path))).status == 200 and path in paths:
                await self._collection(stage, path, (*ids, *_PROBED))
            await self._get(stage, f"{place(path)}objects/")
        for number, status in enumerate(self.statuses):
            self.note(f"GET status {number}", await stage.ask(self.client, "GET", status))
        if self.client == CURATOR:
            self.note("review", await stage.review(INTAKE))

    async def _collection(self, stage: Stage, path: str, ids: Sequence[str]) -> None:
        where = place(path)
        last = self._last.get(path)
        if last is not None:
            await self._get(stage, f"{where}objects/?added_after={last}")
        async for answer in self._pages(stage, f"{where}manifest/?limit=2&match[version]=all"):
            if (reached := answer.header(b"x-taxii-date-added-last")) is not None:
                self._last[path] = reached
        for query in (
            "limit=1",
            "limit=3&match[version]=all",
            "limit=2&match[version]=first,2026-02-03T00:00:00.000Z&match[type]=indicator",
        ):
            async for _ in self._pages(stage, f"{where}objects/?{query}"):
                pass
        for number, object_id in enumerate(ids):
            await self._get(stage, f"{where}objects/{object_id}/")
            if (number + self._round) % 3 == 0:
                await self._get(stage, f"{where}objects/{object_id}/?match[version]=all&limit=2")
                await self._get(stage, f"{where}objects/{object_id}/?match[version]=2026-02-05T00:00:00.000Z,first")
                await self._get(stage, f"{where}objects/{object_id}/versions/")

    async def _pages(self, stage: Stage, target: str) -> AsyncIterator[Answer]:
        """A query and what follows it, with the query repeated."""
        following = ""
        for _ in range(_MOST_PAGES):
            answer = await self._get(stage, target + following)
            yield answer
            found = answer.document.get("next") if answer.status == 200 else None
            if found is None:
                return
            following = f"&next={found}"

    async def _get(self, stage: Stage, target: str) -> Answer:
        answer = await stage.ask(self.client, "GET", target)
        self.note(f"GET {target}", answer)
        return answer

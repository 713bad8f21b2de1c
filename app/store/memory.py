"""The reference store: everything in memory, each promise of the contract kept in the plainest way."""

import asyncio
from copy import copy
from dataclasses import replace

from app.clock import to_micros
from app.errors import StoreUnavailable
from app.store.contract import Behind, Entry, InForce, Page
from app.store.dates import assign, margin


class State_:
    def __init__(self):
        self.rows = {}          # collection -> list[[StoredVersion, raw, pins]]
        self.labels = {}        # collection -> list[(label, organisation, at)]
        self.last = {}
        self.next_row = 1
        self.statuses = {}
        self.tokens = {}
        self.force = None

    def twin(self):
        t = State_()
        t.rows = {k: dict(v) for k, v in self.rows.items()}
        t.labels = {k: list(v) for k, v in self.labels.items()}
        t.last = dict(self.last)
        t.next_row = self.next_row
        t.statuses = dict(self.statuses)
        t.tokens = dict(self.tokens)
        t.force = self.force
        return t


class MemoryStore:
    shared = False

    def __init__(self, clock):
        self.clock = clock
        self.state = State_()
        self.lock = asyncio.Lock()

    async def page(self, s):
        st = self.state
        epoch = st.force.epoch if st.force else 0
        labels = st.labels.get(s.collection, [])
        if epoch != s.epoch or len(labels) > s.mark:
            return Behind(epoch, tuple((i + 1, l[0]) for i, l in enumerate(labels) if i + 1 > s.mark))
        rows = st.rows.get(s.collection, {})
        byid = {}
        for r, raw in rows.values():
            if s.ids is None or r.object_id in s.ids:
                byid.setdefault(r.object_id, []).append((r, raw))
        out = []
        for oid, lines in byid.items():
            contributions = {}
            for r, raw in lines:
                if r.label in s.numbers:
                    contributions.setdefault(r.contributor, []).append((r, raw))
            if s.organisation in contributions:
                mine = contributions[s.organisation]
            else:
                live = {c: v for c, v in contributions.items() if any(not r.deleted for r, _ in v)}
                if not live:
                    continue
                mine = live[min(live, key=lambda c: live[c][0][0].rank)]
            mine = sorted(((r, raw) for r, raw in mine if not r.deleted), key=lambda e: e[0].key)
            for i, (r, raw) in enumerate(mine):
                v = s.versions
                if v.all or (v.first and i == 0) or (v.last and i == len(mine) - 1) or r.key in v.exact:
                    if (s.types is None or r.object_type in s.types) and (s.after is None or r.date_added > s.after):
                        out.append((r, raw))
        out.sort(key=lambda e: e[0].date_added)
        entries, size = [], 0
        for r, raw in out:
            if len(entries) == s.limit or (entries and s.with_raw and size + len(raw) > s.budget):
                break
            size += len(raw)
            entries.append(Entry(r.row, r.object_id, r.version, r.date_added, raw if s.with_raw else b"", r.label, r.contributor))
        return Page(tuple(entries), more=len(entries) < len(out))

    async def transact(self, work, weight=1):
        async with self.lock:
            for attempt in range(8):
                tx = Tx(self, self.state.twin(), margin(weight, attempt))
                result = await work(tx)
                if tx.first is None or self.clock.now(0) <= tx.first:
                    self.state = tx.state
                    return result
            raise StoreUnavailable("clock")

    async def epoch(self):
        return self.state.force.epoch if self.state.force else 0

    async def in_force(self):
        return self.state.force

    async def status(self, i):
        s = self.state.statuses.get(i)
        return s if s and s.kept_until > self.clock.now(0) else None

    async def token(self, d):
        return self.state.tokens.get(d)

    async def tokens(self):
        return sorted(self.state.tokens.values(), key=lambda t: t.created)

    async def touch_tokens(self, used):
        for d, t in self.state.tokens.items():
            if t.id in used:
                self.state.tokens[d] = replace(t, last_used=used[t.id])

    async def count(self, c):
        return sum(1 for r, _ in self.state.rows.get(c, {}).values() if not r.deleted)

    async def ready(self):
        return True

    async def close(self):
        pass


class Tx:
    def __init__(self, store, state, margin_):
        self.store, self.state, self.margin, self.first = store, state, margin_, None

    async def epoch(self):
        return self.state.force.epoch if self.state.force else 0

    async def history(self, c, ids):
        found = {}
        wanted = set(ids)
        for r, _ in self.state.rows.get(c, {}).values():
            if r.object_id in wanted:
                found.setdefault(r.object_id, []).append(r)
        return found

    async def raw(self, c, rows):
        return {n: self.state.rows[c][n][1] for n in rows if not self.state.rows[c][n][0].deleted}

    async def labels(self, c, above=0):
        return [(i + 1, l[0]) for i, l in enumerate(self.state.labels.get(c, [])) if i + 1 > above]

    async def intern(self, c, labels, organisation):
        known = self.state.labels.setdefault(c, [])
        out = []
        for l in labels:
            i = next((i for i, k in enumerate(known) if k[0] == l), None)
            if i is None:
                known.append((l, organisation, self.store.clock.now(0)))
                i = len(known) - 1
            out.append(i + 1)
        return out

    async def labels_made(self, c, o, since):
        return sum(1 for _, org, at in self.state.labels.get(c, []) if org == o and at >= since)

    async def labels_in_use(self, c, o):
        used = {r.label for r, _ in self.state.rows.get(c, {}).values() if not r.deleted}
        return sum(1 for i, (_, org, _) in enumerate(self.state.labels.get(c, [])) if org == o and i + 1 in used)

    async def label_counts(self, c):
        n = {}
        for r, _ in self.state.rows.get(c, {}).values():
            if not r.deleted:
                n[r.label] = n.get(r.label, 0) + 1
        return n

    async def dates(self, c, runs):
        last = self.state.last.get(c, 0)
        dates = assign(last, self.store.clock.now(last) + self.margin, runs)
        if dates:
            self.state.last[c] = dates[-1]
            self.first = min(self.first or dates[0], dates[0])
        return dates

    async def put(self, c, arrivals):
        out = []
        for a in arrivals:
            n = self.state.next_row
            self.state.next_row += 1
            self.state.rows.setdefault(c, {})[n] = (replace(a.stored, row=n), a.raw)
            out.append(n)
        return out

    async def amend(self, c, amendments):
        for a in amendments:
            r, raw = self.state.rows[c][a.row]
            ch = {k: getattr(a, k) for k in ("label", "own", "state", "last", "flagged", "date_added", "deleted") if getattr(a, k) is not None}
            self.state.rows[c][a.row] = (replace(r, **ch), b"" if ch.get("deleted") else raw)

    async def save_status(self, s):
        self.state.statuses[s.id] = s

    async def adopt(self, document, digest):
        e = await self.epoch() + 1
        self.state.force = InForce(e, digest, document)
        return e

    async def add_token(self, t):
        self.state.tokens[t.digest] = t

    async def revoke_token(self, i, at):
        for d, t in self.state.tokens.items():
            if t.id == i and not t.revoked:
                self.state.tokens[d] = replace(t, revoked=at)
                return True
        return False

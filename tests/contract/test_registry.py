"""The alliance in force, statuses, tokens."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from contract.samples import START, Hands, House

from app.clock import to_micros
from app.store.contract import InForce, Store, StoredStatus, StoredToken, Transaction

NOW = to_micros(START)
TOKEN = StoredToken("t1", "ng-cert/misp", "aa" * 32, created=NOW, expires=0)
STATUS = StoredStatus("s1", "members", "ng-cert/misp", "ng-cert", b'{"id": "s1"}', kept_until=NOW + 1_000_000)


async def add(store: Store, *tokens: StoredToken) -> None:
    async def work(tx: Transaction) -> None:
        for token in tokens:
            await tx.add_token(token)

    await store.transact(work)


async def revoke(store: Store, token_id: str, at: int) -> bool:
    return await store.transact(lambda tx: tx.revoke_token(token_id, at))


async def save(store: Store, status: StoredStatus) -> None:
    await store.transact(lambda tx: tx.save_status(status))


async def test_no_alliance_is_in_force_at_first(store: Store) -> None:
    assert (await store.epoch(), await store.in_force()) == (0, None)


async def test_each_alliance_has_the_next_epoch(store: Store) -> None:
    """Access-policy case 38."""
    assert await store.transact(lambda tx: tx.adopt(b'{"first": 1}', "aa")) == 1
    assert await store.in_force() == InForce(1, "aa", b'{"first": 1}')
    assert await store.transact(lambda tx: tx.adopt(b'{"second": 2}', "bb")) == 2
    assert (await store.epoch(), await store.in_force()) == (2, InForce(2, "bb", b'{"second": 2}'))


async def test_a_status_is_kept_for_its_time(store: Store, hands: Hands) -> None:
    """T-4.3-02."""
    await save(store, STATUS)
    assert await store.status("s1") == STATUS
    assert await store.status("s2") is None
    hands.advance(timedelta(seconds=1))
    assert await store.status("s1") is None


async def test_a_status_that_is_over_goes_with_the_next(store: Store, hands: Hands) -> None:
    await save(store, STATUS)
    hands.advance(timedelta(seconds=2))
    await save(store, replace(STATUS, id="s2", kept_until=STATUS.kept_until * 2))
    hands.advance(timedelta(seconds=-2))
    assert await store.status("s1") is None


async def test_a_status_of_the_same_id_takes_the_place_of_the_former(store: Store) -> None:
    await save(store, STATUS)
    await save(store, replace(STATUS, document=b"{}"))
    assert await store.status("s1") == replace(STATUS, document=b"{}")


async def test_a_token_is_found_by_its_digest(store: Store) -> None:
    await add(store, TOKEN)
    assert await store.token(TOKEN.digest) == TOKEN
    assert await store.token("bb" * 32) is None


async def test_revoked_and_expired_tokens_are_found_too(store: Store) -> None:
    await add(store, TOKEN._replace(expires=NOW - 1))
    assert await revoke(store, "t1", NOW)
    assert await store.token(TOKEN.digest) == TOKEN._replace(expires=NOW - 1, revoked=NOW)


async def test_a_token_is_revoked_once(store: Store) -> None:
    await add(store, TOKEN)
    assert not await revoke(store, "t2", NOW)
    assert await revoke(store, "t1", NOW)
    assert not await revoke(store, "t1", NOW + 5)
    assert [token.revoked for token in await store.tokens()] == [NOW]


async def test_tokens_are_listed_oldest_first(store: Store) -> None:
    young, old = TOKEN._replace(id="a", created=NOW + 5), TOKEN._replace(id="b", digest="bb" * 32, created=NOW - 5)
    twin = TOKEN._replace(id="0", digest="cc" * 32, created=NOW + 5)
    await add(store, young, old, twin)
    assert list(await store.tokens()) == [old, young, twin]


async def test_the_last_use_of_tokens_is_set(store: Store) -> None:
    await add(store, TOKEN, TOKEN._replace(id="t2", digest="bb" * 32))
    await store.touch_tokens({"t1": NOW + 7, "unknown": NOW})
    await store.touch_tokens({"t1": NOW + 3})
    assert [token.last_used for token in await store.tokens()] == [NOW + 7, 0]
    assert await store.token(TOKEN.digest) == TOKEN._replace(last_used=NOW + 7)


async def test_many_uses_at_once_all_count(store: Store) -> None:
    await add(store, *(TOKEN._replace(id=f"t{number}", digest=str(number)) for number in range(10)))
    await asyncio.gather(*(store.touch_tokens({f"t{number}": NOW + number}) for number in range(10)))
    assert sorted(token.last_used for token in await store.tokens()) == [NOW + number for number in range(10)]


async def test_a_use_is_noted_while_a_write_is_open(store: Store) -> None:
    """Logging in never waits for somebody's import."""
    await add(store, TOKEN)
    open_write, may_end = asyncio.Event(), asyncio.Event()

    async def work(_tx: Transaction) -> None:
        open_write.set()
        await may_end.wait()

    writing = asyncio.create_task(store.transact(work))
    await open_write.wait()
    touching = asyncio.create_task(store.touch_tokens({"t1": NOW + 7}))
    await asyncio.sleep(0)
    may_end.set()
    await writing
    await touching
    assert [token.last_used for token in await store.tokens()] == [NOW + 7]


async def test_uses_outlive_an_orderly_end(shared_house: House) -> None:
    store = await shared_house.open()
    await add(store, TOKEN)
    await store.touch_tokens({"t1": NOW + 7})
    await store.close()
    again = await shared_house.open()
    assert [token.last_used for token in await again.tokens()] == [NOW + 7]


async def test_revocation_is_seen_by_other_instances_at_once(shared_house: House) -> None:
    """DESIGN 9: on all workers."""
    here, there = await shared_house.open(), await shared_house.open()
    await add(here, TOKEN)
    assert await there.token(TOKEN.digest) == TOKEN
    await revoke(here, "t1", NOW)
    assert (await there.token(TOKEN.digest) or TOKEN).revoked == NOW

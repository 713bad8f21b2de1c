"""A curator at work in a process of its own: ids come in by lines, what became of them goes out by lines. Made to be killed.

`python -m benchmarks.curator STORE INTAKE DESTINATION` does by the deeds themselves what `legation release` does, without starting anew each time.
"""

import asyncio
import sys

import orjson

from app.bootstrap import Settings, build_exchange, open_store
from app.sharing.curate import release

CURATOR = "secretariat/curator"


async def work(url: str, intake: str, destination: str) -> None:
    """Release until the input ends."""
    store = await open_store(url, create=False)
    try:
        exchange = build_exchange(store, Settings(store=url))
        for line in sys.stdin:
            done = await release(exchange, CURATOR, intake, orjson.loads(line), destination)
            sys.stdout.buffer.write(orjson.dumps([each.object_id for each in done if each.ok]) + b"\n")
            sys.stdout.buffer.flush()
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:4]))

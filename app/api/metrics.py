"""Figures for Prometheus, on an address of their own: nothing here names a client, a collection or an object.

With several workers each process writes its figures into files of one folder, and the supervisor adds them up when it is asked. For that the
folder must be named in the environment (`PROMETHEUS_MULTIPROC_DIR`) before a worker starts: `shared_folder` does both.
"""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""Edges of the histograms: from a poll that finds nothing to where clients give up."""
_DENIALS: Final = {401: "unauthenticated", 403: "denied", 404: "not found", 429: "quota"}


class Metrics:
    """The figures of one process. A child for each set of label values is looked up once and kept."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        # Half as many lines; Prometheus itself does not read the others.
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it without types
        self.registry = registry or CollectorRegistry()
        requests = Counter("legation_requests", "Requests answered", ["route", "method", "status"], registry=self.registry)
        seconds = Histogram("legation_request_seconds", "From request to last octet", ["route"], buckets=SECONDS, registry=self.registry)
        objects = Counter("legation_objects", "Objects served, added, failed", ["what"], registry=self.registry)
        denials = Counter("legation_denials", "Requests refused, by reason", ["route", "reason"], registry=self.registry)
        waits = Histogram(
            "legation_store_wait_seconds", "Time spent waiting for the store", ["what"], buckets=SECONDS, registry=self.registry
        )
        self._requests, self._denials = _Kept(requests), _Kept(denials)
        self._seconds, self._waits = _KeptHistogram(seconds), _KeptHistogram(waits)
        self._served, self._added, self._failed = (objects.labels(what) for what in ("served", "added", "failed"))
        if self.registry is not registry and FOLDER_VARIABLE not in os.environ:
            ProcessCollector(registry=self.registry)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answer; `status` 0 if the client left before there was one."""
        self._requests.child(route, method, f"{status // 100}xx" if status else "none").inc()
        self._seconds.child(route).observe(seconds)
        reason = _DENIALS.get(status)
        if reason is not None:
            self._denials.child(route, reason).inc()

    def objects(self, served: int, added: int, failed: int) -> None:
        """Count objects that left in pages, that were stored, and that were refused within an envelope."""
        for counter, amount in ((self._served, served), (self._added, added), (self._failed, failed)):
            if amount:
                counter.inc(amount)

    def waited(self, what: str, seconds: float) -> None:
        """Count a wait for the store: `read` a page, `write` a transaction."""
        self._waits.child(what).observe(seconds)


class _Kept:
    """Children of a counter, by their label values: `labels()` costs more than what is then counted."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._children: dict[tuple[str, ...], Counter] = {}

    def child(self, *values: str) -> Counter:
        found = self._children.get(values)
        if found is None:
            found = self._children[values] = self._counter.labels(*values)
        return found


class _KeptHistogram:
    """The same for a histogram."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram = histogram
        self._children: dict[str, Histogram] = {}

    def child(self, value: str) -> Histogram:
        found = self._children.get(value)
        if found is None:
            found = self._children[value] = self._histogram.labels(value)
        return found


@contextmanager
def shared_folder() -> Generator[Path]:
    """A folder in which all workers that start within this context leave their figures; it goes when the context ends."""
    with tempfile.TemporaryDirectory(prefix="legation-metrics-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[FOLDER_VARIABLE]


def sum_of_workers(folder: Path) -> CollectorRegistry:
    """A registry that adds up what the workers left in `folder`, each time it is asked."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]  # the library leaves it without types
    return registry


class Exposition:
    """A listener that answers GET on any path with the figures. `port` is the one taken, if 0 was asked for."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        self._server: WSGIServer
        self._server, self._thread = start_http_server(port, host, registry)
        self.port = self._server.server_port

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

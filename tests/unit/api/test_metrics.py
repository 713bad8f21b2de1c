"""Figures of one process and of several, on an address of their own."""

import subprocess
import sys
import urllib.request

from prometheus_client import CollectorRegistry

from app.api.metrics import Exposition, Metrics, shared_folder, sum_of_workers


def figure(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_waits_for_the_store_are_counted() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.waited("read", 0.002)
    metrics.waited("read", 0.003)
    metrics.waited("write", 1.0)
    assert figure(metrics, "legation_store_wait_seconds_count", what="read") == 2
    assert figure(metrics, "legation_store_wait_seconds_sum", what="write") == 1.0


def scraped(exposition: Exposition) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{exposition.port}/metrics", timeout=5) as answer:
        return answer.read().decode()


async def test_figures_are_shown_on_an_address_of_their_own() -> None:
    metrics = Metrics()
    metrics.request("/taxii2/", "GET", 200, 0.01)
    exposition = Exposition("127.0.0.1", 0, metrics.registry)
    text = scraped(exposition)
    exposition.close()
    assert 'legation_requests_total{method="GET",route="/taxii2/",status="2xx"} 1.0' in text
    assert "process_resident_memory_bytes" in text


WORKER = """
from app.api.metrics import Metrics
metrics = Metrics()
metrics.request("/taxii2/", "GET", 200, 0.01)
metrics.objects(served=7, added=0, failed=0)
"""


def test_the_figures_of_all_workers_are_added_up() -> None:
    with shared_folder() as folder:
        workers = [subprocess.Popen([sys.executable, "-c", WORKER]) for _ in range(2)]
        assert [worker.wait(60) for worker in workers] == [0, 0]
        exposition = Exposition("127.0.0.1", 0, sum_of_workers(folder))
        text = scraped(exposition)
        exposition.close()
    assert 'legation_requests_total{method="GET",route="/taxii2/",status="2xx"} 2.0' in text
    assert 'legation_objects_total{what="served"} 14.0' in text
    assert not folder.exists()

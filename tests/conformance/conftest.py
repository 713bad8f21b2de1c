"""Which stores the conformance tests are run over: the one in memory, a sample over MongoDB too, with `--every-store` all over all."""

import pytest
from stores import KINDS

SAMPLE = frozenset(
    {"test_3_5_pagination", "test_4_3_status", "test_5_3_manifest", "test_5_5_add_objects", "test_5_7_delete", "test_5_8_versions"}
)
"""What asks most of a store."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say which stores the shared server stands on, where it matters."""
    if "server" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("every_store"):
        metafunc.parametrize("server", KINDS, indirect=True, scope="session")
    elif metafunc.module.__name__.rpartition(".")[2] in SAMPLE:
        metafunc.parametrize("server", ["memory", "mongodb"], indirect=True, scope="session")

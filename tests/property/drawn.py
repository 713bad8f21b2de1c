"""Examples that Hypothesis draws, the same for the same seed: so that proofs that use it are counted, and found again, like all others."""

from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, Phase, seed, settings

Test = TypeVar("Test", bound=Callable[..., None])


def drawn_from(number: int, examples: int) -> Callable[[Test], Test]:
    """Draw so many examples from a seed; nothing is remembered from one run for the next."""
    phases = (Phase.generate, Phase.shrink)
    set_up = settings(max_examples=examples, deadline=None, database=None, phases=phases, suppress_health_check=list(HealthCheck))
    return lambda test: seed(number)(set_up(test))

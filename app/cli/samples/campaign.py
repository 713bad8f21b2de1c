"""A prevention campaign: what the secretariat might tell everybody, at TLP:CLEAR."""

from app.cli.samples.builder import BEGIN, Builder, Parties, written
from app.cli.samples.story import ADVICE
from app.stix.handling import Tlp

SEED = 7


def prevention(parties: Parties) -> list[dict[str, object]]:
    """Advice, and a report that holds it together."""
    builder = Builder(parties, seed=SEED)
    builder.introduce()
    advice = [builder.add("course-of-action", Tlp.CLEAR, name=name, description=text) for name, text in ADVICE.items()]
    builder.add(
        "report",
        Tlp.CLEAR,
        name="Think twice, pay once",
        description="Seven habits that make most of this year's campaigns fail.",
        report_types=["campaign"],
        published=written(BEGIN),
        object_refs=[ref.id for ref in advice],
    )
    return builder.objects

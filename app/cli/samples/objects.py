"""From the story to objects: each campaign becomes indicators, observables, sightings, reports and the relationships between them.

Whatever refers to something is at least as closed as that, so that nobody receives half of a thought.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.cli.samples.builder import BEGIN, Builder, Parties, Ref, strictest, written
from app.cli.samples.patterns import Pattern, observable_patterns, rules
from app.cli.samples.story import ACTORS, ADVICE, FLAWS, PLACES, TALES, TECHNIQUES, Tale
from app.stix.handling import Tlp

VALID: Final = timedelta(days=730)


def feed(parties: Parties) -> list[dict[str, object]]:
    """The objects of the feed: definitions and identities before what uses them, ends before relationships."""
    builder = Builder(parties)
    builder.introduce()
    shared = _Shared(
        region=builder.restrict("for the region", Tlp.AMBER, releasable_to=list(parties.region)),
        recipients=builder.restrict("for named readers", Tlp.RED, recipients=list(parties.recipients)),
        techniques={name: builder.add("attack-pattern", Tlp.CLEAR, name=name, description=text) for name, text in TECHNIQUES.items()},
        places=[builder.add("location", Tlp.CLEAR, name=name, region=region) for name, region in PLACES],
    )
    advice = [builder.add("course-of-action", Tlp.CLEAR, name=name, description=text) for name, text in ADVICE.items()]
    flaws = [builder.add("vulnerability", Tlp.CLEAR, name=name, description=text) for name, text in FLAWS.items()]
    for remedy, technique in zip(advice, shared.techniques.values(), strict=False):
        builder.relate(remedy, "mitigates", technique)
    for number, tale in enumerate(TALES):
        _Telling(builder, shared, tale, number).tell()
    for flaw, (_, family) in zip(flaws, shared.families.values(), strict=False):
        builder.relate(family, "exploits", flaw)
    return builder.objects


@dataclass(slots=True)
class _Shared:
    """What several campaigns refer to. Families and actors appear at the level of the campaign that first tells of them."""

    region: Ref
    recipients: Ref
    techniques: dict[str, Ref]
    places: list[Ref]
    families: dict[str, tuple[str, Ref]] = field(default_factory=dict[str, tuple[str, Ref]])
    actors: dict[str, Ref] = field(default_factory=dict[str, Ref])


@dataclass(slots=True)
class _Telling:
    """One campaign on its way into the feed."""

    builder: Builder
    shared: _Shared
    tale: Tale
    number: int

    def tell(self) -> None:
        """Add the campaign with all that belongs to it."""
        campaign, family = self._actors()
        servers = self._servers(family)
        observables = self._observables()
        indicators = [self._indicator(pattern, place) for place, pattern in enumerate(self._patterns(observables))]
        for indicator in indicators[::3]:
            self.builder.relate(indicator, "indicates", family)
        for indicator, observable in zip(indicators[:4], observables.values(), strict=False):
            self.builder.relate(indicator, "based-on", observable)
        sightings = list(self._sightings(indicators, list(observables.values())))
        self._words(campaign, [family, *servers, *indicators[:8]], sightings)

    def _actors(self) -> tuple[Ref, Ref]:
        tale = self.tale
        campaign = self._add(
            "campaign", tale.level, name=tale.campaign, description=tale.summary, first_seen=written(BEGIN - timedelta(days=40))
        )
        name, kind = tale.malware
        if tale.actor not in self.shared.actors:
            actor = self._add("intrusion-set", tale.level, name=tale.actor, description=ACTORS[tale.actor], resource_level="team")
            self.shared.actors[tale.actor] = actor
        if name not in self.shared.families:
            self.shared.families[name] = kind, self._add("malware", tale.level, name=name, malware_types=[kind], is_family=True)
        victims = self._add("identity", tale.level, name=f"Victims in {tale.sector}", identity_class="class", sectors=[tale.sector])
        family = self.shared.families[name][1]
        relate = self.builder.relate
        relate(campaign, "attributed-to", self.shared.actors[tale.actor])
        relate(campaign, "uses", family)
        relate(campaign, "targets", victims)
        for technique in tale.techniques:
            relate(campaign, "uses", self.shared.techniques[technique])
        relate(victims, "located-at", self.shared.places[self.number % len(self.shared.places)])
        return campaign, family

    def _servers(self, family: Ref) -> list[Ref]:
        roles = (("command-and-control", "answers the implant"), ("phishing", "shows the forged page"))
        servers = [
            self._add(
                "infrastructure", self.tale.detail, name=f"{self.tale.campaign}: {role}", infrastructure_types=[role], description=text
            )
            for role, text in roles
        ]
        for server in servers:
            self.builder.relate(family, "communicates-with", server)
        return servers

    def _observables(self) -> dict[str, Ref]:
        """Pattern → observable, in turns at the level of the campaign and of its closer half."""
        found: dict[str, Ref] = {}
        for place, (pattern, kind, properties) in enumerate(observable_patterns(self.builder, self.tale.theme, self.number)):
            found[pattern] = self.builder.observe(kind, self._level(place), self._terms(self._level(place)), **properties)
        source, target = [ref for ref in found.values() if ref.id.startswith("ipv4-addr")][:2]
        level, marking = strictest((source, target))
        traffic = {"src_ref": source.id, "dst_ref": target.id, "protocols": ["ipv4", "tcp", "https"], "dst_port": 443}
        self.builder.observe("network-traffic", level, marking, **traffic)
        return found

    def _patterns(self, observables: dict[str, Ref]) -> Iterator[Pattern]:
        for pattern in observables:
            yield Pattern("stix", pattern, "Seen in the campaign")
        yield from rules(self.tale.theme, self.tale.malware[0], self.number)

    def _indicator(self, pattern: Pattern, place: int) -> Ref:
        return self._add(
            "indicator",
            self._level(place),
            name=f"{self.tale.campaign}: {pattern.kind} {place + 1}",
            description=pattern.text,
            indicator_types=["malicious-activity"],
            pattern=pattern.pattern,
            pattern_type=pattern.kind,
            valid_from=written(BEGIN),
            valid_until=written(BEGIN + VALID),
            confidence=55 + 5 * (place % 9),
            kill_chain_phases=[{"kill_chain_name": "sample-chain", "phase_name": "delivery" if place % 2 else "control"}],
        )

    def _sightings(self, indicators: list[Ref], observables: list[Ref]) -> Iterator[Ref]:
        span = {"first_observed": written(BEGIN), "last_observed": written(BEGIN + timedelta(days=self.number + 1))}
        for indicator, seen in ((indicators[0], observables[:3]), (indicators[1], observables[3:6])):
            level, marking = strictest(seen)
            observed = self.builder.add(
                "observed-data", level, marking, **span, number_observed=3 + self.number, object_refs=[ref.id for ref in seen]
            )
            level, marking = strictest((indicator, observed))
            yield self.builder.add(
                "sighting",
                level,
                marking,
                count=3 + self.number,
                sighting_of_ref=indicator.id,
                observed_data_refs=[observed.id],
                where_sighted_refs=[self.shared.places[self.number % len(self.shared.places)].id],
            )

    def _words(self, campaign: Ref, about: list[Ref], sightings: list[Ref]) -> None:
        tale = self.tale
        level, marking = strictest([campaign, *about])
        report: dict[str, object] = {"name": f"{tale.campaign}: what is known", "report_types": ["campaign"], "description": tale.summary}
        report["published"] = written(BEGIN + timedelta(days=20 + self.number))
        self.builder.add("report", level, marking, **report, object_refs=[ref.id for ref in (campaign, *about)])
        level, marking = strictest(sightings)
        grouping = {"name": f"{tale.campaign}: sightings", "context": "suspicious-activity"}
        self.builder.add("grouping", level, marking, **grouping, object_refs=[ref.id for ref in sightings])
        level, marking = strictest((campaign,))
        note = f"Ask {self.builder.parties.name} before blocking: two shared hosts are among the addresses."
        self.builder.add("note", level, marking, abstract="Before you block", content=note, object_refs=[campaign.id])
        self.builder.add(
            "opinion", level, marking, opinion="agree", explanation="Two of our customers saw the same.", object_refs=[campaign.id]
        )
        contents = {"fr": {"name": f"{tale.campaign} (traduction)"}, "es": {"name": f"{tale.campaign} (traducción)"}}
        self.builder.add("language-content", level, marking, object_ref=campaign.id, contents=contents)

    def _level(self, place: int) -> Tlp:
        return self.tale.detail if place % 2 else self.tale.level

    def _terms(self, level: Tlp) -> Ref | None:
        """TLP:RED always names its readers; the region's objects stay there."""
        if level is Tlp.RED:
            return self.shared.recipients
        return self.shared.region if self.tale.terms == "region" else None

    def _add(self, kind: str, level: Tlp, **properties: object) -> Ref:
        return self.builder.add(kind, level, self._terms(level), **properties)

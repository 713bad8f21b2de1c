"""What a schema cannot say: musts that tie properties to each other or follow other grammars (STIX 2.1, section at each rule).

`fault_of_rules` expects content that its schema accepts. Each rule is a function of the content that returns the fault as a sentence, or None.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, cast

from app.errors import quoted
from app.stix.identifiers import OBSERVABLE_TYPES, RELATIONSHIP_TYPES, type_of, uuid_version
from app.stix.patterns import check_pattern
from app.stix.syntax import (
    is_cpe,
    is_domain_name,
    is_email_address,
    is_ipv4,
    is_ipv6,
    is_language_tag,
    is_mac,
    is_property_name,
    is_url,
    selects,
)
from app.stix.targets import fault_of_local_targets, fault_of_targets
from app.stix.timestamps import version_key
from app.stix.validation import SCHEMA_BY_TYPE, fault_of_container, is_custom_observable

Content = dict[str, object]
Rule = Callable[[Content], str | None]

_SPEC_VERSION: Final = "2.1"
_UNVERSIONED: Final = ("created", "modified", "created_by_ref", "revoked")
_CVE: Final = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}+", re.ASCII)
_CAPEC: Final = re.compile(r"CAPEC-[0-9]++", re.ASCII)

_ORDERED: Final[dict[str, tuple[str, str, bool]]] = {
    **dict.fromkeys(
        ("campaign", "infrastructure", "intrusion-set", "malware", "sighting", "threat-actor"), ("first_seen", "last_seen", True)
    ),
    "indicator": ("valid_from", "valid_until", False),
    "network-traffic": ("start", "end", True),
    "observed-data": ("first_observed", "last_observed", True),
    "relationship": ("start_time", "stop_time", False),
}
"""Earlier property, later property, whether they may be equal."""

_CONTRIBUTING: Final[dict[str, tuple[str, ...]]] = {
    "email-message": ("from_ref", "subject", "body"),
    "process": (),
    "user-account": ("account_type", "user_id", "account_login"),
    "windows-registry-key": ("key", "values"),
    "x509-certificate": ("hashes", "serial_number"),
}
"""Observables whose properties that make up the id are all optional: without any of them the id must be a UUIDv4 (§2.9)."""

_VALUES: Final[dict[str, tuple[str, Callable[[str], bool], str]]] = {
    "domain-name": ("value", is_domain_name, "a domain name"),
    "email-addr": ("value", is_email_address, "an e-mail address without a display name"),
    "ipv4-addr": ("value", is_ipv4, "an IPv4 address or block (`198.51.100.0/24`)"),
    "ipv6-addr": ("value", is_ipv6, "an IPv6 address or block (`2001:db8::/96`)"),
    "mac-addr": ("value", is_mac, "a MAC address in lower case with colons"),
    "url": ("value", is_url, "a URL with its scheme"),
    "artifact": ("url", is_url, "a URL with its scheme"),
}


def fault_of_version(content: Content, kind: str) -> str | None:
    """Whether an object is of another version of STIX: told before its schema, which would only miss properties (§3.2)."""
    version = content.get("spec_version")
    if version == _SPEC_VERSION:
        return None
    if version is None:
        is_observable = kind in OBSERVABLE_TYPES or (kind not in SCHEMA_BY_TYPE and is_custom_observable(content))
        return None if is_observable else "`spec_version` is missing, so this is a STIX 2.0 object; convert to 2.1"
    if version == "2.0":
        return "`spec_version` is `2.0`; convert to 2.1"
    return f"`spec_version` must be the string `2.1`, not {quoted(version)}"


def fault_of_rules(content: Content, kind: str) -> str | None:
    """The first rule that an object of type `kind` breaks, or None."""
    for rule in _RULES.get(kind, _CUSTOM_RULES):
        fault = rule(content)
        if fault is not None:
            return fault
    return None


def fault_of_null(content: Content) -> str | None:
    """Where a null stands, at any depth: a property without a value is left out (§2, §3.1)."""
    waiting: list[tuple[str, object]] = list(content.items())
    while waiting:
        name, value = waiting.pop()
        if value is None:
            return f"{quoted(name)} is null; leave the property out"
        if isinstance(value, dict):
            waiting.extend(cast("Content", value).items())
        elif isinstance(value, list):
            waiting.extend((name, item) for item in cast("list[object]", value))
    return None


def _own_id(content: Content) -> str | None:
    """§2.9: the identifier names the object's own type."""
    identifier, kind = str(content["id"]), str(content["type"])
    return None if type_of(identifier) == kind else f"`id` must begin with {quoted(kind + '--')}, not {quoted(type_of(identifier) + '--')}"


def _creator(content: Content) -> str | None:
    """§3.2: who creates an object is an identity."""
    creator = content.get("created_by_ref")
    return (
        None if creator is None or str(creator).startswith("identity--") else f"`created_by_ref` must be an identity, not {quoted(creator)}"
    )


def _object_markings(content: Content) -> str | None:
    """§7.2.2, §3.2: object markings are marking definitions; none marks itself."""
    for reference in cast("list[str]", content.get("object_marking_refs", ())):
        if not reference.startswith("marking-definition--"):
            return f"`object_marking_refs` must be marking definitions, not {quoted(reference)}"
        if reference == content["id"]:
            return "a marking definition cannot mark itself"
    return None


def _granular_markings(content: Content) -> str | None:
    """§7.2.3: the selectors name what is there; the language is a language; none marks itself."""
    for entry in cast("list[Content]", content.get("granular_markings", ())):
        lang = entry.get("lang")
        if lang is not None and not is_language_tag(str(lang)):
            return f"`lang` in `granular_markings` is not a language tag (RFC 5646): {quoted(lang)}"
        if entry.get("marking_ref") == content["id"]:
            return "a marking definition cannot mark itself"
        for selector in cast("list[str]", entry["selectors"]):
            if not selects(content, selector):
                return f"the selector {quoted(selector)} names nothing in the object"
    return None


def _language(content: Content) -> str | None:
    """§3.2: `lang` is a tag of RFC 5646."""
    lang = content.get("lang")
    return None if lang is None or is_language_tag(str(lang)) else f"`lang` is not a language tag (RFC 5646): {quoted(lang)}"


def _not_modified_before_created(content: Content) -> str | None:
    """§3.6.1."""
    created, modified = content["created"], content["modified"]
    return None if created == modified else _disorder(content, "created", "modified", may_be_equal=True)


def _in_order(content: Content) -> str | None:
    """§4, §5, §6.12: the end of a span is not before its start."""
    earlier, later, may_be_equal = _ORDERED[str(content["type"])]
    return _disorder(content, earlier, later, may_be_equal=may_be_equal) if earlier in content and later in content else None


def _disorder(content: Content, earlier: str, later: str, *, may_be_equal: bool) -> str | None:
    start, end = version_key(str(content[earlier])), version_key(str(content[later]))
    if start < end or (may_be_equal and start == end):
        return None
    return f"`{later}` ({quoted(content[later])}) must {'not be earlier' if may_be_equal else 'be later'} than `{earlier}` ({quoted(content[earlier])})"


def _not_defanged(content: Content) -> str | None:
    """§3.2: only observables are."""
    return "`defanged` belongs to observables only" if "defanged" in content else None


def _not_versioned(content: Content) -> str | None:
    """§3.6: observables have none of the four properties of versioning."""
    name = next((name for name in _UNVERSIONED if name in content), None)
    return None if name is None else f"`{name}` does not belong to an observable, which has no versions; leave it out"


def _uuid(content: Content) -> str | None:
    """§2.9: an id that no property contributes to is random."""
    contributing = _CONTRIBUTING[str(content["type"])]
    if any(name in content for name in contributing) or uuid_version(str(content["id"])) == "4":
        return None
    beside = f" unless one of {', '.join(f'`{name}`' for name in contributing)} is present" if contributing else ""
    return f"`id` must be a UUIDv4{beside}"


def _value(content: Content) -> str | None:
    """§6: the value is what its type says. Of a defanged object it is not, on purpose."""
    name, fits, what = _VALUES[str(content["type"])]
    value = content.get(name)
    return None if value is None or content.get("defanged") is True or fits(str(value)) else f"`{name}` is not {what}: {quoted(value)}"


def _targets(content: Content) -> str | None:
    """§3.3: references name the types that they may."""
    return fault_of_targets(content, str(content["type"]))


def _encoding(content: Content) -> str | None:
    """§3.1: an encoding stands beside what it encodes."""
    return "`name_enc` needs `name` beside it" if "name_enc" in content and "name" not in content else None


def _software(content: Content) -> str | None:
    """§6.14."""
    cpe = content.get("cpe")
    if cpe is not None and not is_cpe(str(cpe)):
        return f"`cpe` is not a CPE 2.3 name: {quoted(cpe)}"
    odd = next((tag for tag in cast("list[str]", content.get("languages", ())) if not is_language_tag(tag)), None)
    return None if odd is None else f"`languages` has {quoted(odd)}, which is not a language tag (RFC 5646)"


def _pattern(content: Content) -> str | None:
    """§4.7, §9: a STIX pattern parses. Other languages are not judged."""
    if content["pattern_type"] != "stix":
        return None
    fault = check_pattern(str(content["pattern"]))
    return None if fault is None else f"`pattern` is not a STIX pattern: {fault}"


def _observations(content: Content) -> str | None:
    """§4.14: what was seen is observables (and relationships between them), at least one."""
    container = content.get("objects")
    if container is not None:
        objects = cast("Content", container)
        return fault_of_container(objects) or fault_of_local_targets(objects)
    kinds = {type_of(reference) for reference in cast("list[str]", content["object_refs"])}
    return "`object_refs` must name at least one observable" if kinds <= RELATIONSHIP_TYPES else None


def _identified_by(name: str, form: re.Pattern[str]) -> Rule:
    """§4.1, §4.19: an identifier of a public list is given under the list's name, in the list's form."""

    def rule(content: Content) -> str | None:
        for entry in cast("list[Content]", content.get("external_references", ())):
            given = entry.get("external_id")
            if given is not None and (entry["source_name"] == name) != (form.fullmatch(str(given)) is not None):
                return f"`external_references` has the id {quoted(given)} under {quoted(entry['source_name'])}; {name.upper()} ids go under `{name}`"
        return None

    return rule


def _translations(content: Content) -> str | None:
    """§7.1.1: by language tag, then by the name of the property."""
    for tag, texts in cast("Content", content["contents"]).items():
        if not is_language_tag(tag):
            return f"{quoted(tag)} in `contents` is not a language tag (RFC 5646)"
        if not isinstance(texts, dict) or not texts:
            return f"{quoted(tag)} in `contents` must be an object with the translated properties"
        odd = next((name for name in cast("Content", texts) if not is_property_name(name)), None)
        if odd is not None:
            return f"{quoted(odd)} in `contents` is not the name of a property"
    return None


def _versioned_times(content: Content) -> str | None:
    """Custom objects: of a kind with versions if they have the times of versions."""
    return _not_versioned(content) if is_custom_observable(content) else _not_modified_before_created(content)


_MARKED: Final[tuple[Rule, ...]] = (_object_markings, _granular_markings)
_VERSIONED: Final[tuple[Rule, ...]] = (_not_modified_before_created, _creator, *_MARKED, _language, _not_defanged)
_CUSTOM_RULES: Final[tuple[Rule, ...]] = (_own_id, _versioned_times, _creator, *_MARKED, _language)
_SPECIAL: Final[dict[str, tuple[Rule, ...]]] = {
    "attack-pattern": (_identified_by("capec", _CAPEC),),
    "file": (_encoding,),
    "indicator": (_pattern,),
    "language-content": (_translations,),
    "observed-data": (_observations,),
    "software": (_software,),
    "vulnerability": (_identified_by("cve", _CVE),),
}


def _rules_of(kind: str) -> Iterator[Rule]:
    if kind == "marking-definition":
        yield from (_creator, *_MARKED, _not_defanged)
    elif kind in OBSERVABLE_TYPES:
        yield from (_not_versioned, *_MARKED, _targets)
    else:
        yield from (*_VERSIONED, _targets)
    for table, rule in ((_ORDERED, _in_order), (_CONTRIBUTING, _uuid), (_VALUES, _value)):
        if kind in table:
            yield rule
    yield from _SPECIAL.get(kind, ())


_RULES: Final = {kind: tuple(_rules_of(kind)) for kind in SCHEMA_BY_TYPE}

"""Where the OASIS schemas differ from the standard, amended as they are loaded (the files themselves stay as published).

The schemas are informative, the standard is normative (STIX 2.1 §1.2.12). Each amendment says why: most of the schemas' faults refuse what the standard
allows, often by a pattern whose alternatives are not anchored (`^a|b|c$`). Constraints that one schema cannot say at all are in rules.py.
"""

from typing import Final, cast

_UUID_1_TO_5: Final = "-[1-5][0-9a-fA-F]{3}-"
_UUID_1_TO_8: Final = "-[1-8][0-9a-fA-F]{3}-"

_MONTHS: Final = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"  # months of 31 days
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"  # months of 30 days
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_YEAR: Final = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_LEAP_DAY: Final = (
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])"  # years that 4 divides but 100 does not
    "|(?:0[48]|[2468][048]|[13579][26])00)-02-29"  # years that 400 divides
)
_COMMON_YEAR: Final = "(?:[0-9]{2}(?:[02468][1-35-79]|[13579][013-57-9])|(?:[02468][1-35-79]|[13579][013-57-9])00)"
_LAST_DAY: Final = f"(?:{_YEAR}-(?:(?:0[13578]|1[02])-31|(?:0[469]|11)-30)|{_COMMON_YEAR}-02-28|{_LEAP_DAY})"
TIMESTAMP: Final = rf"^(?:(?:{_YEAR}-{_MONTHS}|{_LEAP_DAY})T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]|{_LAST_DAY}T23:59:60)(?:\.[0-9]+)?Z$"
"""A STIX timestamp that names a real instant: no 30th of February; a leap second only where RFC 3339 §5.7 has one."""

IDENTIFIER: Final = (
    "^[a-z][a-z0-9]*(?:-[a-z0-9]+)*--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
)
PROPERTY_NAME: Final = "^(?:[a-z][a-z0-9_]{2,249}|id)$"
TLP: Final = "^(?:statement|tlp)$"
MEDIA_TYPE: Final = r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*(?:\s*;.*)?$"
CHARACTER_SET: Final = r"^[a-zA-Z0-9/.+_:()-]{2,250}$"
HIVE: Final = r"^(?i:HKLM|HKCC|HKCR|HKCU|HKU|HKPD|HKDD)(?:\\|$)"

_ANY_VALUE: Final = {"anyOf": [{"type": "array", "minItems": 1}, {"type": ["string", "number", "boolean", "object"]}]}
_IDENTIFIERS: Final = {"type": "array", "minItems": 1, "items": {"$ref": "../common/identifier.json"}}
_DICTIONARY: Final = {"$ref": "../common/dictionary.json"}
_STRING: Final = {"type": "string"}

_WINDOWS_PROCESS: Final = "definitions/process-extensions-dictionary/patternProperties/^windows-process-ext$/allOf/1/anyOf/-"
_SOCKET: Final = "definitions/network-traffic-extensions-dictionary/patternProperties/^socket-ext$/properties"

AMENDMENTS: Final[tuple[tuple[str, str, object], ...]] = (
    # §2.9, §3.1: UUID versions 6 to 8 are UUIDs; a type has no two hyphens in a row.
    ("common/identifier", "pattern", IDENTIFIER),
    # §2.16: the date is real.
    ("common/timestamp", "pattern", TIMESTAMP),
    # §3.1: names of three to 250 characters. A name that ends in `_bin` or `_hex` says nothing of custom values: the rule goes the other way.
    ("common/properties", "patternProperties", {PROPERTY_NAME: _ANY_VALUE}),
    # §2.5: `source_name` and one of three. CVE and CAPEC ids bind vulnerabilities and attack patterns only (§4.1, §4.19; rules.py).
    ("common/external-reference", "oneOf", None),
    ("common/external-reference", "anyOf", [{"required": [name]} for name in ("description", "url", "external_id")]),
    ("common/external-reference", "properties/source_name", _STRING),
    ("common/external-reference", "properties/external_id", _STRING),
    ("common/external-reference", "required", ["source_name"]),
    # §2.7: hash-algorithm-ov is an open vocabulary; new TLSH hashes begin with T1; ssdeep has up to 148 characters.
    ("common/external-reference", "properties/hashes", {"$ref": "../common/hashes-type.json"}),
    ("common/hashes-type", "patternProperties/^TLSH$/pattern", "^(?:T1)?[a-zA-Z0-9]{70}$"),
    ("common/hashes-type", "patternProperties/^SSDEEP$/pattern", "^[a-zA-Z0-9/+:.]{1,148}$"),
    # §7.2.3: a granular marking has a marking or a language; a selector may name any dictionary key (`hashes.MD5`), which rules.py resolves.
    ("common/granular-marking", "required", ["selectors"]),
    ("common/granular-marking", "oneOf", [{"required": ["marking_ref"]}, {"required": ["lang"]}]),
    ("common/granular-marking", "properties/selectors/items", _STRING),
    # §7.2.1: definition_type is an open vocabulary.
    ("common/marking-definition", "oneOf/0/oneOf/1/properties/definition_type/not/pattern", TLP),
    # §7.1: any STIX object can be translated; a bundle is none.
    ("common/language-content", "allOf/1/properties/object_ref/allOf/1/not/pattern", "^bundle--"),
    # §7.3.1: `created_by_ref` is required of extension definitions.
    ("common/extension-definition", "required", ["name", "schema", "version", "extension_types", "created_by_ref"]),
    # §2.13, §4.14: what a deprecated container holds is judged object by object (validation.py); `object_refs` holds full identifiers.
    ("sdos/observed-data", "allOf/1/properties/objects", {"type": "object", "minProperties": 1}),
    ("sdos/observed-data", "allOf/1/properties/object_refs", _IDENTIFIERS),
    # §6.1: any media type, registered or not.
    ("observables/artifact", "allOf/1/properties/mime_type", {"type": "string", "pattern": MEDIA_TYPE}),
    # §6.3, §6.7: some registered character sets have parentheses in their names.
    ("observables/directory", "allOf/1/properties/path_enc/pattern", CHARACTER_SET),
    ("observables/file", "allOf/1/properties/name_enc/pattern", CHARACTER_SET),
    # §6.6: at least one of `body` and `body_raw_ref`; a header's values are a list, of one also.
    ("observables/email-message", "definitions/mime-part-type/anyOf", [{"required": ["body"]}, {"required": ["body_raw_ref"]}]),
    ("observables/email-message", "definitions/mime-part-type/oneOf", None),
    (
        "observables/email-message",
        "definitions/email-additional-header-fields",
        {"allOf": [_DICTIONARY], "additionalProperties": {"anyOf": [_STRING, {"type": "array", "minItems": 1, "items": _STRING}]}},
    ),
    # §6.7.6: a custom property may stand in the optional header too (§11.1).
    ("observables/file", "definitions/windows-pe-optional-header-type/additionalProperties", True),
    # §6.8 to §6.10: the value of a defanged object is no address by intent; rules.py judges the others (the pattern for IPv6 has lost its backslashes).
    ("observables/ipv4-addr", "allOf/1/properties/value", _STRING),
    ("observables/ipv6-addr", "allOf/1/properties/value", _STRING),
    ("observables/mac-addr", "allOf/1/properties/value", _STRING),
    # §6.12.4: the names of socket options are not restricted.
    ("observables/network-traffic", f"{_SOCKET}/options", {"allOf": [_DICTIONARY], "additionalProperties": {"type": "integer"}}),
    # §6.13: some properties are not counted as ones; environment variables are strings; STARTUP_INFO is any dictionary.
    ("observables/process", "anyOf/-", {"required": ["created_time"]}),
    ("observables/process", "allOf/1/properties/environment_variables", {"allOf": [_DICTIONARY], "additionalProperties": _STRING}),
    ("observables/process", _WINDOWS_PROCESS, {"required": ["integrity_level"]}),
    ("observables/process", _WINDOWS_PROCESS, {"required": ["windows_title"]}),
    ("observables/process", "definitions/startup-info-dictionary", _DICTIONARY),
    # §6.14: CPE names and language tags have their own grammars (syntax.py).
    ("observables/software", "allOf/1/properties/cpe", _STRING),
    ("observables/software", "allOf/1/properties/languages/items", _STRING),
    # §6.17: the hive is not abbreviated, but a key may contain these letters elsewhere; `modified_time` counts as a property too.
    ("observables/windows-registry-key", "allOf/1/properties/key/not/pattern", HIVE),
    ("observables/windows-registry-key", "anyOf/-", {"required": ["modified_time"]}),
)  # fmt: skip
"""(schema, place in it, what shall stand there: None for nothing); a place that ends in `-` is appended to."""


def amend(schemas: dict[str, dict[str, object]]) -> None:
    """Change the loaded schemas in place. Raises KeyError or IndexError if a schema has lost the place that an amendment names."""
    for name, place, replacement in AMENDMENTS:
        *path, last = place.split("/")
        parent: object = schemas[name]
        for step in path:
            parent = _child(parent, step)
        if last == "-":
            cast("list[object]", parent).append(replacement)
        elif replacement is None:
            del cast("dict[str, object]", parent)[last]
        else:
            cast("dict[str, object]", parent)[last] = replacement


def _child(parent: object, step: str) -> object:
    return cast("list[object]", parent)[int(step)] if isinstance(parent, list) else cast("dict[str, object]", parent)[step]


def amend_text(text: str) -> str:
    """The amendment that is the same in every place: UUID versions 1 to 8 in the keys of extensions."""
    return text.replace(_UUID_1_TO_5, _UUID_1_TO_8)

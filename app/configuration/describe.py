"""Every key of every file, as the tables of docs/alliance.md: from the models themselves, so that the document cannot say otherwise."""

import json
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias, cast

from pydantic import BaseModel

from app.access.alliance import ApiRoot, Client, Collection, Group, Issuer, Organisation
from app.configuration.folder import LAYOUT, Sort
from app.configuration.shapes import PATTERN_NAMES, keys_of

Schema: TypeAlias = Mapping[str, object]

_FILES: Final[tuple[tuple[str, type[BaseModel], str], ...]] = (
    (f"`{LAYOUT[Sort.ORGANISATION]}`", Organisation, "An organisation; the file's name is its id."),
    ("`[clients.NAME]` in the file of an organisation", Client, "A client; commands call it `organisation/client`."),
    (f"`{LAYOUT[Sort.GROUP]}`", Group, "A group; the file's name is its id."),
    (f"`[NAME]` in `{LAYOUT[Sort.ISSUERS]}`", Issuer, "An issuer of OpenID Connect tokens. The file may be missing."),
    (f"`{LAYOUT[Sort.ROOT]}`", ApiRoot, "An API root; the folder's name is the first part of its URLs."),
    (
        f"`{LAYOUT[Sort.COLLECTION]}`",
        Collection,
        "A collection; folder and file name make its readable address, beside the one with its `id`.",
    ),
)
_PLAIN: Final = {
    "string": "text",
    "integer": "whole number",
    "boolean": "`true` or `false`",
    "object": "tables",
    "uuid": "UUID",
    "date": "date",
}


def describe_keys() -> str:
    """The tables in Markdown: key, type, default and meaning; one table for each kind of file."""
    return "\n".join(_section(*each) for each in _FILES)


def _section(title: str, model: type[BaseModel], says: str) -> str:
    return "\n".join([f"### {title}", "", says, "", "| key | type | default | meaning |", "|---|---|---|---|", *_rows(model), ""])


def _rows(model: type[BaseModel]) -> Iterator[str]:
    schema: Schema = model.model_json_schema()
    kinds = cast("Mapping[str, Schema]", schema.get("$defs", {}))
    required = cast("list[str]", schema.get("required", []))
    for key, value in cast("Mapping[str, Schema]", schema["properties"]).items():
        if key in keys_of(model):
            default = "needed" if key in required else _default(value.get("default"))
            yield f"| `{key}` | {_type(value, kinds)} | {default} | {value['description']} |"


def _default(value: object) -> str:
    if value in (None, [], {}):
        return "none"
    words = cast("list[object]", value) if isinstance(value, list) else [value]
    return ", ".join(f"`{word if isinstance(word, str) else json.dumps(word)}`" for word in words)


def _type(value: Schema, kinds: Mapping[str, Schema]) -> str:
    """The type of a key as people say it, from its JSON Schema."""
    if "$ref" in value:
        return _type(kinds[str(value["$ref"]).rpartition("/")[2]], kinds)
    if "anyOf" in value:
        choices = cast("list[Schema]", value["anyOf"])
        return " or ".join(_type(choice, kinds) for choice in choices if choice.get("type") != "null")
    if "enum" in value or "const" in value:
        words = cast("list[str]", value.get("enum", [value.get("const")]))
        return ", ".join(f"`{word}`" for word in words)
    if value["type"] == "array":
        item = _type(cast("Schema", value["items"]), kinds)
        return f"list of {item}" if item.startswith("`") else f"list of {item}s"
    return PATTERN_NAMES.get(str(value.get("pattern"))) or _PLAIN[str(value.get("format", value["type"]))]

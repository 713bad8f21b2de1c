"""What one file says by itself: its table as a value of app/access/alliance.py, or a sentence for each mistake.

Values are taken strictly: `"no"` is not false and `"10"` is no number. What a key may hold is said by the models alone; here it is put into words.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.access.alliance import Audience, Client, Collection, Identity, Level, Name
from app.configuration.folder import NAME_RULE, File, Table
from app.configuration.names import nearest, unknown
from app.errors import quoted
from app.stix.handling import Tlp

Model = TypeVar("Model", bound=BaseModel)

NOUNS: Final = {
    "roles": "role",
    "purposes": "purpose",
    "compatibility": "compatibility switch",
    "algorithms": "algorithm",
    "unmarked": "level",
    "ceiling": "level",
    "opaque": "word",
    "custom": "word",
}
"""What the words of a key are called, where it is not the key itself."""
_BY_PLACE: Final = frozenset({"root", "name"})
LEVELS: Final = tuple(level.text for level in Tlp)


def _pattern(shape: object) -> str:
    return cast("str", shape.__metadata__[0].pattern)  # type: ignore[attr-defined] # shapes are annotated strings


_SHAPES: Final = {
    _pattern(Audience): "is no audience; write `org:ID`, `group:ID`, `op:NAME`, `user:ORG/CLIENT`, `jur:XX` or `public`",
    _pattern(Identity): "is no id of a STIX identity, `identity--` and a UUID in lower case",
    _pattern(Name): f"is no name; {NAME_RULE}",
    "^[A-Z]{2}$": "is no country code of ISO 3166-1, two capital letters such as `NG`",
    r"^[^.,]+$": "must be a text without `.` and `,`: some clients split at them",
}
PATTERN_NAMES: Final = {
    _pattern(Audience): "audience",
    _pattern(Identity): "STIX identity id",
    _pattern(Level): "level",
    _pattern(Name): "name",
    "^[A-Z]{2}$": "country code",
}
"""What a text of each shape is called."""
_TYPES: Final = {
    "bool_type": "must be `true` or `false`",
    "int_type": "must be a whole number",
    "string_type": "must be a text, in quotes",
    "frozen_set_type": 'must be a list, such as `["…"]`',
    "tuple_type": 'must be a list, such as `["…"]`',
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "date_type": "must be a date such as `2027-12-31`",
    "date_parsing": "must be a date such as `2027-12-31`",
    "date_from_datetime_parsing": "must be a date such as `2027-12-31`",
    "date_from_datetime_inexact": "must be a date without a time of day, such as `2027-12-31`",
    "uuid_parsing": "must be a random UUID (version 4)",
    "uuid_type": "must be a random UUID (version 4)",
    "string_too_short": "must not be empty",
}


def read_shape(model: type[Model], file: File, **place: str) -> tuple[Model | None, list[str]]:
    """The value that a file's table gives, or its mistakes, each with file and key. `place` is what the path says: no table may say it again."""
    table = file.table or {}
    problems = [f"{file.path}: {unknown('key', key, keys_of(model))}" for key in table if key in place]
    try:
        value = model.model_validate_json(json.dumps({**table, **place}, default=str), strict=True)
    except ValidationError as error:
        details = error.errors(include_url=False)
        misspelt = {_meant(detail, table, model) for detail in details if detail["type"] == "extra_forbidden"}
        # A key that is only misspelt is not missing too.
        sentences = (_sentence(detail, table, model) for detail in details if detail["type"] != "missing" or detail["loc"] not in misspelt)
        # A key that takes one of several shapes is reported once for each of them.
        return None, [*problems, *dict.fromkeys(f"{file.path}: {sentence}" for sentence in sentences)]
    return (None if problems else value), problems


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys that a file may have; the path of a collection's file says the rest."""
    return [key for key in model.model_fields if model is not Collection or key not in _BY_PLACE]


def at(path: tuple[str, ...], sentence: str) -> str:
    """The sentence with the key that it is about."""
    return f"{'.'.join(path)}: {sentence}" if path else sentence


def _sentence(detail: ErrorDetails, table: Table, model: type[BaseModel]) -> str:
    path, value = _locate(detail["loc"], table)
    last = str(detail["loc"][-1])
    if detail["type"] == "extra_forbidden":
        return at(path[:-1], unknown("key", last, keys_of(_holder(model, path))))
    if detail["type"] == "missing":
        meaning = _holder(model, (*path, last)).model_fields[last].description
        return at(path, f"the key `{last}` is missing: {meaning}")
    if last == "[key]":
        return at(path[:-1], f"{quoted(path[-1])} {_SHAPES[_pattern(Name)]}")
    return at(path, _about(detail, value, NOUNS.get(path[-1], path[-1]), _words(detail, path, model)))


def _meant(detail: ErrorDetails, table: Table, model: type[BaseModel]) -> tuple[int | str, ...]:
    """Where an unknown key would be if it had the nearest right name."""
    *place, last = detail["loc"]
    path, _ = _locate(detail["loc"], table)
    return (*place, nearest(str(last), keys_of(_holder(model, path))) or "")


def _about(detail: ErrorDetails, value: object, noun: str, words: Sequence[str]) -> str:
    if words:
        return unknown(noun, value, words) if isinstance(value, str) else f"must be one of {', '.join(f'`{word}`' for word in words)}"
    kind = detail["type"]
    if kind == "string_pattern_mismatch":
        return f"{quoted(value)} {_SHAPES[str(_context(detail)['pattern'])]}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{quoted(value)}: {_TYPES.get(kind) or f'{message[:1].lower()}{message[1:]}'}"


def _context(detail: ErrorDetails) -> Mapping[str, object]:
    return detail.get("ctx", {})


def _words(detail: ErrorDetails, path: tuple[str, ...], model: type[BaseModel]) -> Sequence[str]:
    """The words that the key takes, if it takes words of a closed list."""
    if path[-1] in {"unmarked", "ceiling"}:
        return (*LEVELS, "refuse") if path == ("unmarked",) and model is Collection else LEVELS
    if detail["type"] in {"enum", "literal_error"}:
        return re.findall("'([^']+)'", str(_context(detail)["expected"]))
    return ()


def _holder(model: type[BaseModel], path: tuple[str, ...]) -> type[BaseModel]:
    """The model whose key the last of `path` is: of all files, only that of an organisation has tables in it."""
    return Client if path[0] == "clients" and len(path) > 2 else model


def _locate(location: tuple[int | str, ...], table: Table) -> tuple[tuple[str, ...], object]:
    """The keys that lead to a mistake, as far as the table has them, and the value that is there."""
    path: list[str] = []
    value: object = table
    for step in location:
        try:
            value = _inside(value, step)
        except LookupError:
            break
        if isinstance(step, str):
            path.append(step)
    return tuple(path), value


def _inside(value: object, step: int | str) -> object:
    """Raises LookupError for a step that leads nowhere: a key that is missing, or the name of one of several shapes."""
    if isinstance(step, int) and isinstance(value, list):
        return cast("list[object]", value)[step]
    if isinstance(step, str) and isinstance(value, dict):
        return cast("dict[str, object]", value)[step]
    raise LookupError(step)

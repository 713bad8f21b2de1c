"""Commands and form entries to paste, for the server that the demonstration leaves running."""

from collections.abc import Iterator
from typing import Final

from app.access.alliance import Alliance
from app.cli.play import ALLIANCE, CURATOR, EXCHANGE, INTAKE, PUBLIC
from app.cli.stage import Stage

ACCEPT: Final = "application/taxii+json;version=2.1"
READER: Final = "ng-cert/misp"


def recipes(stage: Stage, alliance: Alliance, example: str) -> Iterator[tuple[str, str]]:
    """Title and text of each."""
    objects, public = (f"{stage.url}{_path(alliance, path)}objects/" for path in (ALLIANCE, PUBLIC))
    token, root = stage.tokens[READER], f"{stage.url}/{ALLIANCE.partition('/')[0]}/"
    key = alliance.by_path[(ALLIANCE.partition("/")[0], ALLIANCE.partition("/")[2])].key
    yield "curl, the public", f"curl -s -H 'Accept: {ACCEPT}' '{public}'"
    yield "curl, a CERT", f"curl -sg -H 'Accept: {ACCEPT}' -H 'Authorization: Bearer {token}' '{objects}?limit=2&match[type]=indicator'"
    yield "taxii2-client", _python(stage, token)
    yield (
        "MISP (TAXII server)",
        f"base URL {stage.url}   API root {root.removeprefix(stage.url).strip('/')}   collection {key}\nuser {READER}   password {token}",
    )
    yield (
        "OpenCTI (TAXII ingestion)",
        f"URL {root.rstrip('/')}   version 2.1   collection {key}\nauthentication Bearer, token {stage.tokens['sg-cert/opencti']}",
    )
    yield (
        "Microsoft Sentinel (TAXII connector)",
        f"API root URL {root}   collection ID {key}\nuser {READER}   password {token}   (Sentinel comes from outside: it needs a public https address)",
    )
    yield "the operator", _operator(stage, example)


def _path(alliance: Alliance, path: str) -> str:
    root, _, name = path.partition("/")
    return f"/{root}/collections/{alliance.by_path[(root, name)].key}/"


def _python(stage: Stage, token: str) -> str:
    return (
        '.venv/bin/python -c "from taxii2client.v21 import Server; from taxii2client.common import TokenAuth; '
        f"[print(c.title, len(c.get_objects(limit=10).get('objects', []))) "
        f"for r in Server('{stage.url}/taxii2/', auth=TokenAuth('{token}')).api_roots for c in r.collections if c.can_read]\""
    )


def _operator(stage: Stage, example: str) -> str:
    return "\n".join(
        (
            f"export LEGATION_STORE='{stage.store}'",
            f".venv/bin/legation explain saltmarsh/pull {ALLIANCE}",
            f".venv/bin/legation explain sg-cert {ALLIANCE} {example} --as {CURATOR}",
            f".venv/bin/legation explain ng-cert {ALLIANCE} {example} --as {CURATOR}",
            f".venv/bin/legation export {EXCHANGE} --as saltmarsh/pull | head -c 600",
            f".venv/bin/legation review {INTAKE} --as {CURATOR}",
            ".venv/bin/legation token list",
        )
    )

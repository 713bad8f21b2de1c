"""What `check` looks at before it says yes, and `reload` before it acts: files, policies, policy cases, retired ids."""

import re
from dataclasses import dataclass
from pathlib import Path

from app.access.alliance import Alliance
from app.access.cases import run_case
from app.access.cedar import validate
from app.configuration import carry_retired, read_alliance, read_cases, retired_problems
from app.errors import ConfigurationError
from app.sharing.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Examined:
    """An alliance in whose files nothing is wrong, and how many case files agree with its policies."""

    alliance: Alliance
    cases: int

    def __str__(self) -> str:
        alliance = self.alliance
        clients = sum(len(each.clients) for each in alliance.organisations.values())
        return (
            f"{len(alliance.organisations)} organisations with {clients} clients, {len(alliance.collections)} collections in "
            f"{len(alliance.roots)} API roots, {len(alliance.policies)} policy files, {self.cases} files of cases"
        )


def examine(folder: Path) -> Examined:
    """The alliance in a folder. Raises ConfigurationError with every mistake of its files; of its policies and cases, if the files can be read."""
    problems: list[str] = []
    alliance = None
    try:
        alliance = read_alliance(folder)
    except ConfigurationError as error:
        problems += error.problems
    try:
        tables = read_cases(folder)
    except ConfigurationError as error:
        problems += error.problems
        tables = {}
    if alliance is not None:
        mistakes = [_placed(problem) for problem in validate(alliance.policies, alliance.policy_schema)]
        problems += mistakes
        if not mistakes:
            problems += [
                f"{path}: {problem}"
                for path, table in tables.items()
                for problem in run_case(table, alliance.policies, alliance.policy_schema)
            ]
    if problems or alliance is None:
        raise ConfigurationError(list(dict.fromkeys(problems)))
    return Examined(alliance, len(tables))


async def succeed(exchange: Exchange, alliance: Alliance) -> Alliance:
    """The alliance as it would follow the one in force, with its memory of retired ids. Raises ConfigurationError if it uses one of them again."""
    former = (await exchange.force.now()).alliance
    problems = retired_problems(alliance, former)
    if problems:
        raise ConfigurationError(problems)
    return carry_retired(alliance, former)


def _placed(problem: str) -> str:
    """The judge names a file by its name alone; here it gets its place, as all others have."""
    return re.sub("^`([^`]+)`", r"policies/\1", problem)

"""The judge: Cedar policies over what the alliance says now and what a handling label says for itself.

The only file that knows Cedar. Invariants:
* Allowed means that a policy permits, none forbids, and none failed to evaluate: Cedar skips a `forbid` that errs, so every error means no.
* A label that carries labels of other originators is allowed only if each of them is.
* No question raises. What cannot be put to the engine, or makes it fail, is denied with the reason in `errors`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import cedarpy

from app.access.alliance import Alliance
from app.access.decision import Decision, Question
from app.access.facts import Attributes, Facts, collection_facts
from app.clock import to_micros
from app.errors import ConfigurationError, quoted


@dataclass(frozen=True, slots=True)
class _Policy:
    """One policy as its file gives it: its annotations, and all of it in Cedar's JSON form."""

    place: str
    annotations: Mapping[str, str]
    body: object

    @property
    def id(self) -> str:
        return self.annotations.get("id", "")

    @property
    def doc(self) -> str:
        return self.annotations.get("doc", "")


def validate(policies: Mapping[str, str], schema: str) -> list[str]:
    """Every mistake of the policies (file name → text) and of their schema, naming file and policy; empty if the judge can take them."""
    try:
        compiled = cedarpy.Schema.from_str(schema)
    except ValueError as error:
        return [f"`schema.cedarschema`: {_one_line(error)}"]
    problems: list[str] = []
    found: list[_Policy] = []
    for file, text in sorted(policies.items()):
        try:
            found += _read(file, text)
        except ValueError as error:
            problems.append(f"`{file}`: {_one_line(error)}")
        else:
            problems += _type_mistakes(file, text, compiled)
    return [*problems, *_annotation_mistakes(found)]


class CedarJudge:
    """The `Judge` over one alliance, whose policies, schema and organisations it takes at construction.

    Raises ConfigurationError, with every mistake, if the policies do not validate.
    """

    def __init__(self, alliance: Alliance) -> None:
        problems = validate(alliance.policies, alliance.policy_schema)
        if problems:
            raise ConfigurationError(problems)
        policies = [policy for file, text in alliance.policies.items() for policy in _read(file, text)]
        bodies = {policy.id: policy.body for policy in policies}
        self._policies = cedarpy.PolicySet.from_json_str(json.dumps({"templates": {}, "staticPolicies": bodies, "templateLinks": []}))
        self._actions = cedarpy.Entities.from_json_str("[]", cedarpy.Schema.from_str(alliance.policy_schema))
        self._docs = {policy.id: policy.doc for policy in policies}
        self._facts = Facts.of(alliance)

    def meaning(self, policy: str) -> str:
        """The one line that a policy says of itself. Raises KeyError for an id that no policy has."""
        return self._docs[policy]

    def decide(self, question: Question, now: datetime) -> Decision:
        """The answer to one question."""
        return self.decide_many([question], now)[0]

    def decide_many(self, questions: Sequence[Question], now: datetime) -> list[Decision]:
        """The answers in order, from one batch; what asks about another principal, action or collection than the first is denied."""
        if not questions:
            return []
        contexts = [self._contexts(question, questions[0], now) for question in questions]
        answers = iter(self._ask(questions[0], [text for own in contexts if isinstance(own, list) for text in own]))
        return [_conjunction([next(answers) for _ in own]) if isinstance(own, list) else own for own in contexts]

    def _contexts(self, question: Question, first: Question, now: datetime) -> list[str] | Decision:
        """What is asked about a question, once per part of its label, as JSON; or the denial if it cannot be asked."""
        if (question.principal, question.action, question.collection) != (first.principal, first.action, first.collection):
            return _denied("the questions of a batch may differ in their labels only")
        try:
            return [json.dumps(context) for context in self._parts(question, now)]
        except Exception as error:  # noqa: BLE001 - whatever a malformed value raises, the answer is no
            return _denied(f"the question cannot be asked: {error!r}")

    def _parts(self, question: Question, now: datetime) -> Iterator[Attributes]:
        context: Attributes = {"now": to_micros(now)}
        if question.previous is not None:
            context["previous_tlp"] = int(question.previous.tlp)
        if question.label is None:
            yield context
            return
        for part in question.label.parts:
            yield {**context, "label": self._facts.label(part)}

    def _ask(self, question: Question, contexts: Sequence[str]) -> list[Decision]:
        try:
            who, where = self._facts.principal(question.principal), collection_facts(question.collection)
            entities = self._actions.with_added_json_str(json.dumps([who, where]))
            base = {"principal": who["uid"], "action": {"type": "Action", "id": question.action.value}, "resource": where["uid"]}
            requests = [{**base, "context": context} for context in contexts]
            return [_decision(answer) for answer in cedarpy.is_authorized_batch(requests, self._policies, entities)]
        except Exception as error:  # noqa: BLE001 - whatever the engine raises, the answer is no
            return [_denied(f"the policies cannot be evaluated: {error!r}")] * len(contexts)


def _decision(answer: cedarpy.AuthzResult) -> Decision:
    errors = tuple(answer.diagnostics.errors)
    allowed = answer.decision is cedarpy.Decision.Allow
    if allowed and errors:
        return Decision(allowed=False, errors=errors)
    return Decision(allowed, tuple(sorted(answer.diagnostics.reasons)), errors)


def _denied(reason: str) -> Decision:
    return Decision(allowed=False, errors=(reason,))


def _conjunction(parts: Sequence[Decision]) -> Decision:
    """Allowed if every part is; the reasons of a denial are those of the parts that deny."""
    allowed = all(part.allowed for part in parts)
    deciding = [part for part in parts if part.allowed is allowed]
    policies = {policy for part in deciding for policy in part.policies}
    return Decision(allowed and bool(parts), tuple(sorted(policies)), tuple(error for part in deciding for error in part.errors))


def _read(file: str, text: str) -> list[_Policy]:
    """The policies of a file. Raises ValueError if the text is not Cedar, or holds a template, which would decide nothing."""
    document = json.loads(cedarpy.policies_to_json_str(text))
    if document["templates"]:
        raise ValueError("templates (`?principal`, `?resource`) decide nothing here; write a policy")
    policies: list[_Policy] = []
    for position, body in enumerate(document["staticPolicies"].values(), start=1):
        annotations = {name: value or "" for name, value in body.get("annotations", {}).items()}
        name = annotations.get("id")
        policies.append(_Policy(f"`{file}`: policy {quoted(name) if name else position}", annotations, body))
    return policies


def _type_mistakes(file: str, text: str, schema: cedarpy.Schema) -> list[str]:
    result = cedarpy.validate_policies(text, schema)
    names: dict[str, str] = {**result.id_annotations_by_policy_id}
    problems: dict[str, None] = {}
    for mistake in result.errors:
        number = mistake.policy_id
        reason = re.sub(rf"^for policy `{re.escape(number)}`[,:] ", "", _one_line(mistake.error))
        # The same mistake is reported once for every action that the policy is about.
        problems[f"`{file}`: policy {quoted(names.get(number) or number)}: {reason}"] = None
    return list(problems)


def _annotation_mistakes(policies: Sequence[_Policy]) -> list[str]:
    problems: list[str] = []
    taken: dict[str, str] = {}
    for policy in policies:
        if not policy.id:
            problems.append(f'{policy.place}: needs a name, `@id("…")`')
        elif policy.id in taken:
            problems.append(f"{policy.place}: the id is taken in {taken[policy.id]}; ids are unique over all files")
        taken.setdefault(policy.id, policy.place)
        if not policy.doc.strip() or "\n" in policy.doc:
            problems.append(f'{policy.place}: needs one line that says what it means, `@doc("…")`')
    return problems


def _one_line(error: object) -> str:
    return " ".join(str(error).split())

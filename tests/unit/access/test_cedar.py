"""The judge: what it refuses to start with, what it denies, and why it never raises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from questions import NOW, policy_files, policy_schema, world

from app.access.actions import Action
from app.access.alliance import Alliance, Collection
from app.access.cedar import CedarJudge, validate
from app.access.decision import Decision, Question
from app.access.principal import Principal
from app.errors import ConfigurationError
from app.stix.handling import HandlingLabel, State, Tlp

PERMIT = '@id("all") @doc("everybody")\npermit (principal, action, resource);\n'
LABEL = HandlingLabel(Tlp.GREEN, "ng", "ng")


@pytest.fixture(scope="module")
def alliance() -> Alliance:
    return world()


@pytest.fixture(scope="module")
def judge(alliance: Alliance) -> CedarJudge:
    return CedarJudge(alliance)


@pytest.fixture(scope="module")
def asker(alliance: Alliance) -> Principal:
    principal = alliance.principal("ke/tool")
    assert principal is not None
    return principal


@pytest.fixture(scope="module")
def collection(alliance: Alliance) -> Collection:
    return alliance.collections[0]


def under(alliance: Alliance, *policies: str) -> CedarJudge:
    return CedarJudge(alliance.model_copy(update={"policies": {f"{number}.cedar": text for number, text in enumerate(policies)}}))


def test_the_projects_policies_validate() -> None:
    assert validate(policy_files(), policy_schema()) == []


def test_all_mistakes_are_told_at_once_with_file_and_policy() -> None:
    policies = {
        "a.cedar": '@id("typo") @doc("d")\npermit (principal, action == Action::"read", resource) when { context.lable.opaque };',
        "b.cedar": '@doc("d")\npermit (principal, action, resource);\n@id @doc("d")\npermit (principal, action, resource);',
        "c.cedar": "permit (principal, action, resource)",
        "d.cedar": PERMIT + PERMIT,
        "e.cedar": '@id("mute")\npermit (principal, action, resource);\n@id("two") @doc("one\ntwo")\npermit (principal, action, resource);',
        "f.cedar": '@id("slot") @doc("d")\npermit (principal == ?principal, action, resource);',
    }
    problems = validate(policies, policy_schema())
    expected = [
        ("`a.cedar`: policy `typo`", "lable"),
        ("`b.cedar`: policy 1", "needs a name"),
        ("`b.cedar`: policy 2", "needs a name"),
        ("`c.cedar`", "unexpected end of input"),
        ("`d.cedar`: policy `all`", "taken in `d.cedar`: policy `all`"),
        ("`e.cedar`: policy `mute`", "needs one line"),
        ("`e.cedar`: policy `two`", "needs one line"),
        ("`f.cedar`", "templates"),
    ]
    assert len(problems) == len(expected)
    for start, reason in expected:
        assert any(problem.startswith(start) and reason in problem for problem in problems), (start, reason, problems)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ('action == Action::"peek"', "peek"),
        ('principal.roles.contains(Role::"root")', "root"),
        ('context has label && context.label.state == State::"hidden"', "hidden"),
        ("context.label.opaque", "optional attribute `label`"),
        ("context has label && context.label.retention_until < context.now", "optional attribute"),
        ("principal.scope", "type"),
    ],
)
def test_a_policy_that_could_fail_or_never_apply_is_refused(condition: str, reason: str) -> None:
    """Among them what would err when asked: an attribute that is not always there must be asked for with `has`."""
    text = f'@id("p") @doc("d")\nforbid (principal, action == Action::"read", resource) when {{ {condition} }};'
    problems = validate({"p.cedar": text}, policy_schema())
    assert problems
    assert all(problem.startswith("`p.cedar`: policy `p`: ") for problem in problems)
    assert any(reason in problem for problem in problems)
    assert not any("policy0" in problem for problem in problems), "the engine's own name for it means nothing to anybody"


def test_a_broken_schema_is_one_mistake() -> None:
    (problem,) = validate(policy_files(), "entity Principal = {")
    assert problem.startswith("`schema.cedarschema`: ")


def test_a_judge_does_not_start_with_mistakes(alliance: Alliance) -> None:
    with pytest.raises(ConfigurationError) as refused:
        under(alliance, "permit (principal, action, resource);")
    assert len(refused.value.problems) == 2


def test_without_policies_nothing_is_permitted(alliance: Alliance, asker: Principal, collection: Collection) -> None:
    assert under(alliance).decide(Question(asker, Action.READ, collection, LABEL), NOW) == Decision(allowed=False)


def test_what_a_policy_says_of_itself(judge: CedarJudge) -> None:
    assert judge.meaning("held") == "what compliance holds is seen by its originator alone"
    with pytest.raises(KeyError):
        judge.meaning("policy0")


@pytest.mark.parametrize("effect", ["forbid", "permit"])
def test_a_policy_whose_evaluation_errs_denies(alliance: Alliance, asker: Principal, collection: Collection, effect: str) -> None:
    """Cedar skips what errs: an erring `forbid` beside a `permit` would otherwise allow."""
    errs = f'@id("errs") @doc("d")\n{effect} (principal, action, resource) when {{ context.now + 9223372036854775807 > 0 }};'
    decision = under(alliance, PERMIT, errs).decide(Question(asker, Action.READ, collection, LABEL), NOW)
    assert not decision.allowed
    assert decision.policies == ()
    assert "errs" in decision.errors[0]
    assert "overflow" in decision.errors[0]


def test_an_error_beside_a_forbid_is_a_denial_with_both(alliance: Alliance, asker: Principal, collection: Collection) -> None:
    no = '@id("no") @doc("d")\nforbid (principal, action, resource);'
    errs = '@id("errs") @doc("d")\nforbid (principal, action, resource) when { context.now + 9223372036854775807 > 0 };'
    decision = under(alliance, PERMIT, no, errs).decide(Question(asker, Action.READ, collection, LABEL), NOW)
    assert (decision.allowed, decision.policies, len(decision.errors)) == (False, ("no",), 1)


GARBAGE = {
    "an instant without a zone": replace(LABEL, retention_until=datetime(2026, 6, 1)),  # noqa: DTZ001 - the fault under test
    "half a character": replace(LABEL, recipients=frozenset({"\ud800"})),
    "no level": replace(LABEL, tlp=None),  # type: ignore[arg-type]
    "a level that is a word": replace(LABEL, tlp="green"),  # type: ignore[arg-type]
    "a state that is a word": replace(LABEL, state="published"),  # type: ignore[arg-type]
    "no originator": replace(LABEL, originator=None),  # type: ignore[arg-type]
    "a list of numbers": replace(LABEL, purposes=frozenset({7})),  # type: ignore[arg-type]
    "no label at all": "green",
}


@pytest.mark.parametrize("fault", GARBAGE)
def test_garbage_in_a_label_is_denied_and_harms_no_other(judge: CedarJudge, asker: Principal, collection: Collection, fault: str) -> None:
    labels = [LABEL, GARBAGE[fault], LABEL]
    questions = [Question(asker, Action.READ, collection, label) for label in labels]  # type: ignore[arg-type]
    before, garbage, after = judge.decide_many(questions, NOW)
    assert before == after == Decision(allowed=True, policies=("readers-read",))
    assert not garbage.allowed


@pytest.mark.parametrize(
    "fault",
    [
        {"roles": frozenset({"reader"})},
        {"roles": None},
        {"audiences": None},
        {"audiences": frozenset({7})},
        {"kind": "member"},
        {"organisation": None},
        {"names": frozenset({"\ud800"})},
        {"agreement_end": datetime(2027, 6, 1)},  # noqa: DTZ001 - the fault under test
    ],
    ids=str,
)
def test_garbage_in_a_principal_is_denied(judge: CedarJudge, asker: Principal, collection: Collection, fault: dict[str, object]) -> None:
    question = Question(replace(asker, **fault), Action.READ, collection, LABEL)  # type: ignore[arg-type]
    assert not judge.decide(question, NOW).allowed


def test_a_question_at_no_instant_is_denied(judge: CedarJudge, asker: Principal, collection: Collection) -> None:
    decision = judge.decide(Question(asker, Action.READ, collection, LABEL), datetime(2026, 6, 1))  # noqa: DTZ001 - the fault under test
    assert (decision.allowed, decision.policies) == (False, ())
    assert "cannot be asked" in decision.errors[0]


def test_an_action_that_the_policies_do_not_know_is_denied(judge: CedarJudge, asker: Principal, collection: Collection) -> None:
    assert not judge.decide(Question(asker, "peek", collection, LABEL), NOW).allowed  # type: ignore[arg-type]


def test_an_organisation_that_the_alliance_does_not_know_gets_nothing(judge: CedarJudge, asker: Principal, collection: Collection) -> None:
    stranger = replace(asker, organisation="stranger")
    decision = judge.decide(Question(stranger, Action.READ, collection, replace(LABEL, originator="stranger")), NOW)
    assert (decision.allowed, decision.policies) == (False, ("originator-unknown", "suspended"))


def test_a_batch_is_about_one_principal_one_action_one_collection(judge: CedarJudge, alliance: Alliance, asker: Principal) -> None:
    """The first question says which: nobody else is answered with his rights."""
    outsider = alliance.principal("idle/tool")
    assert outsider is not None
    first = Question(asker, Action.READ, alliance.collections[0], LABEL)
    others = [first._replace(principal=outsider), first._replace(action=Action.HOLD), first._replace(collection=alliance.collections[3])]
    answers = judge.decide_many([first, *others, first], NOW)
    assert [answer.allowed for answer in answers] == [True, False, False, False, True]
    assert all("labels only" in answer.errors[0] for answer in answers[1:4])


def test_no_questions_no_answers(judge: CedarJudge) -> None:
    assert judge.decide_many([], NOW) == []


def test_two_red_readers_of_one_organisation_only_the_named_one_reads(judge: CedarJudge, alliance: Alliance) -> None:
    named, colleague = alliance.principal("ke/red"), alliance.principal("ke/desk")
    assert named is not None
    assert colleague is not None
    label = replace(LABEL, tlp=Tlp.RED, recipients=frozenset({"user:ke/red"}))
    answers = [judge.decide(Question(who, Action.READ, alliance.collections[0], label), NOW) for who in (named, colleague)]
    assert answers == [Decision(allowed=True, policies=("readers-read",)), Decision(allowed=False, policies=("red-not-named",))]


def test_labels_of_several_originators_bind_all(judge: CedarJudge, asker: Principal, collection: Collection) -> None:
    """The reasons of a denial are those of the parts that deny, once each."""
    open_part, held, opaque = (
        replace(LABEL, originator="np"),
        replace(LABEL, state=State.HELD),
        replace(LABEL, originator="acme", opaque=True),
    )

    def ask(label: HandlingLabel) -> Decision:
        return judge.decide(Question(asker, Action.READ, collection, label), NOW)

    assert ask(replace(LABEL, also=(replace(LABEL, originator="acme"),))) == Decision(allowed=True, policies=("readers-read",))
    assert ask(replace(LABEL, also=(open_part, opaque))) == Decision(allowed=False, policies=("opaque", "withheld"))
    assert ask(replace(held, also=(open_part, opaque))) == Decision(allowed=False, policies=("held", "opaque", "withheld"))


def test_what_an_organisations_file_says_is_looked_up_live(judge: CedarJudge, alliance: Alliance, asker: Principal) -> None:
    """A reload acts on stored objects at once: the label is the same, the alliance another."""
    question = Question(asker, Action.READ, alliance.collections[0], LABEL)
    ng = alliance.organisations["ng"].model_copy(update={"withhold_from": frozenset({"org:ke"})})
    reloaded = alliance.model_copy(update={"organisations": {**alliance.organisations, "ng": ng}})
    removed = alliance.model_copy(update={"organisations": {name: each for name, each in alliance.organisations.items() if name != "ng"}})
    assert judge.decide(question, NOW).allowed
    assert CedarJudge(reloaded).decide(question, NOW).policies == ("withheld",)
    assert CedarJudge(removed).decide(question, NOW).policies == ("originator-unknown",)


@pytest.mark.parametrize(
    ("who", "where", "label", "moment"),
    [
        ("ke/tool", 0, replace(LABEL, retention_until=datetime(2026, 6, 3, tzinfo=UTC)), datetime(2026, 6, 3, tzinfo=UTC)),
        ("acme/tool", 0, LABEL, datetime(2026, 6, 2, tzinfo=UTC)),
        ("ke/tool", 7, LABEL, datetime(2026, 6, 2, tzinfo=UTC)),
    ],
    ids=["retention", "agreement", "archive"],
)
def test_time_closes_to_the_microsecond(
    judge: CedarJudge, alliance: Alliance, who: str, where: int, label: HandlingLabel, moment: datetime
) -> None:
    """No reload lies in between: the same question, a microsecond later."""
    principal = alliance.principal(who)
    assert principal is not None
    question = Question(principal, Action.READ, alliance.collections[where], label)
    assert judge.decide(question, moment - timedelta(microseconds=1)).allowed
    assert not judge.decide(question, moment).allowed

"""Versions of policies: published, refused, repeated; and which of them counts when."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.policies.differing import changes
from hub.domain.policies.versions import PolicyVersion, beginning_of, policy_in_force
from hub.domain.setup import OF_OUR_OWN
from hub.sdk.events import Outcome
from schemas.events.policy import CatalogRefused, PolicyAccepted
from schemas.policies import MODELS
from schemas.policies.checking import NotAPolicyError, parse
from schemas.policies.parts import StaffRole
from schemas.policies.serial_rules import SerialRulesPolicy
from tests.unit.catalog_story import MORNING, CatalogStory
from tests.unit.documents import DOCUMENTS, a_map, an_area

HOUR = timedelta(hours=1)


@pytest.fixture
def catalog() -> CatalogStory:
    return CatalogStory()


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["reasons"]]


def messages(answer: Any) -> str:
    return "; ".join(one["message"] for one in answer["reasons"])


def test_every_policy_has_a_document_that_is_one() -> None:
    for name in MODELS:
        parse(name, DOCUMENTS.get(name) or a_map())


def test_a_version_follows_the_one_before(catalog: CatalogStory) -> None:
    first = catalog.publish("coverage")
    second = catalog.publish("stock")
    third = catalog.publish("coverage", {"default": DOCUMENTS["coverage"]["default"]})

    assert first["policy"]["version"] == second["policy"]["version"] == 1
    assert third["policy"]["version"] == 2
    assert third["policy"]["hash"] != first["policy"]["hash"]
    accepted = catalog.said[-1]
    assert isinstance(accepted, PolicyAccepted)
    assert (accepted.name, accepted.version, accepted.by.role) == ("coverage", 2, "owner")


def test_the_same_again_is_the_version_that_is_there(catalog: CatalogStory) -> None:
    first = catalog.publish("coverage")
    again = catalog.publish("coverage", at=MORNING + HOUR)
    seen = catalog.publish("coverage", at=MORNING + HOUR, expects_version=0)

    assert first == again == seen
    assert catalog.outcomes == [Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.DEDUPLICATED]


def test_a_document_is_compared_by_what_it_means(catalog: CatalogStory) -> None:
    catalog.publish("evidence", {"default": {"required": ["photos"]}})
    same = {"by_issue": {}, "default": {"photos": 1, "missing": "block", "required": ["photos"]}}
    catalog.publish("evidence", same)

    assert catalog.outcomes[-1] is Outcome.DEDUPLICATED


def test_nobody_replaces_a_version_that_he_has_not_seen(catalog: CatalogStory) -> None:
    catalog.publish("coverage", expects_version=0)
    other = {"default": {"standard": {"months": 12, "type": "limited"}}}
    taken = catalog.publish("coverage", other, expects_version=0)
    ahead = catalog.publish("coverage", other, expects_version=2)
    right = catalog.publish("coverage", other, expects_version=1)

    assert codes(taken) == ["version_exists"]
    assert codes(ahead) == ["version_unknown"]
    assert right["policy"]["version"] == 2


def test_nothing_is_published_into_the_past(catalog: CatalogStory) -> None:
    late = catalog.publish("coverage", effective_from=MORNING - timedelta(seconds=1))
    now = catalog.publish("coverage", effective_from=MORNING)

    assert codes(late) == ["effective_in_past"]
    assert messages(late).startswith("/effective_from: ")
    assert isinstance(catalog.said[0], CatalogRefused)
    assert now["policy"]["version"] == 1


TREE = [
    {"code": "a", "text": {"en": "A"}, "parent": "b"},
    {"code": "b", "text": {"en": "B"}, "parent": "a"},
]
APPROVE = {"code": "a", "when": {}, "then": "approve", "resolutions": ["repair"]}
DENY = {"code": "d", "when": {}, "then": "deny", "reason": "expired"}


def a_message(text: str) -> dict[str, Any]:
    texts = {"subject": {"en": "Hello"}, "text": {"en": "Hello", "de": text}}
    return {"messages": {"claim.denied.v1": texts}}


MONTHS = {"standard": {"months": 24, "type": "repair"}}


@pytest.mark.parametrize(
    ("name", "document", "said"),
    [
        ("coverage", {"default": MONTHS, "defaut": 1}, "/document/defaut: there is no such field"),
        ("coverage", {"default": {"standard": {"months": "24", "type": "repair"}}}, "/months"),
        ("coverage", {"default": {"standard": {"months": 0, "type": "repair"}}}, "/months"),
        ("coverage", [], "/document: "),
        ("issue_types", {"types": TREE}, "/types/0/parent: nothing can be below itself"),
        ("issue_types", {"types": TREE[:1]}, "/types/0/parent: 'a' is below 'b', which is not"),
        ("issue_types", {"types": [TREE[0] | {"parent": "a"}]}, "/types/0/parent"),
        ("serial_rules", {"rules": [{"pattern": r"(a)\1"}]}, "/rules/0/pattern: this pattern"),
        ("serial_rules", {"rules": [{"pattern": "(?=a)"}]}, "/rules/0/pattern: this pattern"),
        ("serial_rules", {"rules": [{"pattern": "(a"}]}, "/rules/0/pattern: this pattern"),
        ("serial_rules", {"rules": [{"pattern": "((a{1,99}){1,99}){1,99}"}]}, "/rules/0/pattern"),
        ("serial_rules", {"rules": [{"pattern": "a"}, {"pattern": "b"}]}, "/rules/1: another"),
        ("wording", {"statuses": {"covered": {"text": {"en": "{x.y}"}}}}, "/text/en: there is no"),
        ("wording", {"statuses": {"covered": {"text": {"en": "{"}}}}, "/text/en: a brace"),
        ("wording", {"statuses": {"covered": {"text": {"fr": "oui"}}}}, "/text/fr"),
        ("claim_rules", {"rules": [APPROVE, APPROVE]}, "/rules/1/code: there is another rule 'a'"),
        ("claim_rules", {"rules": [APPROVE | {"resolutions": []}]}, "/rules/0/resolutions: a rule"),
        ("claim_rules", {"rules": [APPROVE | {"then": "review"}]}, "/rules/0/resolutions: a rule"),
        ("claim_rules", {"rules": [APPROVE | {"reason": "expired"}]}, "/rules/0/reason: a rule"),
        (
            "claim_rules",
            {"rules": [DENY | {"reason": None}]},
            "/rules/0/reason: a rule that denies",
        ),
        ("claim_rules", {"rules": [DENY | {"when": {"cover": []}}]}, "/rules/0/when/cover"),
        (
            "claim_rules",
            {"rules": [APPROVE | {"resolutions": ["repair", "repair"]}]},
            "/rules/0/resolutions: name each resolution once",
        ),
        (
            "messages",
            a_message("{{ x }}"),
            "/messages/claim.denied.v1/text/de: line 1: there is no",
        ),
        ("messages", a_message("{% for x in name %}"), "/messages/claim.denied.v1/text/de: "),
        (
            "messages",
            {"messages": {"recovery.requested.v1": {}}},
            "/messages/recovery.requested.v1",
        ),
        ("retention", {"contacts": 1}, "/document/contacts"),
        ("setup_map", {"portal_status": {"owner": "janitor"}}, "/document/portal_status/owner"),
        ("no_such", {}, "there is no policy 'no_such'"),
    ],
)
def test_says_where_a_document_is_wrong(
    catalog: CatalogStory, name: str, document: Any, said: str
) -> None:
    with pytest.raises(NotAPolicyError):
        parse(name, document)
    if isinstance(document, dict):
        answer = catalog.publish(name, document)
        assert set(codes(answer)) == {"policy_not_valid"}
        assert said in messages(answer)
        assert catalog.versions(name) == []


def test_a_catastrophic_pattern_takes_linear_time() -> None:
    rules = parse("serial_rules", {"rules": [{"pattern": "(a+)+b"}]})
    assert isinstance(rules, SerialRulesPolicy)
    rule = rules.rule("drill")
    assert rule is not None

    assert not rule.fits("a" * 100_000)
    parse("serial_rules", {"rules": [{"pattern": "(A|AA)*B"}]})


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"\pL{{200}}{}", "/rules: there are 1000 classes"),
        ("[^x]{{900}}[^y]{{900}}{}", "/rules/0/pattern: this pattern cannot be used"),
        ("(?i)[^x]{{40}}{}[K-k]{{200}}", ""),
    ],
)
def test_a_thousand_patterns_of_the_dearest_kind_keep_nobody_waiting(
    pattern: str, said: str
) -> None:
    rules = [{"product": f"p{n}", "pattern": pattern.format(n)} for n in range(1000)]
    began = time.process_time()
    try:
        parse("serial_rules", {"rules": rules})
        found = ""
    except NotAPolicyError as error:
        found = str(error)

    assert time.process_time() - began < 10
    assert found.startswith(said)


def test_a_few_classes_of_characters_are_still_read() -> None:
    policy = parse("serial_rules", {"rules": [{"pattern": r"\p{Lu}{2}\pN{4}"}]})
    assert isinstance(policy, SerialRulesPolicy)
    rule = policy.rule("drill")
    assert rule is not None

    assert (rule.fits("ŞÇ1234"), rule.fits("12ŞÇ")) == (True, False)


def test_the_most_particular_serial_rule_counts() -> None:
    policy = SerialRulesPolicy.model_validate_json(
        """{"rules": [{"pattern": "[0-9]+"}, {"category": "tools", "pattern": "T", "match": "prefix"},
            {"product": "drill", "pattern": "D-[0-9]", "normalise": []}]}"""
    )

    assert policy.rule("saw").fits("12 3")  # type: ignore[union-attr]
    assert policy.rule("saw", "tools").fits("t9")  # type: ignore[union-attr]
    assert policy.rule("drill", "tools").fits("D-1")  # type: ignore[union-attr]
    assert not policy.rule("drill", "tools").fits("d-1")  # type: ignore[union-attr]


def a_version(number: int, at: datetime) -> PolicyVersion:
    return PolicyVersion("coverage", number, at, "{}")


def test_a_version_counts_from_its_very_moment_on() -> None:
    first, second = a_version(1, MORNING), a_version(2, MORNING + HOUR)

    assert policy_in_force([first, second], MORNING - timedelta(microseconds=1)) is None
    assert policy_in_force([first, second], MORNING) is first
    assert policy_in_force([first, second], MORNING + HOUR - timedelta(microseconds=1)) is first
    assert policy_in_force([first, second], MORNING + HOUR) is second


def test_a_day_is_decided_by_what_counts_at_its_beginning() -> None:
    midnight = beginning_of(date(2026, 3, 1), "Europe/Istanbul")

    assert midnight == datetime(2026, 2, 28, 21, tzinfo=UTC)
    assert policy_in_force([a_version(1, midnight)], midnight)
    assert not policy_in_force([a_version(1, midnight + HOUR)], midnight)


def test_a_later_version_replaces_one_that_was_still_to_begin() -> None:
    planned, sooner = a_version(1, MORNING + 5 * HOUR), a_version(2, MORNING + HOUR)

    assert policy_in_force([planned, sooner], MORNING + 6 * HOUR) is sooner


@settings(deadline=None)
@given(
    published=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 20)), max_size=12),
    ask=st.integers(0, 70),
    shuffle=st.randoms(use_true_random=False),
)
def test_what_was_in_force_stays_so_whatever_is_published_later(
    published: list[tuple[int, int]], ask: int, shuffle: Any
) -> None:
    """An oracle that walks through time: at each hour, the last of those begun replaces the others."""
    published.sort(key=lambda one: one[0])
    versions = [
        a_version(n, MORNING + (at + ahead) * HOUR)
        for n, (at, ahead) in enumerate(published, start=1)
    ]
    oracle = 0
    for hour in range(ask + 1):
        for n, (at, ahead) in enumerate(published, start=1):
            if at + ahead == hour and n > oracle:
                oracle = n
    known_then = [one for one, (at, _) in zip(versions, published, strict=True) if at <= ask]
    shuffle.shuffle(versions)

    found = policy_in_force(versions, MORNING + ask * HOUR)
    assert (found.number if found else 0) == oracle
    assert policy_in_force(known_then, MORNING + ask * HOUR) == found


def test_what_differs_is_told_place_by_place() -> None:
    before = {"a": {"b": [1, 2], "c": 1}, "d": True}
    after = {"a": {"b": [1, 3, 4], "c": 1}, "e/f": 1}

    assert [str(one) for one in changes(before, after)] == [
        "~ /a/b/1: 2 is now 3",
        "+ /a/b/2: 4",
        "- /d: True",
        "+ /e~1f: 1",
    ]


def test_the_map_is_changed_by_whom_it_names(catalog: CatalogStory) -> None:
    stranger = catalog.publish("setup_map", {"portal_status": an_area()}, by="finance_user")
    named = catalog.publish(
        "setup_map", {"portal_status": an_area("sales_staff", "owner")}, by="sales_staff"
    )
    second = catalog.publish(
        "setup_map", {"portal_status": an_area("finance_user", "owner")}, by="owner"
    )
    too_late = catalog.publish("setup_map", {"portal_status": an_area()}, by="sales_staff")

    assert codes(stranger) == codes(too_late) == ["not_named"]
    assert "/document/portal_status: only sales_staff, owner may" in messages(stranger)
    assert (named["policy"]["version"], second["policy"]["version"]) == (1, 2)


@pytest.mark.parametrize("approving", ["sales_staff", "finance_user", None])
def test_whoever_keeps_an_area_does_not_say_who_approves_in_it(
    catalog: CatalogStory, approving: str | None
) -> None:
    area = an_area("sales_staff", "owner")
    mine = {"portal_status": area | {"approving_role": approving}}

    refused = catalog.publish("setup_map", mine, by="sales_staff")
    kept = catalog.publish("setup_map", {"portal_status": area}, by="sales_staff")
    said = catalog.publish("setup_map", mine)

    assert codes(refused) == ["not_named"]
    assert "/document/portal_status/approving_role: only owner" in refused["reasons"][0]["message"]
    assert (kept["policy"]["version"], said["policy"]["version"]) == (1, 2)


def test_a_merchant_goes_live_once_everything_is_settled(catalog: CatalogStory) -> None:
    nothing = catalog.go_live()
    for name in DOCUMENTS:
        catalog.publish(name)
    catalog.publish("setup_map", a_map(pos_invoice=None, system_link=an_area("owner", "owner")))
    nearly = catalog.go_live()
    catalog.publish("setup_map")
    live = catalog.go_live(at=MORNING + HOUR)
    again = catalog.go_live(at=MORNING + 2 * HOUR)

    assert len(nothing["reasons"]) == 6 + len(DOCUMENTS) - len(OF_OUR_OWN)
    assert [one["message"].partition(":")[0] for one in nearly["reasons"]] == [
        "/setup_map/pos_invoice",
        "/setup_map/system_link/backup",
    ]
    assert live == again
    assert catalog.outcomes[-1] is Outcome.DEDUPLICATED


def test_a_policy_that_is_still_to_begin_does_not_stand(catalog: CatalogStory) -> None:
    for name in MODELS:
        catalog.publish(name, effective_from=MORNING + HOUR)

    assert len(catalog.go_live()["reasons"]) > len(DOCUMENTS)
    assert "live_since" in catalog.go_live(at=MORNING + HOUR)


def test_roles_of_policies_are_roles_of_the_hub() -> None:
    from hub.access.permissions import Role  # noqa: PLC0415 - the one place where both are known

    assert set(get_args(StaffRole)) <= set(Role)

"""Claims and policies at random are weighed as somebody would do it by hand."""

from typing import Any, get_args

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.claims.weighing import Cover, Inputs, Invoice, Movement, Owned, weigh
from schemas.events.claim import Denial, Kind
from schemas.policies.evidence import Proof
from tests.unit.domain.weighed import DAY, a_rule, policies
from tests.unit.domain.weighing_oracle import amounts_to

CODES = st.sampled_from(["broken", "power", "noise"])
LIMITS = st.fixed_dictionaries(
    {"amount": st.integers(0, 1000), "currency": st.sampled_from(["EUR", "TRY"])}
)
EVIDENCE = st.fixed_dictionaries(
    {"required": st.lists(st.sampled_from(get_args(Proof)), unique=True)},
    optional={
        "photos": st.integers(1, 3),
        "missing": st.sampled_from(["block", "flag"]),
        "expires_days": st.integers(1, 90),
    },
)
STOCK_RULE = st.fixed_dictionaries({"action": st.sampled_from(["block", "flag", "allow"])})


def some(values: Any) -> Any:
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


WHEN = st.fixed_dictionaries(
    {},
    optional={
        "cover": some(get_args(Cover)),
        "owned": some(get_args(Owned)),
        "issues": st.lists(CODES, min_size=1),
        "products": some(["drill", "saw"]),
        "categories": some(["tools", "toys"]),
        "preferred": some(get_args(Kind)),
        "value_up_to": LIMITS,
        "evidence_complete": st.booleans(),
        "earlier_claims_at_least": st.integers(1, 3),
        "days_covered_up_to": st.integers(0, 60),
    },
)
RULES = st.lists(
    st.tuples(
        WHEN, st.sampled_from(["approve", "deny", "review"]), st.sampled_from(get_args(Denial))
    ),
    max_size=6,
).map(
    lambda drawn: {
        "rules": [
            a_rule(f"r{n}", then, **when) | ({"reason": why} if then == "deny" else {})
            for n, (when, then, why) in enumerate(drawn)
        ]
    }
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "evidence": st.fixed_dictionaries(
            {"default": EVIDENCE}, optional={"by_issue": st.dictionaries(CODES, EVIDENCE)}
        ),
        "stock": st.fixed_dictionaries({"missing": STOCK_RULE, "different": STOCK_RULE}),
        "claim_rules": RULES,
    },
)
INPUTS = st.builds(
    Inputs,
    issue=CODES,
    cover=st.sampled_from(get_args(Cover)),
    owned=st.sampled_from(get_args(Owned)),
    incident_on=st.one_of(st.none(), st.just(DAY)),
    asked_on=st.just(DAY),
    product=st.sampled_from(["drill", "saw"]),
    category=st.sampled_from([None, "tools", "toys"]),
    invoice=st.sampled_from(get_args(Invoice)),
    photos=st.integers(0, 3),
    serial=st.booleans(),
    description=st.booleans(),
    movement=st.sampled_from(get_args(Movement)),
    preferred=st.sampled_from([None, *get_args(Kind)]),
    value=st.one_of(st.none(), st.integers(0, 1000)),
    currency=st.sampled_from([None, "EUR", "TRY"]),
    earlier=st.integers(0, 3),
    days_covered=st.integers(0, 60),
    override=st.booleans(),
)


@given(inputs=INPUTS, documents=DOCUMENTS)
def test_weighs_as_somebody_would_by_hand(inputs: Inputs, documents: dict[str, Any]) -> None:
    expected = amounts_to(msgspec.structs.asdict(inputs), documents)
    one = weigh(inputs, policies(**documents))

    assert list(one.missing) == expected["missing"]
    assert set(one.blocked) == expected["blocked"]
    assert set(one.flags) == expected["flags"]
    assert (one.then, one.staged) == (expected["then"], expected["staged"])
    assert one.expires_days == expected["expires_days"]
    applied = [ruled.rule for ruled in one.ruled if ruled.policy == "claim_rules"]
    assert applied == ([expected["rule"]] if expected["rule"] else [])
    assert (one.reason is not None) == (one.then == "deny")
    assert bool(one.resolutions) == (one.then == "approve")


@given(inputs=INPUTS, documents=DOCUMENTS)
def test_what_was_kept_of_a_claim_weighs_the_same_for_ever(
    inputs: Inputs, documents: dict[str, Any]
) -> None:
    kept = msgspec.json.decode(msgspec.json.encode(inputs), type=Inputs)

    assert kept == inputs
    assert weigh(kept, policies(**documents)) == weigh(inputs, policies(**documents))

"""The load of claims is what it says it is: facts that the contract knows, at homes that they have."""

import json

from hub.dev.crash.claims import facts
from hub.dev.crash.claims.cases import DECISIONS
from hub.dev.crash.claims.visitor import POLICIES
from hub.dev.crash.plan import Plan
from hub.dev.crash.stories import Event
from schemas.base import Fact
from schemas.events.claim import ClaimAnswered, ClaimFiled, CostPosted, EffectReported
from schemas.events.product import ProductDescribed, StockMoved
from schemas.events.registration import RegistrationRequested
from schemas.events.sale import SaleRecorded
from schemas.policies.approval import ApprovalPolicy
from schemas.policies.evidence import EvidencePolicy

CLAIM, EFFECT = f"clm_{'a' * 16}_1", f"eff_{'a' * 16}_1"
FACTS: tuple[type[Fact], ...] = (
    *(SaleRecorded, RegistrationRequested, ClaimFiled, StockMoved, ProductDescribed),
    *(ClaimAnswered, EffectReported, CostPosted),
)
MODELS = {fact.TYPE: fact for fact in FACTS}


def everything() -> list[Event]:
    return [
        facts.sale("O-1", facts.PRODUCT, "S-1"),
        facts.registration("O-1", facts.PRODUCT, "S-1"),
        facts.filing("O-1", "S-1", "screen", 1, (f"med_{'0' * 32}",)),
        facts.movement("out", facts.PRODUCT, -1, "S-1"),
        facts.described(facts.EMPTY),
        facts.of_claim("claim.answered.v1", CLAIM, "a", claim=CLAIM, words="Since Monday."),
        facts.of_claim("effect.reported.v1", EFFECT, "r", effect=EFFECT, state="repaired"),
        facts.of_claim(
            "cost.posted.v1", CLAIM, "c", claim=CLAIM, kind="parts", reference="B-1",
            amount=facts.money(1),
        ),
    ]  # fmt: skip


def test_tells_only_what_the_contract_knows() -> None:
    told = [MODELS[one.type].model_validate_json(one.body) for one in everything()]

    assert len({type(one) for one in told}) == len(told)


def test_a_unit_is_the_same_one_whoever_tells_of_it_first() -> None:
    sale, registration, *_ = everything()

    assert sale.covers == registration.covers == (facts.unit_key(facts.PRODUCT, "S-1"),)
    assert json.loads(sale.body)["lines"][0]["price"] == facts.money(facts.PRICE)


def test_the_rules_are_ones_that_may_be_published() -> None:
    approval = ApprovalPolicy.model_validate_json(json.dumps(POLICIES["approval"]))
    EvidencePolicy.model_validate_json(json.dumps(POLICIES["evidence"]))

    assert approval.four_eyes_above[0].amount < 45_000


def test_claims_take_the_doors_and_the_catalogue() -> None:
    assert Plan().claims
    assert not Plan(kinds=("process", "project", "insight")).claims
    assert len({decide.__name__ for decide, _ in DECISIONS}) == 7

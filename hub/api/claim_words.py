"""What a customer is told of a claim, in the merchant's words that are in force."""

from dataclasses import dataclass
from datetime import UTC, datetime

from hub.adapters.postgres import Queries
from hub.api import policy_shelf
from hub.api.claim_documents import CustomerIsTold
from hub.api.claim_rows import Claim
from hub.api.explained_documents import CustomerSaw, CustomerVersion
from hub.domain.claims.record import Move
from hub.domain.claims.wording import sentences
from hub.domain.policies.versions import policy_in_force
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.parts import Locale
from schemas.policies.wording import WordingPolicy
from schemas.refs import product_home, product_id

PRODUCT = "select name from product where id = $1"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Speaks to the customers of one merchant."""

    merchant: str
    wording: WordingPolicy | None
    exclusions: ExclusionsPolicy | None
    product: str
    """What its customers call the product of the claim."""

    def now(self, claim: Claim, locale: Locale) -> CustomerIsTold:
        """Where it stands, what comes next, and how long that takes."""
        saw = self._saw(claim, claim.history[-1], locale, claim.missing)
        return CustomerIsTold(
            locale=locale, status=saw.status, next_step=saw.next_step, expected=saw.expected
        )

    def story(self, claim: Claim, locale: Locale) -> CustomerVersion:
        """What was read at each state it came to."""
        steps = [self._saw(claim, move, locale, claim.lacked(move)) for move in claim.history]
        return CustomerVersion(locale=locale, steps=steps)

    def _saw(
        self, claim: Claim, move: Move, locale: Locale, missing: tuple[str, ...]
    ) -> CustomerSaw:
        about = {
            "merchant": self.merchant,
            "claim": claim.id,
            "warranty": claim.warranty,
            "product": self.product,
            "serial": claim.serial_norm or "",
        }
        told = sentences(
            move.after,
            move.reason or None,
            missing,
            locale,
            self.wording,
            self.exclusions,
            about,
            [one.kind for one in claim.verdict.granted] if claim.verdict else (),
        )
        return CustomerSaw(
            state=move.after,
            at=move.at,
            status=told.status,
            next_step=told.next_step,
            expected=told.expected,
        )


async def speaker(queries: Queries, merchant: str, claim: Claim) -> Speaker:
    """Whoever speaks for a merchant about a claim, as its policies and catalogue are now."""
    documents = {}
    for name in ("wording", "exclusions"):
        found = policy_in_force(await policy_shelf.versions(queries, name), datetime.now(UTC))
        documents[name] = found.document if found else None
    wording, exclusions = documents["wording"], documents["exclusions"]
    return Speaker(
        merchant,
        WordingPolicy.model_validate_json(wording) if wording else None,
        ExclusionsPolicy.model_validate_json(exclusions) if exclusions else None,
        await _called(queries, merchant, claim.product),
    )


async def _called(queries: Queries, merchant: str, product: str) -> str:
    """The name of a product that the catalogue has by that code, else what it is known by."""
    rows = await queries.fetch(PRODUCT, product_id(product_home(merchant, product)))
    return str(rows[0]["name"]) if rows else product

"""What customers are written when something becomes of their warranty or claim."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.policies.parts import Label, Policy, Strict, Texts, wrong_at
from schemas.policies.templates import check

Occasion = Literal[
    "warranty.activated.v1",
    "warranty.corrected.v1",
    "warranty.extended.v1",
    "warranty.reinstated.v1",
    "warranty.transferred.v1",
    "warranty.ended.v1",
    "claim.staged.v1",
    "claim.submitted.v1",
    "claim.under_review.v1",
    "claim.awaiting_info.v1",
    "claim.approved.v1",
    "claim.partially_approved.v1",
    "claim.denied.v1",
    "claim.resolved.v1",
    "claim.cancelled.v1",
    "claim.reminded.v1",
    "replacement.requested.v1",
    "repair.requested.v1",
    "refund.prepared.v1",
]
"""Of what may become of things, what customers may be written of: nothing that is between a merchant and others."""


class Message(Strict):
    """A mail; both texts are templates, such as `Your warranty{% if product %} for {{ product }}{% endif %}`."""

    subject: Texts
    text: Texts


class MessagesPolicy(Policy):
    """The merchant's own words come before the hub's."""

    sender: Label | None = None
    """What the sender of mails is called; the merchant's id where nothing stands here."""
    messages: Annotated[dict[Occasion, Message], Field(default_factory=dict)]

    @model_validator(mode="after")
    def _templates_are_some(self) -> Self:
        for occasion, message in self.messages.items():
            for part, texts in (("subject", message.subject), ("text", message.text)):
                _check(f"/messages/{occasion}/{part}", texts)
        return self


def _check(place: str, texts: Texts) -> None:
    for locale in Texts.model_fields:
        text = getattr(texts, locale)
        if text is None:
            continue
        try:
            check(text)
        except ValueError as error:
            raise wrong_at(f"{place}/{locale}", str(error)) from error

"""Which shop a registration is held against, and which registrations are."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from schemas.policies.parts import Policy

Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class ShopVerificationPolicy(Policy):
    """Who registers names the order, its e-mail address and the product; the shop says whether that is so."""

    source: Source
    """The source of the shop that is asked, as `hub source set` calls it."""
    applies_to: Literal["all", "unsold"] = "all"
    """`unsold`: a unit whose sale some source has reported needs no shop to vouch for it."""

"""What has to be said in a registration and in a claim."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.policies.parts import Policy


class RequiredFieldsPolicy(Policy):
    """Beside what every registration and claim has anyway."""

    registration: Annotated[
        tuple[
            Literal["serial", "product", "purchased_on", "branch", "email", "phone", "name"], ...
        ],
        Field(max_length=7),
    ] = ()
    claim: Annotated[
        tuple[
            Literal["issue_type", "description", "incident_date", "photos", "email", "phone"], ...
        ],
        Field(max_length=6),
    ] = ()

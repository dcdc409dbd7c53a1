"""What is done to a warranty that an address names."""

from typing import Annotated

from fastapi import Path
from starlette.requests import Request

from hub.access.principals import Principal
from hub.api import shelf
from hub.api.parts import parts_of
from hub.api.problems import NOT_FOUND

Warranty = Annotated[str, Path(pattern="^wty_[a-z2-7]{16}_[0-9]{1,9}$")]


async def check_warranty(request: Request, caller: Principal, warranty: str) -> None:
    """Refuse a warranty that is not of the caller's tenant.

    Raises:
        ProblemError: 404.

    """
    async with parts_of(request).database.speaking_for(caller.tenant) as queries:
        if not await shelf.exists(queries, warranty):
            detail = f"you have no warranty {warranty}; look for it in /v1/warranties"
            raise NOT_FOUND.error(detail)

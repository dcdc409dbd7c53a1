"""Who speaks about items, and for whom: everybody for their own tenant, an operator for any."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Path
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from hub.access.principals import Principal
from hub.adapters.postgres import Queries
from hub.api.filters import Word
from hub.api.parts import parts_of
from hub.api.problems import FORBIDDEN
from hub.recovery.spot import Spot

MAX_PART, MAX_OFFSET = 2**31 - 1, 2**63 - 1
Topic = Annotated[str, Path(pattern="^[a-zA-Z0-9._-]{1,249}$")]
Partition = Annotated[int, Path(ge=0, le=MAX_PART)]
Offset = Annotated[int, Path(ge=0, le=MAX_OFFSET)]


class Whose(BaseModel):
    """For whom a caller speaks."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    tenant: Word | None = None
    """An operator's choice; whoever else calls speaks for their own. `hub` has what no tenant is known of."""


def tenant_of(caller: Principal, whose: Whose) -> str:
    """The tenant that is spoken for.

    Raises:
        ProblemError: it is not the caller's, who is no operator.

    """
    asked = whose.tenant or caller.tenant
    if asked != caller.tenant and not caller.operator:
        raise FORBIDDEN.error(f"this key speaks for {caller.tenant} alone; leave `tenant` out")
    return asked


@asynccontextmanager
async def speaking(request: Request, caller: Principal, whose: Whose) -> AsyncIterator[Queries]:
    """A session that sees the items of one tenant alone."""
    tenant = tenant_of(caller, whose)
    async with parts_of(request).database.speaking_for(tenant) as queries:
        yield queries


async def _spot(topic: Topic, partition: Partition, offset: Offset) -> Spot:
    return Spot(topic, partition, offset)


There = Annotated[Spot, Depends(_spot)]

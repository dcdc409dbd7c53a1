"""Reading policies: the rows that deciding writes are what is read."""

from datetime import datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.api.policy_documents import (
    Author,
    Changed,
    Lacking,
    PolicyDiff,
    PolicyDocument,
    PolicyLine,
    PolicyList,
    PolicyVersionDocument,
    PublishedVersion,
    Setup,
)
from hub.domain.policies.differing import changes
from hub.domain.policies.versions import PolicyVersion, policy_in_force
from hub.domain.setup import DEFAULT_MAP, missing
from schemas.policies import POLICIES, SETUP_MAP
from schemas.policies.setup_map import SetupMapPolicy

VERSIONS = "select doc from policy where $1::text is null or name = $1 order by name, number"
LIVE = "select doc ->> 'live_since' as since from catalog where kind = 'tenant' and doc is not null"


class By(msgspec.Struct, frozen=True, gc=False):
    """Who published it."""

    kind: str
    id: str
    role: str


class Stored(PolicyVersion, frozen=True, gc=False, kw_only=True):
    """A version as its row has it."""

    by: By
    why: str
    published_at: datetime


_stored = msgspec.json.Decoder(Stored).decode


async def versions(queries: Queries, name: str | None = None) -> list[Stored]:
    """Every version of a policy, or of all, in order."""
    return [_stored(row["doc"]) for row in await queries.fetch(VERSIONS, name)]


def listed(found: list[Stored], now: datetime) -> PolicyList:
    """Every policy there can be."""
    lines = []
    for name in POLICIES:
        mine = [one for one in found if one.name == name]
        force = policy_in_force(mine, now)
        lines.append(
            PolicyLine(name=name, in_force=force.number if force else None, last=len(mine))
        )
    return PolicyList(policies=lines)


def shown(name: str, found: list[Stored], now: datetime) -> PolicyDocument:
    """A policy with all its versions."""
    force = policy_in_force(found, now)
    whole = next((version(one) for one in found if one is force), None)
    return PolicyDocument(
        name=name,
        in_force=whole,
        versions=[PublishedVersion(**_about(one)) for one in found],
    )


def version(one: Stored) -> PolicyVersionDocument:
    """A version with its document."""
    document = msgspec.json.decode(one.document)
    return PolicyVersionDocument(name=one.name, document=document, **_about(one))


def _about(one: Stored) -> dict[str, Any]:
    by = Author(kind=one.by.kind, id=one.by.id, role=one.by.role)
    fields = ("number", "effective_from", "hash", "published_at", "why")
    return {name: getattr(one, name) for name in fields} | {"by": by}


def difference(earlier: Stored, later: Stored) -> PolicyDiff:
    """What differs, place by place."""
    found = changes(msgspec.json.decode(earlier.document), msgspec.json.decode(later.document))
    return PolicyDiff(
        name=later.name,
        earlier=earlier.number,
        later=later.number,
        changes=[
            Changed(pointer=one.pointer, before=one.before, after=one.after, line=str(one))
            for one in found
        ],
    )


async def setup(queries: Queries, now: datetime) -> Setup:
    """The map in force, what is missing, and whether the merchant is live."""
    found = await versions(queries)
    force = {name: policy_in_force(_of(found, name), now) for name in (*POLICIES, SETUP_MAP)}
    mine = force[SETUP_MAP]
    mapped = SetupMapPolicy.model_validate_json(mine.document) if mine else None
    lacking = missing(mapped, lambda name: force[name] is not None)
    since = [row["since"] for row in await queries.fetch(LIVE)]
    return Setup(
        map=(mapped or DEFAULT_MAP).model_dump(mode="json", exclude_none=True),
        version=mine.number if mine else 0,
        last=len(_of(found, SETUP_MAP)),
        missing=[Lacking(pointer=at, message=what) for at, what in lacking],
        live_since=next((datetime.fromisoformat(one) for one in since if one), None),
    )


def _of(found: list[Stored], name: str) -> list[Stored]:
    return [one for one in found if one.name == name]

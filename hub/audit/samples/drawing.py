r"""Drawing a sample: the same tenant, month, seed and records always give the same ones.

Each record gets a score, the SHA-256 of these lines in UTF-8, joined by "\n" and without one at the end:

    hub.audit.sample/1, tenant, month as 2026-11, seed, kind, record

The records with the smallest scores, compared as bytes, are the sample, in that order. So it does not
matter when or in which order they came; a larger sample of the same seed begins with the smaller one;
and nobody can choose a record without trying seeds. A month is one of UTC, and has to be over.
"""

import re
import secrets
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from hub.adapters.postgres import Queries
from hub.audit.entries import By
from hub.audit.samples.kinds import KINDS
from hub.domain.errors import HubError

FORM = "hub.audit.sample/1"
MONTH = re.compile(r"^(20\d\d)-(0[1-9]|1[0-2])\Z")
SEED = re.compile(r"^[A-Za-z0-9._-]{1,40}\Z")
MOST = 1_000
POPULATION = " union all ".join(
    f"select '{kind.name}' as kind, record from ({kind.population}) of_{kind.name}"  # noqa: S608 - queries of ours
    for kind in KINDS
)
DRAW = f"""
with population as ({POPULATION}),
scored as (
  select kind, record, sha256(convert_to($4 || E'\\n' || kind || E'\\n' || record, 'UTF8')) as score from population),
drawn as (
  select kind, record, row_number() over (order by score) as place from scored order by score limit $5::int),
made as (
  insert into audit_sample (id, tenant, month, size, seed, population, by)
  select $6, $1, $7::date, $5::int, $8, (select count(*) from population), $9
  on conflict do nothing returning 1),
put as (
  insert into audit_sampled (sample, place, tenant, kind, record)
  select $6, place, $1, kind, record from drawn where exists (select 1 from made)),
entered as (
  insert into audit_entry (tenant, action, subject, by_kind, by_id, by_role, doc)
  select $1, 'sample:drawn', $6, $10, $9, $11,
         json_build_object('month', $12::text, 'size', $5::int, 'seed', $8,
                           'population', (select count(*) from population))
   where exists (select 1 from made))
select count(*) from made
"""  # noqa: S608 - queries of ours


class SampleError(HubError):
    """It cannot be drawn or reviewed so; the message says what can."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which sample."""

    tenant: str
    month: str
    size: int
    seed: str

    @property
    def id(self) -> str:
        """By which it is known; a repeat finds the first."""
        return f"smp_{self.tenant}_{self.month}_{self.size}_{self.seed}"


def some_seed() -> str:
    """A seed where nobody gave one."""
    return secrets.token_hex(4)


def span(month: str, now: datetime | None = None) -> tuple[datetime, datetime]:
    """The first instant of a month and the first after it.

    Raises:
        SampleError: it is no month, or not over yet.

    """
    found = MONTH.match(month)
    if found is None:
        raise SampleError(f"{month!r} is no month; write it as 2026-11")
    year, number = int(found[1]), int(found[2])
    begin = datetime(year, number, 1, tzinfo=UTC)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    if end > (now or datetime.now(UTC)):
        raise SampleError(f"{month} is not over; a sample is drawn once no record can be added")
    return begin, end


async def draw(queries: Queries, wish: Wish, by: By) -> bool:
    """Draw and keep a sample; False where it was drawn before, which then stays as it is.

    Raises:
        SampleError: size, seed or month cannot be so.

    """
    begin, end = span(wish.month)
    if not 1 <= wish.size <= MOST:
        raise SampleError(f"a sample has 1 to {MOST} records")
    if not SEED.match(wish.seed):
        raise SampleError("a seed has 1 to 40 letters, digits, dots, dashes or underscores")
    first = f"{FORM}\n{wish.tenant}\n{wish.month}\n{wish.seed}"
    month = date(begin.year, begin.month, 1)
    told: list[Any] = await queries.fetch(
        DRAW,
        *(wish.tenant, begin, end, first, wish.size, wish.id, month, wish.seed),
        *(by.id, by.kind, by.role, wish.month),
    )
    return bool(told[0][0])

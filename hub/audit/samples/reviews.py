"""Samples as they stand, and what reviewers found: written once, by somebody who did not decide the record."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from hub.adapters.postgres import Queries
from hub.audit.entries import By
from hub.audit.samples.drawing import SampleError
from hub.audit.samples.kinds import BY_NAME
from hub.domain.errors import HubError
from hub.domain.plain import plain
from schemas.refs import home_of

LEAST_TEXT, MOST_TEXT = 10, 1_000
LISTED = """
select s.id, s.month, s.size, s.seed, s.population, s.by, s.drawn_at,
       count(d.place) as records, count(r.place) as reviewed,
       count(r.place) filter (where exists (
         select 1 from json_array_elements(r.findings) f where f ->> 'code' <> 'ok')) as objected
  from audit_sample s
  left join audit_sampled d on d.sample = s.id
  left join audit_review r on r.sample = d.sample and r.place = d.place
 where s.tenant = $1 and ($2::text is null or s.id = $2)
 group by s.id order by s.month desc, s.drawn_at desc limit 200
"""
RECORDS = """
select d.place, d.kind, d.record, r.by, r.by_role, r.at, r.findings
  from audit_sampled d left join audit_review r on r.sample = d.sample and r.place = d.place
 where d.tenant = $1 and d.sample = $2 order by d.place
"""
# Whoever proposed a change of the record, or settled that proposal, had a part in it too; and who reported it,
# who stands there as its source.
DECIDED_BY = """
select distinct by_id from audit_entry
 where tenant = $1
   and subject = any($2::text[] || array(select id from proposal where warranty = $3 and home = $4))
   and by_kind <> 'system'
   and action not like 'sample:%'
"""
REVIEW = """
with put as (
  insert into audit_review (sample, place, tenant, by, by_role, findings)
  values ($2, $3::int, $1, $4, $5, $6::json) on conflict do nothing returning 1),
entered as (
  insert into audit_entry (tenant, action, subject, by_kind, by_id, by_role, doc)
  select $1, 'sample:reviewed', $7, $8, $4, $5,
         json_build_object('sample', $2::text, 'place', $3::int, 'codes', $9::json)
   where exists (select 1 from put))
select count(*) from put
"""
Code = Literal["ok", "missing", "wrong", "unclear"]


class NoSampleError(HubError):
    """There is no such sample, or no such record of it."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer says of one line of the checklist."""

    check: str
    code: Code
    text: str = ""
    """What is wrong, where it is not ok."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the checklist."""

    check: str
    asks: str


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody found, for ever."""

    by: str
    role: str
    at: datetime
    findings: list[Finding]


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a sample."""

    place: int
    kind: str
    label: str
    record: str
    checklist: list[Asked]
    review: Review | None


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A sample, and how far its review is."""

    id: str
    month: str
    size: int
    seed: str
    population: int
    """From how many records it was drawn."""
    by: str
    drawn_at: datetime
    records: int
    reviewed: int
    objected: int
    """Records of which something was not ok."""

    @property
    def left(self) -> int:
        """Records that nobody has reviewed."""
        return self.records - self.reviewed


class SampleDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A sample with its records."""

    sample: Sample
    items: list[Sampled]


async def samples(queries: Queries, tenant: str, *, only_open: bool = False) -> list[Sample]:
    """The samples of a tenant, newest month first."""
    found = [_sample(row) for row in await queries.fetch(LISTED, tenant, None)]
    return [one for one in found if one.left or not only_open]


async def read_sample(queries: Queries, tenant: str, sample: str) -> SampleDocument:
    """A sample with its records, checklists and reviews.

    Raises:
        NoSampleError: there is none.

    """
    found = await queries.fetch(LISTED, tenant, sample)
    if not found:
        raise _none(sample)
    rows = await queries.fetch(RECORDS, tenant, sample)
    return SampleDocument(sample=_sample(found[0]), items=[_sampled(row) for row in rows])


async def review(  # noqa: PLR0913 - which record, who, and what was found
    queries: Queries,
    tenant: str,
    sample: str,
    place: int,
    *,
    findings: Sequence[Finding],
    by: By,
    known_as: Collection[str] = (),
) -> None:
    """Keep what a reviewer found of a record. `known_as` are other names of the reviewer.

    Raises:
        NoSampleError: there is no such record.
        SampleError: he may not review it, left something out, or somebody did before.

    """
    document = await read_sample(queries, tenant, sample)
    record = next((one for one in document.items if one.place == place), None)
    if record is None:
        raise _none(f"{sample}, record {place}")
    _check(record, findings)
    if {by.id, *known_as} & await _deciders(queries, tenant, record.record):
        message = f"{by.id} had a part in deciding {record.record}; somebody else has to review it"
        raise SampleError(message)
    kept = [msgspec.structs.replace(one, text=plain(one.text, MOST_TEXT)) for one in findings]
    codes = {one.check: one.code for one in kept}
    (told,) = await queries.fetch(
        REVIEW,
        *(tenant, sample, place, by.id, by.role, msgspec.json.encode(kept).decode()),
        *(record.record, by.kind, msgspec.json.encode(codes).decode()),
    )
    if not told[0]:
        raise SampleError(f"record {place} was reviewed before; what was found then stays")


def _check(record: Sampled, findings: Sequence[Finding]) -> None:
    wanted = [one.check for one in record.checklist]
    if sorted(one.check for one in findings) != sorted(wanted):
        raise SampleError(f"answer each once: {', '.join(wanted)}")
    for one in findings:
        if one.code != "ok" and len(one.text.strip()) < LEAST_TEXT:
            message = f"say of {one.check} what is {one.code}, in {LEAST_TEXT} characters or more"
            raise SampleError(message)


async def _deciders(queries: Queries, tenant: str, record: str) -> set[str]:
    home = ""
    with suppress(ValueError):
        home = home_of(record)
    rows = await queries.fetch(DECIDED_BY, tenant, [record, home], record, home)
    return {row["by_id"] for row in rows}


def _sample(row: Any) -> Sample:
    month: date = row["month"]
    return Sample(
        id=row["id"],
        month=f"{month:%Y-%m}",
        size=row["size"],
        seed=row["seed"],
        population=row["population"],
        by=row["by"],
        drawn_at=row["drawn_at"],
        records=row["records"],
        reviewed=row["reviewed"],
        objected=row["objected"],
    )


def _sampled(row: Any) -> Sampled:
    kind = BY_NAME[row["kind"]]
    made = None
    if row["by"] is not None:
        findings = msgspec.json.decode(row["findings"], type=list[Finding])
        made = Review(by=row["by"], role=row["by_role"], at=row["at"], findings=findings)
    return Sampled(
        place=row["place"],
        kind=kind.name,
        label=kind.label,
        record=row["record"],
        checklist=[Asked(check=one.check, asks=one.asks) for one in kind.checklist],
        review=made,
    )


def _none(what: str) -> NoSampleError:
    return NoSampleError(f"there is no sample {what}; `hub audit samples` lists them")

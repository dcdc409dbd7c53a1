"""Reading who is covered on a day: the rows of all units with a serial, and the merchant's wording."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from hub.access.permissions import Permission
from hub.access.principals import Principal
from hub.adapters.postgres import Queries
from hub.api import policy_shelf
from hub.api.coverage_bodies import Asked, CoverageOnDay, CoveragePolicyUsed, CoveredUnit
from hub.domain.as_of import Grounds, History, Standing, on_day
from hub.domain.coverage_words import sentence
from hub.domain.policies.versions import policy_in_force
from hub.domain.serials import normalise
from schemas.policies.wording import WordingPolicy

UNITS = """
select doc from unit
 where serial_norm = $1 and ($2::text is null or product = $2) order by id"""

_history = msgspec.json.Decoder(History).decode


async def coverage(queries: Queries, caller: Principal, asked: Asked) -> CoverageOnDay | None:
    """How every product with that serial stands on that day; None where there is none."""
    rows = await queries.fetch(UNITS, normalise(asked.serial), asked.product)
    found = list(on_day([_history(row["doc"]) for row in rows], asked.on))
    if not found:
        return None
    wording = await _wording(queries)
    units = list(_units(found, caller, asked, wording))
    return CoverageOnDay(
        serial=found[0][0].serial or asked.serial,
        on=asked.on,
        covered=any(unit.covered for unit in units),
        sentence=" ".join(unit.sentence for unit in units),
        units=units,
    )


async def _wording(queries: Queries) -> WordingPolicy | None:
    force = policy_in_force(await policy_shelf.versions(queries, "wording"), datetime.now(UTC))
    return WordingPolicy.model_validate_json(force.document) if force else None


def _units(
    found: list[tuple[History, Standing]],
    caller: Principal,
    asked: Asked,
    wording: WordingPolicy | None,
) -> Iterator[CoveredUnit]:
    may_know = caller.may(Permission.READ_WARRANTY)
    for history, stands in found:
        said = sentence(
            history, stands, asked.on, merchant=caller.tenant, locale=asked.locale, wording=wording
        )
        yield CoveredUnit(
            warranty=history.id,
            product=history.product,
            covered=stands.covered,
            reason=stands.reason,
            starts_on=history.starts_on,
            ends_on=history.ends_on,
            ended_on=history.ended_on,
            owner=stands.owner if may_know else None,
            basis=stands.grounds.basis,
            policy=_policy(stands.grounds),
            override=stands.grounds.override if may_know else None,
            sentence=said,
        )


def _policy(grounds: Grounds) -> CoveragePolicyUsed | None:
    ruling = grounds.ruling
    if ruling is None:
        return None
    return CoveragePolicyUsed(
        name=ruling.policy,
        version=ruling.version,
        rule=ruling.rule,
        period=grounds.period,
        type=grounds.type or ruling.type,
    )

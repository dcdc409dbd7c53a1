"""Who is to be told of what: each status event once for every endpoint that wants it.

The rows are acted upon by whoever delivers, so they are never made again. An event that no endpoint
wants leaves nothing.
"""

import json
from collections.abc import Iterable
from typing import Any

from hub.sdk.projection import Projection, Told
from schemas.catalogue import BECAME
from schemas.topics import WARRANTY_STATUS

SEQUENCE_DIGITS = 20
"""So that sequences compare as texts, too."""
INSIDE: dict[str, set[str]] = {"decided": {"by", "why"}}
"""What stays in the house: who of the staff decided it, and in what words."""

UPSERT = """
WITH wanted AS (
  SELECT e.id FROM endpoint e
   WHERE e.tenant = $1 AND e.state <> 'deleted'
     AND (e.types = '{{}}' OR $3 = ANY (e.types)) AND (e.branches = '{{}}' OR $5 = ANY (e.branches))
     AND (e.suppliers = '{{}}' OR $9 = ANY (e.suppliers))),
told AS (
  INSERT INTO {table} (tenant, id, type, subject, branch, at, seq, traceparent, supplier, body)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 WHERE EXISTS (SELECT FROM wanted)
  ON CONFLICT (tenant, id) DO NOTHING RETURNING id)
INSERT INTO delivery (tenant, endpoint, event, subject)
SELECT $1, wanted.id, told.id, $4 FROM told, wanted ORDER BY wanted.id
ON CONFLICT (endpoint, event) DO NOTHING
"""


def rows(told: Told) -> Iterable[tuple[object, ...]]:
    """The event as it is sent."""
    envelope = told.envelope
    branch, supplier = (getattr(told.fact, name, None) or "" for name in ("branch", "supplier"))
    subject = envelope.subject or ""
    identity = (envelope.tenant, envelope.id, envelope.type, subject, branch)
    body = _cloud_event(told)
    return [(*identity, envelope.time, told.seq, envelope.traceparent, supplier, body)]


def _cloud_event(told: Told) -> str:
    envelope = told.envelope
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "time": envelope.time.isoformat(),
        "subject": envelope.subject,
        "sequence": f"{told.seq:0{SEQUENCE_DIGITS}}",
        "tenant": envelope.tenant,
        "correlationid": envelope.correlationid,
        "causationid": envelope.causationid,
        "traceparent": envelope.traceparent,
        "datacontenttype": "application/json",
        "data": told.fact.model_dump(mode="json", exclude_none=True, exclude=INSIDE),
    }
    given = {name: value for name, value in event.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":"))


PROJECTION = Projection(
    name="deliveries",
    version=1,
    reads=WARRANTY_STATUS,
    table="status_event",
    consumes=BECAME,
    upsert=UPSERT,
    rows=rows,
    kept=True,
)

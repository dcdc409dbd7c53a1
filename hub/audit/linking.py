"""Linking: the next rows of a tenant get their numbers and hashes, in one transaction.

The chain's own row is locked first, so whoever else links the same tenant waits and then goes on from
where this one came to. A row takes its number `n` before it is committed, so a lower one may show up
after a higher one: the chain's order is that in which rows were linked, and whatever has no place in it
yet is linked, wherever its `n` stands. So nothing is stepped over, and a gap in `n` (a transaction that
was undone) means nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.adapters.postgres import Database, Queries
from hub.adapters.postgres.leases import Lease
from hub.audit.canonical import FIELDS, digest
from hub.audit.heads import Head, Signer
from hub.domain.errors import HubError

HEAD_ROWS, HEAD_SECONDS = 1_000, 60.0
"""A head is signed after so many rows or so long, whichever comes first, if there is anything new."""

FOUND = "insert into audit_chain (tenant) values ($1) on conflict do nothing"
LOCK = """
select seq, hash, head_seq, head_hash,
       coalesce(extract(epoch from clock_timestamp() - head_at)::float8, 1e9) as head_age
  from audit_chain where tenant = $1 for update
"""
HELD = "select 1 from lease where door = $1 and tenant = $2 and source = $3 and epoch = $4"
UNLINKED = f"""
select {FIELDS} from audit_entry where tenant = $1 and seq is null order by n limit $2
"""  # noqa: S608 - columns of ours
LINK = """
update audit_entry e set seq = u.seq, prev = u.prev, hash = u.hash
  from unnest($2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[]) as u(n, seq, prev, hash)
 where e.n = u.n and e.tenant = $1 and e.seq is null
"""
MOVE = "update audit_chain set seq = $2, hash = $3 where tenant = $1"
PUT_HEAD = """
insert into audit_head (tenant, seq, hash, at, previous, key, signature) values ($1, $2, $3, $4, $5, $6, $7)
"""
HEADED = "update audit_chain set head_seq = $2, head_at = $3, head_hash = $4 where tenant = $1"


class ChainError(HubError):
    """Rows are not what they were when they were read: leave the chain as it is, a person has to look."""


@dataclass(frozen=True, slots=True)
class Linker:
    """Links and signs."""

    database: Database
    signer: Signer
    head_rows: int = HEAD_ROWS
    head_seconds: float = HEAD_SECONDS

    async def link(self, lease: Lease, tenant: str) -> int:
        """Link what comes next of a tenant, and sign a head if one is due; gives how many rows.

        Raises:
            LeaseLostError: another process links this partition by now.
            ChainError: the rows are not what they were.

        """
        async with self.database.transaction() as tx:
            await tx.execute(FOUND, tenant)
            (chain,) = await tx.fetch(LOCK, tenant)
            if not await tx.fetch(HELD, lease.door, *lease.owner):
                raise lease.lost()
            room = max(1, self.head_rows - (chain["seq"] - chain["head_seq"]))
            rows = await tx.fetch(UNLINKED, tenant, room)
            seq, hashed = await self._link(tx, tenant, rows, chain)
            if seq > chain["head_seq"] and (
                seq - chain["head_seq"] >= self.head_rows or chain["head_age"] >= self.head_seconds
            ):
                await self._sign(tx, tenant, seq, hashed, chain["head_hash"])
            return len(rows)

    async def _link(
        self, tx: Queries, tenant: str, rows: Sequence[Any], chain: Any
    ) -> tuple[int, bytes]:
        seq, prev = chain["seq"], chain["hash"]
        if not rows:
            return seq, prev
        numbers, seqs, before, after = [], [], [], []
        for row in rows:
            seq += 1
            hashed = digest(prev, seq, tuple(row))
            numbers.append(row["n"])
            seqs.append(seq)
            before.append(prev)
            after.append(hashed)
            prev = hashed
        told = await tx.execute(LINK, tenant, numbers, seqs, before, after)
        if told != f"UPDATE {len(rows)}":
            message = f"{len(rows)} rows of {tenant} were to be linked, and Postgres says {told}"
            raise ChainError(f"{message}; run: hub audit verify --tenant {tenant}")
        await tx.execute(MOVE, tenant, seq, prev)
        return seq, prev

    async def _sign(
        self, tx: Queries, tenant: str, seq: int, hashed: bytes, previous: bytes
    ) -> None:
        head = self.signer.sign(
            Head(
                tenant=tenant,
                seq=seq,
                hash=hashed.hex(),
                at=datetime.now(UTC),
                previous=previous.hex(),
                key="",
            )
        )
        signature = bytes.fromhex(head.signature)
        await tx.execute(PUT_HEAD, tenant, seq, hashed, head.at, previous, head.key, signature)
        await tx.execute(HEADED, tenant, seq, head.at, head.digest)

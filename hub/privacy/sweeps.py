"""What goes with a merchant, as SQL: by what it was let in, and what is sealed or was said of people.

`$1` is the merchant. Whatever is repeated finds less.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PIECE = 500

# By which somebody is let in. In the transaction that says that it left: nobody is let in afterwards.
ACCESS: Mapping[str, str] = {
    "keys": "update api_key set revoked_at = now() where tenant = $1 and revoked_at is null",
    "basic": "update basic_credential set revoked_at = now() where tenant = $1 and revoked_at is null",
    "sessions": "update person_session set ended_at = clock_timestamp(), ended_why = 'the merchant was erased'"
    " where tenant = $1 and ended_at is null",
    # Whoever did something remains somebody, without a name.
    "people": "update person set state = 'inactive', password = null, email = '', email_hash = id, changed_at = now()"
    " where tenant = $1 and email_hash <> id",
    "links": "delete from single_use where tenant = $1",
    "sources": "update source set erased_at = clock_timestamp(), secrets = '{}', token = null, settings = '{}',"
    " quiet_after = null, changed_at = clock_timestamp()"
    " where tenant = $1 and (erased_at is null or secrets <> '{}' or token is not null)",
    "endpoints": "update endpoint set state = 'deleted', state_why = 'the merchant was erased', address = '',"
    " about = '', version = version + 1, changed_at = clock_timestamp()"
    " where tenant = $1 and (state <> 'deleted' or address <> '')",
    "secrets": "delete from endpoint_secret where tenant = $1",
}
WHY = "its merchant was erased"


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows of one table that go, or lose what they hold."""

    what: str
    table: str
    holds: str
    """Whether a row, called `t`, still holds anything."""
    act: str = ""
    """What becomes of it; it is deleted where that is empty."""

    @property
    def sql(self) -> str:
        """Do it to a piece of a tenant's; a row for each."""
        chosen = f"""
select t.ctid from {self.table} t where t.tenant = $1 and {self.holds} limit {PIECE} for update skip locked"""
        first = f"update {self.table} set {self.act}" if self.act else f"delete from {self.table}"
        return f"{first} where ctid in ({chosen}) returning 1"

    @property
    def counted(self) -> str:
        """How many there are."""
        return f"select count(*)::int from {self.table} t where t.tenant = $1 and {self.holds}"


SWEEPS = (
    Sweep("contacts", "contact", "true"),
    # Keyed hashes of what people are known by, and who was said to be one with whom.
    Sweep("customer names", "name", "t.kind in ('email', 'phone', 'customer', 'customer_merges')"),
    Sweep("media", "media", "true"),
    # Only the owner of a partition ends an item, and the books say so.
    Sweep(
        "items",
        "item",
        "(length(t.sealed) > 0 or t.original is not null)",
        "sealed = '', original = null, contacts = '{}', error = null, version = version + 1, on_hold = null,"
        f" wanted = 'give_up', wanted_why = '{WHY}', wanted_by = 'hub', wanted_at = null",
    ),
    Sweep("fetched", "enrichment", "true"),
    Sweep("shop answers", "shop_answer", "true"),
    Sweep(
        "wishes",
        "privacy_request",
        "t.sealed is not null",
        "sealed = null, done_at = coalesce(done_at, clock_timestamp()), report = coalesce(report, '{}')",
    ),
    Sweep("erased", "erased", "true"),
    Sweep("mails", "mail", "true"),
    Sweep("notes", "staff_action", "t.text <> ''", "text = ''"),
    Sweep("notes shown", "trail", "t.log = 'staff' and t.reason <> ''", "reason = ''"),
    Sweep("replays", "replay", "t.why <> ''", "why = ''"),
    Sweep("replayed", "raw_replay", "t.why <> ''", "why = ''"),
    Sweep("bulks", "redrive", "t.why <> ''", "why = ''"),
    Sweep("delivery replays", "delivery_replay", "t.why <> ''", "why = ''"),
    Sweep(
        "deliveries",
        "delivery",
        "t.state in ('waiting', 'sending')",
        "state = 'given_up', ended_at = clock_timestamp(), outcome = 'tenant_erased'",
    ),
    Sweep("answers", "delivery_attempt", "t.answer <> ''", "answer = ''"),
)

STAYS: Mapping[str, str] = {
    "warranties": "select count(*)::int from unit where tenant = $1",
    "policies": "select count(*)::int from policy where tenant = $1",
    "products": "select count(*)::int from product where tenant = $1",
    "audit entries": "select count(*)::int from audit_entry where tenant = $1",
}

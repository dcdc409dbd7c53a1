"""What is too old, as SQL: for each kind of thing how it goes, a bounded piece at a time."""

from dataclasses import dataclass

from schemas.policies.retention import Kind

FINAL = "('applied', 'deduplicated', 'rejected', 'given_up')"
PIECE = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one kind. `$1` are the tenants, `$2` the days, `$3` the most that may go at once."""

    kind: Kind
    """As the policy calls it."""
    table: str
    old: str
    """Whether a row, called `t`, is too old."""
    since: str
    """From when its days count."""
    act: str = ""
    """What becomes of it; it is deleted where that is empty."""
    also: str = ""
    """What goes with `gone`, the rows that were deleted."""

    @property
    def sql(self) -> str:
        """Do it to a piece of those; how many it was of each tenant."""
        chosen = f"""
select t.ctid from {self.table} t where {self._is_old} limit $3 for update skip locked"""
        first = f"update {self.table} set {self.act}" if self.act else f"delete from {self.table}"
        also = f", also as ({self.also})" if self.also else ""
        return (
            f"with gone as ({first} where ctid in ({chosen}) returning *){also} "
            "select tenant, count(*)::int as n from gone group by 1"
        )

    @property
    def oldest(self) -> str:
        """How many seconds ago the oldest row ought to have gone; null where none is too old."""
        return f"""
select extract(epoch from clock_timestamp() - make_interval(days => $2) - min({self.since}))::float8
  from {self.table} t where {self._is_old}"""

    @property
    def _is_old(self) -> str:
        due = f"{self.since} < clock_timestamp() - make_interval(days => $2)"
        return f"t.tenant = any($1::text[]) and {due} and {self.old}"


# A warranty that has not begun, or ended not long ago, keeps its customer.
OPEN = """not exists (
  select 1 from unit u where u.tenant = t.tenant
     and (u.customer = coalesce(t.customer, t.ref)
          or u.customer in (select n.id from name n where n.tenant = t.tenant
                               and (n.kind, n.value) in (('email', t.email_hash), ('phone', t.phone_hash))))
     and (u.ends_on is null and u.status <> 'ended' or u.ends_on >= current_date - $2::int))"""

SETTLED = """exists (
  select 1 from delivery d where d.seq = t.delivery and d.state in ('delivered', 'dead', 'given_up', 'skipped'))"""
UNHEARD = "not exists (select 1 from delivery d where (d.tenant, d.event) = (t.tenant, t.id))"

RULES = (
    # The names that led to a customer go with the last contact they were taken from.
    Rule(
        "contacts",
        "contact",
        OPEN,
        "t.seen_at",
        also="delete from name n using gone g where n.tenant = g.tenant and (n.kind, n.value) in"
        " (('email', g.email_hash), ('phone', g.phone_hash)) and not exists (select 1 from contact c"
        " where c.tenant = n.tenant and n.value in (c.email_hash, c.phone_hash)"
        " and c.ref not in (select ref from gone))",
    ),
    Rule("requests", "request", f"t.outcome in {FINAL}", "t.decided_at"),
    # What was decided by it says so itself; an event that still waits has it asked again.
    Rule("requests", "shop_answer", "true", "t.asked_at"),
    # Only the owner of a partition ends an item, and the books say so.
    Rule(
        "payloads",
        "item",
        "t.state in ('dead_lettered', 'parked') and t.wanted is null",
        "t.kept_at",
        "sealed = '', original = null, contacts = '{}', error = null, version = version + 1, on_hold = null,"
        " wanted = 'give_up', wanted_why = 'nobody looked after it for as long as it may be kept', wanted_by = 'hub'",
    ),
    Rule(
        "trail",
        "trail",
        "true",
        "t.at",
        also="delete from trail_name x using gone g where (x.log, x.n, x.line) = (g.log, g.n, g.line)",
    ),
    Rule("notes", "staff_action", "true", "t.at"),
    Rule(
        "replays",
        "replay",
        "(t.state in ('done', 'refused', 'stopped') or t.stop_at is not null and t.state = 'asked')",
        "coalesce(t.ended_at, t.stop_at, t.asked_at)",
        # Where it was replayed from and to stays, for whoever asks what was said twice.
        also="update raw_replay w set replay = null from gone g where w.replay = g.n",
    ),
    Rule("mails", "mail", "true", "t.queued_at"),
    Rule("attempts", "delivery_attempt", SETTLED, "t.began_at"),
    Rule(
        "deliveries",
        "delivery",
        "t.state in ('delivered', 'dead', 'given_up', 'skipped')",
        "t.ended_at",
    ),
    # One that nobody wants any more says nothing; those who want it keep it until they had it.
    Rule("deliveries", "status_event", UNHEARD, "t.at"),
    Rule("results", "file_progress", "t.state in ('done', 'refused')", "t.changed_at"),
)

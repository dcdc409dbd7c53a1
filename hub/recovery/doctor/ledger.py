"""Looks at what the ledger says of each partition."""

from hub.adapters.postgres import Database
from hub.recovery.doctor.findings import Finding, bad, warn, well
from hub.recovery.figures import PartitionFigures, read_partitions
from schemas.topics import Topic


async def look_at_ledger(database: Database, topic: Topic, partitions: int) -> list[Finding]:
    rows = await read_partitions(database, topic.name)
    if not rows:
        then = "start `hub process`; on a new installation that is all"
        return [warn(f"nothing of {topic.name} was ever decided", then)]
    findings = []
    if {row.partition_count for row in rows} != {partitions}:
        then = f"set HUB_PARTITIONS to {rows[0].partition_count}: it never changes after the start"
        findings.append(bad(f"HUB_PARTITIONS is {partitions}, the ledger remembers another", then))
    missing = sorted(set(range(partitions)) - {row.partition for row in rows})
    if missing:
        then = "start a worker, or look into its log"
        findings.append(warn(f"{topic.name}: nobody ever claimed partitions {missing}", then))
    for row in rows:
        findings += _partition(topic, row)
    return findings or [well(f"{topic.name}: every partition is claimed and none waits for you")]


def _partition(topic: Topic, row: PartitionFigures) -> list[Finding]:
    where = f"{topic.name}[{row.partition}]"
    found = []
    if row.stopped_reason is not None:
        found.append(bad(f"{where} stands still", row.stopped_reason))
    if row.unaccounted:
        found.append(bad(f"{where} misses {row.unaccounted} events", "run `hub verify`"))
    if row.rows["dead_lettered"]:
        what = f"{where}: {_letters(row.rows['dead_lettered'], row.rows['held'])}"
        then = "`hub items --state dead_lettered` shows why; then `hub redrive` or `hub give-up`, with a `--reason`"
        found.append(warn(what, then))
    return found


def _letters(dead: int, held: int) -> str:
    aside = "1 event was set aside as a dead letter"
    if dead > 1:
        aside = f"{dead} events were set aside as dead letters"
    match held:
        case 0:
            return f"{aside}; nothing waits behind"
        case 1:
            return f"{aside}; 1 later event of the same purchase waits behind"
        case _:
            return f"{aside}; {held} later events of the same purchases wait behind"

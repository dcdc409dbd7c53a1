"""What several stories about items begin with."""

from hub.recovery.items import Item, list_items
from tests.ledger.counter import World
from tests.ledger.driver import Hub, count

BUG = ValueError("cannot count this")
ME = "ada"


async def broken_key(hub: Hub, world: World) -> list[Item]:
    """One dead letter, one event that is held behind it, and one of another key that was decided."""
    world.broken["code"] = BUG
    await hub.start()
    await hub.told_all(count("first", needs="code"), count("second"), count("other", key="b"))
    return await list_items(hub.db)


async def many_broken(hub: Hub, world: World, number: int) -> None:
    """So many dead letters, each of a key of its own."""
    world.broken["code"] = BUG
    await hub.start()
    keys = [f"k{n}" for n in range(number)]
    for start in range(0, number, 15):
        # Fewer than open the breaker, then one that works.
        some = [count(key, key=key, needs="code") for key in keys[start : start + 15]]
        await hub.told_all(
            *some, *(count(f"well{start}{part}", key=f"w{part}") for part in "abcdef")
        )

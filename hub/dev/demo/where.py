"""Where everything is, for people, scripts and shells."""

from collections.abc import Mapping

from hub import registry
from hub.access.keyring import HUB
from hub.dev.demo.place import Place
from hub.dev.demo.plan import DOORS, VERBS, Plan
from hub.dev.demo.prepare import ADMIN, PERSON, Private
from hub.dev.demo.surroundings import environment
from hub.dev.simulator.doors import SOURCE
from hub.dev.simulator.goods import MERCHANTS
from hub.settings import Settings

LOOPBACK = "http://127.0.0.1"


def where(
    place: Place, plan: Plan, settings: Settings, ports: Mapping[str, int]
) -> dict[str, object]:
    """What is known before anything is prepared."""
    return {
        "run": plan.run,
        "addresses": {verb: f"{LOOPBACK}:{ports[verb]}" for verb in VERBS},
        **{name: f"{LOOPBACK}:{ports[name]}" for name in DOORS.values()},
        "drop": str(place.drop),
        "tenants": [merchant.tenant for merchant in MERCHANTS],
        "topics": [topic.name for topic in registry.topics()],
        "state_dir": str(place.root),
        "master_key": "$HUB_MASTER_KEY, else the development key in hub/settings.py",
        "environment": _without_master_key(settings),
    }


def with_keys(place: Place, settings: Settings, private: Private) -> str:
    """Note the keys too, and tell shells; gives the address to open."""
    noted = place.read()
    people = {tenant: private.keys[f"{tenant}/{PERSON}"] for tenant in (HUB, *noted["tenants"])}
    address = f"{noted['api']}/enter#{people[HUB]}"
    place.note(keys=people, open=address)
    place.tell_shells(
        _without_master_key(settings)
        | {
            "HUB_PUBLIC_URL": noted["api"],
            "HUB_DEMO_API": noted["api"],
            "HUB_DEMO_PUSH": noted["push"],
            "HUB_DEMO_DROP": noted["drop"],
            "HUB_DEMO_PASSWORD": private.password,
            **{f"HUB_DEMO_KEY_{tenant.upper()}": key for tenant, key in people.items()},
            **{
                f"HUB_DEMO_ADMIN_{tenant.upper()}": private.keys[f"{tenant}/{ADMIN}"]
                for tenant in noted["tenants"]
            },
            **{
                f"HUB_DEMO_SECRET_{tenant.upper()}": private.secrets[f"{tenant}/{SOURCE}"]
                for tenant in noted["tenants"]
            },
        }
    )
    return address


def _without_master_key(settings: Settings) -> dict[str, str]:
    environ = environment(settings)
    del environ["HUB_MASTER_KEY"]
    return environ

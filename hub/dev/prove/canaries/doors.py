"""Made-up people at every door, told well and badly; what each door answers is kept."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from standardwebhooks import Webhook

from hub.adapters.kafka import KafkaSettings, Message, Outlet
from hub.dev.crash.installation import INTAKE, TENANT, ZONE, Access, Installation
from hub.dev.prove.canaries.people import ALL, EMAILS, NAMES, PHONES, contact, whole
from hub.dev.prove.canaries.places import Heard
from schemas.envelope import Envelope, source_of, to_headers
from schemas.refs import order_home, place

NOON = "2026-01-31T12:00:00+00:00"
COLUMNS = "order=Receipt,sold_at=Date,product_code=Article,serials=Serial,customer_name=Buyer,customer_email=Mail"
ECHOES = ("idempotency-key", "location")
"""Headers in which a caller hears his own words again, as HTTP has it."""
MESSY: dict[str, Any] = {
    "x-customer": quote(NAMES[1]),
    "x-mail": EMAILS[0],
    "user-agent": f"till of {EMAILS[1]}",
    "cookie": f"who={EMAILS[2]}",
    "referer": f"https://shop.example/?mail={EMAILS[3]}&tel={quote(PHONES[0])}",
}


def fact(order: str, **more: Any) -> dict[str, Any]:
    """A sale of one television."""
    line = {"line": "1", "product": {"code": "TV"}, "serials": [f"SN-{order}"]}
    return {
        "order": {"namespace": "canary", "reference": order},
        "zone": ZONE,
        "sold_at": NOON,
        "lines": [line],
        **more,
    }


def bad_bodies() -> list[str | bytes]:
    """Activations that say too much, or nothing that could be read."""
    strange = fact("A-9", customer=contact(0), **whole())
    wrong = fact("A-8", customer={"email": NAMES[0], "phone": list(PHONES)}, zone=EMAILS[0])
    return [
        json.dumps({"sale": strange}),
        json.dumps({"sale": wrong}, ensure_ascii=False),
        json.dumps({"sale": fact("A-7", customer=contact(1))})[:-3],
        json.dumps(ALL, ensure_ascii=False).encode("utf-16"),
        json.dumps({EMAILS[0]: NAMES[2], "sale": {NAMES[3]: PHONES[1]}}, ensure_ascii=False),
        NAMES[4].encode(),
    ]


def odd_paths() -> list[str]:
    """Somebody where an id is meant, or a word of a search."""
    places = ("warranties?customer=", "audit?text=", "trace/", "warranties/", "x?q=")
    return [f"/v1/{place}{quote(value, safe='')}" for value in ALL for place in places]


def ticket(number: str, **more: Any) -> dict[str, Any]:
    """A sale as a till posts it."""
    line = {"product": {"code": "TV"}, "serials": [f"SN-{number}"]}
    parts = {"branch": "B1", "till": "T1", "number": number, "at": NOON}
    return {"type": "sale", **parts, "lines": [line], **more}


def bad_tickets() -> list[dict[str, Any]]:
    """Tickets with somebody where nobody is meant."""
    return [
        ticket("P-10", **whole()),
        ticket("P-11", type="layaway", customer=contact(2), **whole()),
        ticket("P-12", type="heartbeat", customer=contact(3)),
        ticket("P-13", zone=NAMES[0], customer=contact(0)),
        ticket("P-14", at=EMAILS[0], currency=PHONES[0], customer=contact(1)),
        ticket("P-15", lines=[{"product": {"code": "TV"}, "quantity": -1}]) | whole(),
        ticket("P-18", type=NAMES[1]),
        ticket("P-19", lines=[{"product": {"code": "TV"}, "price": NAMES[2]}]),
        ticket("P-20", lines=[{"product": {"code": "TV"}, "covered_until": NAMES[3]}]),
        ticket("P-21", lines=NAMES[4]),
        {"customer": contact(0)},
    ]


def export(prefix: str) -> str:
    """A till's export: good rows, and one with somebody in every cell."""
    lines = ["Receipt;Date;Article;Serial;Buyer;Mail;Birth;Address;Note"]
    for n in range(5):
        row = (
            f"{prefix}-{n}",
            "2026-01-31 10:00",
            "TV",
            f"SN-{prefix}-{n}",
            NAMES[n],
            EMAILS[n % 4],
        )
        lines.append(";".join((*row, "1953-11-17T00:00", *ALL[13:15])))
    bad = (f"{prefix}-9", NAMES[0], "TV", "", NAMES[1], EMAILS[1], PHONES[0], ALL[16], ALL[17])
    lines.append(";".join(bad))
    return "\n".join(lines) + "\n"


@dataclass(slots=True)
class Ear:
    """Asks over HTTP, and keeps what is answered."""

    answers: list[Heard] = field(default_factory=list)

    async def sent(  # noqa: PLR0913 - what a request consists of
        self,
        http: httpx.AsyncClient,
        method: str,
        url: str,
        headers: dict[str, str],
        body: str | bytes | None = None,
        *,
        heard_from: int = 200,
    ) -> None:
        """Ask, and keep what is answered from this status on."""
        given = {"content-type": "application/json", **headers}
        answer = await http.request(method, url, headers=given, content=body)
        if answer.status_code < heard_from:
            return
        told = [(name, value) for name, value in answer.headers.items() if name not in ECHOES]
        said = b"\n".join(f"{name}: {value}".encode() for name, value in told)
        path = "/".join(httpx.URL(url).path.split("/")[1:3])
        self.answers.append(
            Heard(f"answer {answer.status_code} of {method} /{path}", said + b"\n" + answer.content)
        )


@dataclass(slots=True)
class Doors:
    """Every way in, and what came back."""

    installation: Installation
    access: Access
    api: str
    push: str
    ear: Ear = field(default_factory=Ear)

    async def all(self) -> None:
        """Tell everybody at every door."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            await self._api(http)
            await self._push(http)
        await self._topic()
        self._drop()
        await self._publish()

    async def _api(self, http: httpx.AsyncClient) -> None:
        url, auth = f"{self.api}/v1/activations", {"authorization": f"Bearer {self.access.key}"}
        for n in range(5):
            good = {"sale": fact(f"A-{n}", customer=contact(n))}
            key = {"idempotency-key": f"{EMAILS[n % 4]}-{n}"}
            for _ in range(2):
                await self.ear.sent(http, "POST", url, auth | MESSY | key, json.dumps(good))
        for body in bad_bodies():
            await self.ear.sent(http, "POST", url, auth | MESSY, body)
        for path in odd_paths():
            await self.ear.sent(http, "GET", f"{self.api}{path}", auth | MESSY)
        shown = {"authorization": f"Bearer {EMAILS[0]}"}
        await self.ear.sent(http, "GET", f"{self.api}/v1/warranties", shown)
        await self.ear.sent(http, "GET", f"{self.api}/trace/{quote(EMAILS[0])}", MESSY)

    async def _push(self, http: httpx.AsyncClient) -> None:
        url = f"{self.push}/sources/pos/{TENANT}"
        for n in range(5):
            await self._signed(http, url, ticket(f"P-{n}", customer=contact(n)))
        for odd in bad_tickets():
            await self._signed(http, url, odd)
        await self._signed(http, f"{url}?mail={quote(EMAILS[0])}", ticket("P-16"))
        for body in (json.dumps(whole()).encode()[:-2], "\n".join(ALL).encode("utf-16")):
            await self._signed(http, url, body)
        told = json.dumps(ticket("P-17", customer=contact(4)))
        await self.ear.sent(http, "POST", url, MESSY | {"webhook-id": EMAILS[1]}, told)
        await self.ear.sent(
            http, "POST", f"{self.push}/sources/{quote(NAMES[0])}/{quote(EMAILS[0])}", MESSY, told
        )

    async def _signed(self, http: httpx.AsyncClient, url: str, told: object) -> None:
        body = told if isinstance(told, bytes) else json.dumps(told, ensure_ascii=False).encode()
        message, now = f"msg_{uuid.uuid4()}", datetime.now(UTC)
        try:
            signature = Webhook(self.access.secret).sign(message, now, body.decode())
        except UnicodeDecodeError:
            signature = "v1,none"
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
            "content-type": "application/json",
        }
        await self.ear.sent(http, "POST", url, MESSY | headers, body)

    async def hub(self, *words: str) -> None:
        """Run a command, and keep what it says."""
        said = await self.installation.run_anyhow(*words)
        self.ear.answers.append(Heard(f"hub {' '.join(words[:2])}", said))

    async def _topic(self) -> None:
        kafka = KafkaSettings(self.installation.kafka.bootstrap)
        outlet = Outlet(kafka)
        back = {
            "order": {"namespace": "canary", "reference": "T-99"},
            "zone": ZONE,
            "reference": "B-99",
            "returned_at": NOON,
        }
        told: list[tuple[str, str, object, str]] = [
            *(
                (f"T-{n}", "sale.recorded.v1", fact(f"T-{n}", customer=contact(n)), TENANT)
                for n in range(5)
            ),
            ("T-10", "sale.recorded.v1", fact("T-10", **whole()), TENANT),
            ("T-11", "sale.recorded.v1", fact("T-11", customer=contact(0), zone=7), TENANT),
            (
                "T-12",
                "sale.recorded.v1",
                fact("T-12", customer=[contact(1)], zone=EMAILS[0]),
                TENANT,
            ),
            ("T-13", "sale.recorded.v1", json.dumps(whole())[:-5].encode(), TENANT),
            ("T-14", "sale.imagined.v1", fact("T-14", customer=contact(2)), TENANT),
            ("T-15", "sale.recorded.v1", fact("T-15", customer=contact(3)), "nobody-we-know"),
            ("T-16", "sale.returned.v1", back | whole(), TENANT),
            ("T-17", "sale.recorded.v1", "\n".join(ALL).encode("utf-16"), TENANT),
            ("T-0", "sale.recorded.v1", fact("T-0", customer=contact(4)), TENANT),
        ]
        try:
            for event, kind, body, tenant in told:
                part, message = self._message(event, kind, body, tenant)
                await outlet.send(INTAKE, part, [message])
        finally:
            await outlet.stop()

    def _message(self, event: str, kind: str, body: object, tenant: str) -> tuple[int, Message]:
        home = order_home(tenant, "canary", event)
        envelope = Envelope(
            id=event,
            source=source_of(tenant, "platform"),
            type=kind,
            time=datetime.now(UTC),
            tenant=tenant,
            partitionkey=home,
        )
        value = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        extra = [("x-customer", NAMES[2].encode()), ("x-mail", EMAILS[0].encode())]
        message = Message(home.encode(), value, [*to_headers(envelope), *extra])
        return place(home, self.installation.partitions), message

    def _drop(self) -> None:
        folder = self.access.drop / TENANT / "files"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "export.csv").write_text(export("F"), encoding="utf-8")
        (folder / "wide.csv").write_text(export("G"), encoding="utf-16")
        (folder / f"of {EMAILS[0]}.csv").write_text(f"{NAMES[0]};{EMAILS[1]}\n1;2\n")

    async def _publish(self) -> None:
        file: Path = self.installation.root / "published.txt"
        file.write_text(export("C"), encoding="utf-8")  # noqa: ASYNC240 - small
        words = ("--tenant", TENANT, "--map", COLUMNS, "--zone", ZONE, "--namespace", "canary")
        said = await self.installation.run_anyhow("publish", str(file), *words)
        self.ear.answers.append(Heard("hub publish", said))

"""A bare Starlette route that verifies a delivery, produces it with acks=all and answers."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from connectors.sdk import Delivery, SignatureError
from connectors.sdk.webhooks import verify


def application(kafka: str, topic: str, secret: str) -> Starlette:
    """The route; the body is sent on as it came, under the id of its delivery."""
    made: list[AIOKafkaProducer] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
        await producer.start()
        made.append(producer)
        yield
        await producer.stop()

    async def push(request: Request) -> JSONResponse:
        body = await request.body()
        headers = dict(request.headers)
        delivery = Delivery(headers, body, str(request.url), datetime.now(UTC))
        try:
            verify(delivery, [secret])
        except SignatureError as error:
            return JSONResponse({"error": str(error)}, 401)
        id_ = headers["webhook-id"]
        await made[0].send_and_wait(topic, body, key=id_.encode())
        return JSONResponse({"id": id_, "status": "landed"}, 202)

    route = Route("/sources/{source}/{tenant}", push, methods=["POST"])
    return Starlette(routes=[route], lifespan=lifespan)


async def main() -> None:
    """Serve as the environment says."""
    env = os.environ
    app = application(env["BARE_KAFKA"], env["BARE_TOPIC"], env["BARE_SECRET"])
    config = uvicorn.Config(app, http="h11", log_level="warning", access_log=False)
    with socket.create_server(("127.0.0.1", int(env["BARE_PORT"]))) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    asyncio.run(main())

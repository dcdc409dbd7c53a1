"""Scripts, styles and the mark: served under an address that changes with their content."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.web.headers import FOR_EVER, HEADERS

TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    media_type: str
    address: str


def load() -> Mapping[str, Asset]:
    """Every file of the folder by its name."""
    found = {}
    for file in sorted(files("hub.web").joinpath("assets").iterdir(), key=lambda one: one.name):
        media_type = TYPES.get(file.name.rpartition(".")[2])
        if media_type:
            body = file.read_bytes()
            stamp = sha256(body).hexdigest()[:12]
            found[file.name] = Asset(body, media_type, f"/assets/{stamp}/{file.name}")
    return found


def route(assets: Mapping[str, Asset]) -> Route:
    """Answers with a file; under an old address too, but then not for ever."""

    async def send(request: Request) -> Response:
        asset = assets.get(request.path_params["name"])
        if asset is None:
            return Response("there is no such file\n", 404, dict(HEADERS), "text/plain")
        headers = FOR_EVER if request.url.path == asset.address else HEADERS
        return Response(asset.body, headers=dict(headers), media_type=asset.media_type)

    return Route("/assets/{stamp}/{name}", send, methods=["GET"], name="asset")

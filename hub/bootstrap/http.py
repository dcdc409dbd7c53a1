"""HTTP/1.1 as uvicorn speaks it, but for one thing: what is no HTTP is answered with a problem too."""

import h11
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.domain.problems import MEDIA_TYPE, problem

WHAT_TO_DO = "percent-encode what is not ASCII in an address, and check its headers"


class Protocol(H11Protocol):
    """One connection."""

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read as HTTP in the form of every other refusal, and hang up."""
        detail = f"{msg.rstrip('.')}; {WHAT_TO_DO}"
        body = orjson.dumps(problem(400, "not-http", "This is no HTTP request", detail))
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        response = h11.Response(status_code=400, headers=headers, reason="Bad Request")
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

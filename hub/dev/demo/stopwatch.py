"""Times the broker's own start from beside it, whatever else this process does meanwhile."""

import socket
import threading
import time

_LOOK_SECONDS = 0.02


class Stopwatch:
    """Waits in a daemon thread, so that nobody who leaves waits for it."""

    def __init__(self, port: int, began: float) -> None:
        """Begin to look; `began` is in seconds since the epoch."""
        self._port = port
        self._began = began
        self.seconds: float | None = None
        """Absent until the broker listens."""
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        while self.seconds is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                self.seconds = time.time() - self._began
            except OSError:
                time.sleep(_LOOK_SECONDS)

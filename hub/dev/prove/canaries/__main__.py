"""`python -m hub.dev.prove.canaries`: run the proof on servers of its own."""

import argparse
import logging

from hub.dev.prove import canaries
from hub.dev.prove.canaries.proof import prove
from hub.dev.prove.staged import staged


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m hub.dev.prove.canaries", description=canaries.__doc__
    )
    parser.parse_args()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return staged("canaries", 0, prove)


if __name__ == "__main__":
    raise SystemExit(main())

"""Check an installation against a log of what was sent."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from .check import Installation, check
from .claim_words import read_words
from .sent import read
from .webhook_log import read_webhooks


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hub.dev.checker", description=__doc__)
    parser.add_argument("sent", type=Path, help="the log that the load generator wrote")
    parser.add_argument("--claims", type=Path, help="what people and sources did of claims")
    parser.add_argument("--webhooks", type=Path, help="the folder of what receivers wrote down")
    parser.add_argument("--kafka", required=True, help="bootstrap address")
    parser.add_argument("--postgres", required=True, help="DSN")
    chosen = parser.parse_args()
    place = Installation(chosen.kafka, chosen.postgres)
    words = read_words(chosen.claims) if chosen.claims else None
    webhooks = read_webhooks(chosen.webhooks) if chosen.webhooks else None
    report = asyncio.run(check(read(chosen.sent), place, words, webhooks))
    sys.stderr.writelines(f"{line}\n" for line in report.lines())
    sys.stdout.write(json.dumps(report.figures | {"ok": report.ok}) + "\n")
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())

"""What a plan looks like to Postgres."""

import json

from hub.ledger.plan import Plan, Reply
from hub.ledger.standing import Standing
from hub.ledger.statement import bind
from hub.registry import processor


def test_requests_are_answered_in_the_order_in_which_doors_reserve_them() -> None:
    """Whoever locks rows in another order than somebody else may wait for him for ever."""
    plan = Plan(Standing(0, 1, 0, 0, 0), from_offset=0, to_offset=3, from_seq=0, seq=0)
    for request in ("req_b", "req_c", "req_a"):
        plan.reply(request, Reply("acme", f"of {request}", "applied", b"{}"))

    values = bind(processor("warranty"), plan, part=0, epoch=1, published=0, posted=0)

    (rows,) = (json.loads(one) for one in values if isinstance(one, str) and "req_a" in one)
    assert [request for request, *_ in rows] == ["req_a", "req_b", "req_c"]

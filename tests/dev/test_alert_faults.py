"""The proof of the alerts has a fault for each alert that one can be made for, and names it right."""

import argparse
from pathlib import Path

import pytest
import yaml

from hub.dev.prove.alerts.__main__ import chosen
from hub.dev.prove.alerts.faults import FAULTS
from hub.dev.prove.alerts.server import RULES

WITHOUT = {
    # Slow by nature, or a matter of load: their promtool test has to do.
    "HubDecisionsLate",
    "HubDeliveryLate",
    "HubInfrastructureUnsteady",
    "HubProjectionLate",
    "HubPullLate",
    "HubKeptTooLong",
    "HubRefusalsLost",
    "HubWorkersFightOverPartition",
}


def alerts() -> set[str]:
    groups = yaml.safe_load(Path(RULES).read_text())["groups"]
    return {rule["alert"] for group in groups for rule in group["rules"]}


def asked(**given: str) -> argparse.Namespace:
    return argparse.Namespace(**{"only": None, "resume": None, **given})


def test_every_alert_has_its_fault_but_those_that_are_known() -> None:
    assert {fault.alert for fault in FAULTS} == alerts() - WITHOUT
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_faults_are_chosen_by_name_and_from_a_name_on() -> None:
    names = [fault.name for fault in FAULTS]

    assert [one.name for one in chosen(asked())] == names
    assert [one.name for one in chosen(asked(resume=names[-2]))] == names[-2:]
    assert [one.name for one in chosen(asked(only=f"{names[3]},{names[1]}"))] == [
        names[1],
        names[3],
    ]


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(SystemExit, match="no fault flood; there are worker-killed"):
        chosen(asked(only="flood"))

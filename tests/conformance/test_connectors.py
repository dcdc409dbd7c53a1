"""Every connector that this repository registers keeps to every rule."""

from importlib import import_module

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.sdk import RawRecord
from connectors.sdk.conformance import RULES, Rule, Samples, shows_nothing_personal
from connectors.sdk.conformance.samples import ORIGIN, read, split, translate
from hub import registry
from hub.audit.redaction import redacted

CONNECTORS = registry.connectors()


def samples_of(name: str) -> Samples:
    """They stand with the connector's own tests."""
    module = import_module(f"tests.unit.connectors.test_{name.replace('-', '_')}")
    found = module.SAMPLES
    assert isinstance(found, Samples)
    return found


@pytest.mark.parametrize("name", sorted(CONNECTORS))
def test_is_registered_under_its_own_name(name: str) -> None:
    assert CONNECTORS[name].name == name


@pytest.mark.parametrize("name", sorted(CONNECTORS))
@pytest.mark.parametrize(
    "rule", [*RULES, shows_nothing_personal(redacted)], ids=lambda rule: rule.__name__
)
def test_keeps_to(rule: Rule, name: str) -> None:
    assert list(rule(CONNECTORS[name], samples_of(name))) == []


@pytest.mark.parametrize("name", sorted(CONNECTORS))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payload=st.binary() | st.text().map(str.encode))
def test_survives_whatever_chance_thinks_of(name: str, payload: bytes) -> None:
    connector, samples = CONNECTORS[name], samples_of(name)

    assert split(connector, samples, payload)[1] == ""
    assert translate(connector, samples, RawRecord("1", payload), ORIGIN)[1] == ""
    assert read(connector, samples, payload, ORIGIN)[1] == ""

"""What every connector keeps to, whoever wrote it: rules to run over samples of a vendor's data.

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
    def test_keeps_to(rule: Rule) -> None:
        assert list(rule(CONNECTOR, SAMPLES)) == []

Each rule yields what it found, as sentences. `shows_nothing_personal` takes the host's redaction
beside them, `pulls` and `enriches` a client of a server that speaks as the vendor does.
"""

from connectors.sdk.conformance.enriching import enriches, tells_what_an_answer_means
from connectors.sdk.conformance.pulling import pulls, waits_for_a_source_that_is_away
from connectors.sdk.conformance.rules import RULES, shows_nothing_personal
from connectors.sdk.conformance.samples import Redact, Rule, Samples, Sign

__all__ = [
    "RULES",
    "Redact",
    "Rule",
    "Samples",
    "Sign",
    "enriches",
    "pulls",
    "shows_nothing_personal",
    "tells_what_an_answer_means",
    "waits_for_a_source_that_is_away",
]

"""The plain text of a policy, for customers: what is not covered and what takes time stands first."""

from collections.abc import Iterator

from hub.domain.policies.phrases import PHRASES, PROOFS
from schemas.policies.coverage import CoveragePolicy, Terms
from schemas.policies.evidence import Evidence, EvidencePolicy
from schemas.policies.exclusions import ExclusionsPolicy
from schemas.policies.issue_types import IssueTypesPolicy
from schemas.policies.parts import Locale, Policy

EXPLAINED = ("coverage", "evidence", "exclusions", "issue_types")
"""The policies that speak of what customers get and have to bring; the others are for staff."""


def explain(policy: Policy, exclusions: ExclusionsPolicy | None, locale: Locale) -> str:
    """The text, a paragraph a line. Without exclusions it says that they are not written yet."""
    say = PHRASES[locale]
    lines = [*_first(exclusions, locale)]
    match policy:
        case CoveragePolicy():
            lines += ["", say["covered"], *_coverage(policy, locale)]
        case EvidencePolicy():
            lines += ["", say["bring"], *_evidence(policy, locale)]
        case IssueTypesPolicy():
            lines += [
                "",
                say["issues"],
                *(f"- {one.text.in_locale(locale)}" for one in policy.types),
            ]
        case _:
            pass
    return "\n".join(lines) + "\n"


def _first(exclusions: ExclusionsPolicy | None, locale: Locale) -> Iterator[str]:
    say = PHRASES[locale]
    yield say["not_covered"]
    if exclusions is None:
        yield f"- {say['unwritten']}"
        return
    for one in exclusions.exclusions:
        yield f"- {one.text.in_locale(locale)}"
    yield ""
    yield say["takes_time"]
    for time in exclusions.expected_times:
        days = f"{time.at_least}-{time.at_most}" if time.at_least else f"{time.at_most}"
        yield f"- {time.text.in_locale(locale)}: {say['days'].format(days=days)}"


def _coverage(policy: CoveragePolicy, locale: Locale) -> Iterator[str]:
    say = PHRASES[locale]
    yield f"- {say['default']}: {_terms(policy.default, locale)}"
    for name, terms in (*policy.by_category.items(), *policy.by_product.items()):
        yield f"- {name}: {_terms(terms, locale)}"


def _terms(terms: Terms, locale: Locale) -> str:
    say = PHRASES[locale]
    said = say[terms.standard.type].format(months=terms.standard.months)
    if terms.extended is not None:
        said += "; " + say["extended"].format(months=terms.extended.months)
    return said + "; " + say["transferable" if terms.transferable else "not_transferable"] + "."


def _evidence(policy: EvidencePolicy, locale: Locale) -> Iterator[str]:
    say = PHRASES[locale]
    yield f"- {say['default']}: {_proofs(policy.default, locale)}"
    for issue, evidence in policy.by_issue.items():
        yield f"- {issue}: {_proofs(evidence, locale)}"


def _proofs(evidence: Evidence, locale: Locale) -> str:
    say = PHRASES[locale]
    proofs = ", ".join(PROOFS[locale][one] for one in evidence.required) or say["nothing"]
    if evidence.expires_days is None:
        return f"{proofs}."
    return f"{proofs}; {say['within'].format(days=evidence.expires_days)}."

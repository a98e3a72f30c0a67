"""What differs at Cloudflare from what was written there, in words for the record. Pure."""

from collections.abc import Iterable

from cloudflare.client import App, AppSpec, Email, PolicySpec, Record, RecordSpec
from cloudflare.client.rules import Rule, Unknown

MOST = 20  # addresses that are named


def readable(app: App) -> bool:
    """Whether it holds nothing that Warren cannot write."""
    return app.as_written and not any(isinstance(rule, Unknown) for policy in app.policies for rule in _rules(policy))


def differences(written: AppSpec, seen: App | None) -> list[str]:
    """Whom it lets in besides and no more, what it decides; empty where it is as it was written."""
    if seen is None:
        return ["the application is missing"]
    ours, theirs = _emails(written.policies), _emails(seen.policies)
    found = [
        f"{what}: {_named(emails)}" for what, emails in (("added", theirs - ours), ("removed", ours - theirs)) if emails
    ]
    expected = {policy.decision for policy in written.policies}
    found += [f"a policy decides {one.decision}" for one in seen.policies if one.decision not in expected]
    known = {rule for policy in written.policies for rule in _rules(policy)}
    for policy in seen.policies:
        found += [f"another rule: {_said(rule)}" for rule in _rules(policy) if rule not in known | _as_emails(theirs)]
    return found + written.differences(seen)


def record_differences(written: RecordSpec, seen: Record | None) -> list[str]:
    if seen is None:
        return ["the record is missing"]
    return [
        f"the {what} is {theirs}, not {ours}"
        for what, ours, theirs in (
            ("name", written.name, seen.name),
            ("target", written.content, seen.content),
            ("proxy", "on" if written.proxied else "off", "on" if seen.proxied else "off"),
        )
        if ours != theirs
    ]


def _rules(policy: PolicySpec) -> tuple[Rule, ...]:
    return (*policy.include, *policy.require, *policy.exclude)


def _emails(policies: Iterable[PolicySpec]) -> set[str]:
    """Whom they include; an address that is kept out, or required, lets nobody in."""
    return {rule.address for policy in policies for rule in policy.include if isinstance(rule, Email)}


def _as_emails(addresses: Iterable[str]) -> set[Rule]:
    return {Email(address) for address in addresses}


def _named(emails: set[str]) -> str:
    """The first of them, and how many more."""
    named = sorted(emails)
    more = f" and {len(named) - MOST} more" if len(named) > MOST else ""
    return ", ".join(named[:MOST]) + more


def _said(rule: Rule) -> str:
    if isinstance(rule, Unknown):
        return rule.text
    ((kind, value),) = rule.to_json().items()
    return " ".join([kind, *(str(part) for part in value.values())])

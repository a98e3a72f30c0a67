"""The page that shows what exists in the simulator. Secrets are left out, everything is escaped."""

from collections import Counter
from datetime import UTC, datetime
from html import escape

from aiohttp import web

from cloudflare.simulator.api.policies import PARTS
from cloudflare.simulator.markup import document, table
from cloudflare.simulator.state import App, World


def overview(world: World) -> web.Response:
    sections = [
        _violations(world),
        _tunnels(world),
        _records(world),
        *_people(world),
        table("Access applications", ("Domain", "Name", "Session", "Policies"), map(_app, world.apps.values())),
        _sessions(world),
        _log(world),
    ]
    introduction = (
        f"<p>Account {escape(world.account_id)}, zone {escape(world.domain)}, team {escape(world.team_domain)}."
        f' <a href="/mailbox">Mailbox</a> ({len(world.mails)})</p>'
    )
    page = document("Simulated Cloudflare", introduction + "".join(sections))
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(text=page, content_type="text/html", headers=headers)


def _tunnels(world: World) -> str:
    rows = (
        (
            row.name,
            row.status,
            ", ".join(f"{c.id[:8]} (version {c.config_version})" for c in row.connectors.values()),
            f"version {row.version}",
            ", ".join(rule.get("hostname") or "*" for rule in row.ingress),
        )
        for row in world.live_tunnels()
    )
    return table("Tunnels", ("Name", "Status", "Connectors", "Configuration", "Ingress"), rows)


def _records(world: World) -> str:
    rows = (
        (row.name, row.fields["type"], row.fields["content"], row.fields.get("proxied"), row.fields.get("comment"))
        for row in world.records.values()
    )
    return table("DNS records", ("Name", "Type", "Content", "Proxied", "Comment"), rows)


def _sessions(world: World) -> str:
    rows = (
        (row.email, row.provider_type, _for(world, row.aud), _time(row.expires))
        for row in world.sessions.values()
        if row.living(world.now())
    )
    return table("Sessions", ("Person", "By", "For", "Until"), rows)


def _log(world: World) -> str:
    rows = (
        (
            row["created_at"][:19],
            row["user_email"],
            row["connection"],
            row["app_domain"],
            "let in" if row["allowed"] else "refused",
            row["ip_address"],
        )
        for row in world.logged()[:-101:-1]
    )
    return table("Access log, newest first", ("Time", "Person", "By", "Address", "Decision", "From"), rows)


def _people(world: World) -> list[str]:
    living = Counter(row.user_id for row in world.sessions.values() if row.living(world.now()))
    return [
        table(
            "Identity providers",
            ("Name", "Type", "Claims", "Id"),
            (
                (row.name, row.type, ", ".join(row.fields["config"].get("claims") or []), row.id)
                for row in world.providers.values()
            ),
        ),
        table(
            "Access groups",
            ("Name", "Include", "Require", "Exclude", "Id"),
            (
                (row.fields["name"], *(", ".join(map(_rule, row.fields[part])) for part in PARTS), row.id)
                for row in world.groups.values()
            ),
        ),
        table(
            f"Users ({world.seats_used()} of {world.max_seats} seats taken)",
            ("Person", "Name", "Seat", "Living sessions", "Last login"),
            (
                (row.email, row.name, "taken" if row.seated else "none", living[row.id], row.last_login[:19])
                for row in world.users.values()
            ),
        ),
    ]


def _violations(world: World) -> str:
    if not world.violations:
        return "<h2>Violations</h2><p>None: whatever was routable was protected, at all times.</p>"
    rows = ((row["at"][:23], row["hostname"], row["after"]) for row in world.violations)
    return table('Violations <span class="bad">(routable without protection)</span>', ("Time", "Name", "After"), rows)


def _app(app: App) -> tuple[object, ...]:
    policies = "; ".join(
        f"{policy.fields['decision']}: " + ", ".join(_rule(rule) for rule in policy.fields["include"])
        for policy in app.policies
    )
    return (
        app.domain,
        app.fields["name"],
        app.fields["session_duration"],
        policies or "none: everybody is denied",
    )


def _rule(rule: dict[str, dict[str, str]]) -> str:
    ((kind, value),) = rule.items()
    return " ".join([kind, *(str(item) for item in value.values())]) if kind != "email" else value["email"]


def _for(world: World, aud: str) -> str:
    return next((app.domain for app in world.apps.values() if app.aud == aud), "the team") if aud else "the team"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")

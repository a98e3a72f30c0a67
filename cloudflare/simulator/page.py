"""The page that shows what exists in the simulator. Secrets are left out, everything is escaped."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from aiohttp import web

from cloudflare.simulator.state import App, World

_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color-scheme:light dark}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}div{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884;"
    "vertical-align:top;overflow-wrap:anywhere}th{font-size:.85rem;opacity:.75}.bad{color:#c22;font-weight:600}"
)


def overview(world: World) -> web.Response:
    sections = [
        _violations(world),
        _table(
            "Tunnels",
            ("Name", "Status", "Connectors", "Configuration", "Ingress"),
            (
                (
                    row.name,
                    row.status,
                    ", ".join(f"{c.id[:8]} (version {c.config_version})" for c in row.connectors.values()),
                    f"version {row.version}",
                    ", ".join(rule.get("hostname") or "*" for rule in row.ingress),
                )
                for row in world.live_tunnels()
            ),
        ),
        _table(
            "DNS records",
            ("Name", "Type", "Content", "Proxied", "Comment"),
            (
                (
                    row.name,
                    row.fields["type"],
                    row.fields["content"],
                    row.fields.get("proxied"),
                    row.fields.get("comment"),
                )
                for row in world.records.values()
            ),
        ),
        _table("Access applications", ("Domain", "Name", "Session", "Policies"), map(_app, world.apps.values())),
        _table(
            "Sessions",
            ("Person", "For", "Until"),
            (
                (row.email, _for(world, row.aud), _time(row.expires))
                for row in world.sessions.values()
                if not row.revoked and row.expires > world.now()
            ),
        ),
        _table(
            "Access log, newest first",
            ("Time", "Person", "Address", "Decision", "From"),
            (
                (
                    row["created_at"][:19],
                    row["user_email"],
                    row["app_domain"],
                    "let in" if row["allowed"] else "refused",
                    row["ip_address"],
                )
                for row in list(world.access_log)[:-101:-1]
            ),
        ),
    ]
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>Simulated Cloudflare</title><style>{_STYLE}</style>"
        f"<h1>Simulated Cloudflare</h1><p>Account {escape(world.account_id)}, zone {escape(world.domain)}.</p>"
        + "".join(sections)
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return web.Response(text=page, content_type="text/html", headers=headers)


def _violations(world: World) -> str:
    if not world.violations:
        return "<h2>Violations</h2><p>None: whatever was routable was protected, at all times.</p>"
    rows = ((row["at"][:23], row["hostname"], row["after"]) for row in world.violations)
    return _table('Violations <span class="bad">(routable without protection)</span>', ("Time", "Name", "After"), rows)


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


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """`title` is ours and may hold markup; cells are not and may not."""
    lines = ["<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return f"<h2>{title}</h2><p>None.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return f"<h2>{title}</h2><div><table><tr>{head}</tr>{''.join(lines)}</table></div>"

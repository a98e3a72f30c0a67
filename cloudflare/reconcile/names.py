"""Names that more than one module needs: of tasks, conditions and steps."""

PUBLICATION = "cloudflare.reconcile_publication"
TUNNEL = "cloudflare.reconcile_tunnel"
CONNECTOR = "cloudflare.reconcile_connector"
ZONE = "cloudflare.reconcile_zone"
VISITS = "cloudflare.import_account_visits"
SIGN_OUT = "cloudflare.reconcile_sign_out"

PUBLISHED = "Published"
CONNECTED = "Connected"

STEP_TUNNEL = "tunnel"
STEP_ACCESS = "access"
STEP_DNS = "dns"

"""What Warren does at Cloudflare by itself, and what it finds there, for people to read."""

from django.utils.translation import gettext_lazy as _

from cloudflare.entrance import people
from tenants.activity import vocabulary
from tenants.activity.vocabulary import Fact, moment, one_of
from tenants.events import Action

vocabulary.name(
    60,
    _("Cloudflare"),
    {
        Action.ACCESS_SIGN_OUT: _("Sign somebody out at the edge"),
        Action.ACCESS_DRIFT: _("Put protection at the edge right"),
        Action.DNS_DRIFT: _("Put a DNS record right"),
        Action.TUNNEL_ROTATE: _("Change a tunnel's token"),
        Action.VISITS_GAP: _("Visits are missing"),
    },
)
vocabulary.know(
    {"how": Fact(_("Way in"), one_of({people.HOW: _("Cloudflare Access")}))},
    Action.SIGN_IN,
    Action.SIGN_OUT,
    Action.SIGN_UP,
)
vocabulary.know({"from": Fact(_("Missing from"), moment)}, Action.VISITS_GAP)
vocabulary.know(
    {
        "differences": Fact(_("What differed"), "; ".join, apart=True),  # in English, as it was found
        "sessions": Fact(_("Sessions"), one_of({"ended": _("ended")})),
        "seats": Fact(_("Seats given back")),
    }
)

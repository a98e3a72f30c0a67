"""The live style page: each component as the pages use it, in every state, for whoever designs or checks them."""

import datetime
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.utils import timezone
from django.views.generic import TemplateView

from containers.lifecycle import Health, Lifecycle

WORDS = {Lifecycle.RUNNING: [Health.HEALTHY, Health.DEGRADED], Lifecycle.ERROR: [Health.UNHEALTHY]}
COLOURS = "ink dim ground card sunken line strong accent accent-soft wait wait-soft bad bad-soft"
GRANTS = "pending active expiring expired revoking revoked"


class StyleView(LoginRequiredMixin, UserPassesTestMixin, TemplateView):
    """For staff."""

    template_name = "style/page.html"

    def test_func(self) -> bool:
        return bool(self.request.user.is_staff)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = timezone.now()
        return super().get_context_data(
            colours=COLOURS.split(),
            grants=GRANTS.split(),
            phases=[{"lifecycle": word, "health": how} for word in Lifecycle for how in WORDS.get(word, [""])],
            times=[now, now - datetime.timedelta(minutes=5), now - datetime.timedelta(days=3, hours=2)],
            **kwargs,
        )

"""What the admin's first page asks."""

from typing import Any

from django import template

from tenants import attention
from tenants.attention import Attention

register = template.Library()


@register.simple_tag(takes_context=True)
def needs_attention(context: Any) -> list[Attention] | None:
    """For staff who may read the record: that names the same people and things."""
    return attention.items() if context["request"].user.has_perm("tenants.view_auditevent") else None

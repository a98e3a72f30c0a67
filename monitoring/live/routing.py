"""The sockets' addresses; `config.asgi` serves them."""

from typing import Any

urlpatterns: list[Any] = []

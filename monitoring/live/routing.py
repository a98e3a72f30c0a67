"""The sockets' addresses; `config.asgi` serves them."""

from typing import Any

from django.urls import path

from monitoring.live.containers import ContainersSocket

urlpatterns: list[Any] = [path("ws/containers/", ContainersSocket.as_asgi())]

"""The sockets' addresses; `config.asgi` serves them."""

from typing import Any

from django.urls import path

from monitoring.live.containers import ContainersSocket
from monitoring.live.logs import LogsSocket
from monitoring.live.terminal import TerminalSocket

urlpatterns: list[Any] = [
    path("ws/containers/", ContainersSocket.as_asgi()),
    path("ws/containers/<uuid:pk>/logs/", LogsSocket.as_asgi()),
    path("ws/containers/<uuid:pk>/terminal/", TerminalSocket.as_asgi()),
]

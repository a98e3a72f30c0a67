"""Which pages a socket by cookie is opened from."""

from typing import Any

import pytest

from monitoring.live import origins


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "ours"),
    [
        ("http://localhost:8000", "localhost:8000", "ws", True),
        ("http://localhost", "localhost:80", "ws", True),
        ("https://warren.example", "warren.example", "wss", True),
        ("https://warren.example", "warren.example", "ws", True),  # TLS ends before
        ("http://localhost:8001", "localhost:8000", "ws", False),
        ("http://warren.example", "warren.example", "wss", False),
        ("https://box-acme.containers.example", "warren.example", "wss", False),
        ("https://public.example", "10.0.0.3:8000", "ws", True),
        ("https://other.example", "10.0.0.3:8000", "ws", True),
        ("http://other.example", "10.0.0.3:8000", "ws", False),
        ("https://other.example:444", "10.0.0.3:8000", "ws", False),
        ("https://elsewhere.example", "elsewhere.example", "wss", False),  # not an allowed host
        ("file://", "localhost:8000", "ws", False),
        ("http://[::1", "localhost:8000", "ws", False),
        ("http://localhost:99999", "localhost:99999", "ws", False),
        ("", "localhost:8000", "ws", False),
    ],
)
def test_which_pages_are_ours(settings: Any, origin: str, host: str, scheme: str, ours: bool) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "warren.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://other.example"]
    settings.PUBLIC_URL = "https://public.example"
    assert origins.ours({"origin": origin, "host": host}, scheme) is ours

"""What a pass may raise; the loop decides by the class, never by the text.

Failed
├── Retryable     try again: after `retry_after` seconds, or with the loop's backoff
│   └── LeaseLost another worker took over; leave everything to it
└── Terminal      more tries change nothing; looked at again at the next resync, after `retry_after`, or when rung
"""


class Failed(Exception):
    """`code` is stable and for programs; the message tells a person what, why and what next."""

    def __init__(self, code: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class Retryable(Failed):
    """Outside, something is away, busy or in the way; it will pass."""


class LeaseLost(Retryable):
    def __init__(self) -> None:
        super().__init__("lease_lost", "Another worker took this object over.")


class Terminal(Failed):
    """Somebody has to change something first."""

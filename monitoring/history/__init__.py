"""What containers did over time: 10 seconds a row for an hour, a minute for a day, a quarter of an hour for 30 days."""

from typing import Final

LEVELS: Final = {10: 3600, 60: 24 * 3600, 900: 30 * 24 * 3600}  # seconds that a row lasts, and that it is kept for
FINEST: Final = min(LEVELS)

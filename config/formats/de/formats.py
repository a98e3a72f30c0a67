"""As in English: to the second, and short enough for a column of the admin."""

DATETIME_FORMAT = "d.m.Y H:i:s"

"""Data folders as files: downloaded, and restored from what was uploaded."""

RECONCILE = "containers.reconcile_archive"
CANCELLED = "archive_cancelled"

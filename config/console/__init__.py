"""The console: how the admin looks, what stands on its first page, and what its search finds."""

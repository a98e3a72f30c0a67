"""Reading the audit log: who may read what of it, searching, and the same as a page, over the API and as a file."""

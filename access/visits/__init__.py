"""Who came to the edge: the lines kept, each tied to a grant, and read as a page, over the API and as a file."""

from access.visits.kept import keep, with_last

__all__ = ["keep", "with_last"]

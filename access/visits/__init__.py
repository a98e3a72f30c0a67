"""Who came to the edge: the lines kept, each tied to a grant, and read as a page, over the API and as a file."""

from access.visits.kept import keep, last

__all__ = ["keep", "last"]

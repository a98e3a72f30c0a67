from access.visits.admin import VisitAdmin

__all__ = ["VisitAdmin"]

from access.models.grant import Ended, Grant

__all__ = ["Ended", "Grant"]

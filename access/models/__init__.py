from access.models.grant import Ended, Grant
from access.models.visit import Visit

__all__ = ["Ended", "Grant", "Visit"]

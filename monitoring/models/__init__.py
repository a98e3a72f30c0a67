from monitoring.models.history import History, Meter
from monitoring.models.sample import Sample

__all__ = ["History", "Meter", "Sample"]

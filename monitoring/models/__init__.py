from monitoring.models.history import History, Meter
from monitoring.models.incident import Incident, Kind
from monitoring.models.sample import Sample

__all__ = ["History", "Incident", "Kind", "Meter", "Sample"]

from monitoring.models.incident import Incident, Kind
from monitoring.models.sample import Sample

__all__ = ["Incident", "Kind", "Sample"]

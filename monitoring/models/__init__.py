from monitoring.models.history import History, Meter
from monitoring.models.incident import Incident, Kind
from monitoring.models.sample import Sample
from monitoring.models.terminal import Terminal, TerminalQuerySet

__all__ = ["History", "Incident", "Kind", "Meter", "Sample", "Terminal", "TerminalQuerySet"]

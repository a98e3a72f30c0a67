from monitoring.models.sample import Sample
from monitoring.models.terminal import Terminal

__all__ = ["Sample", "Terminal"]

from monitoring.models.sample import Sample

__all__ = ["Sample"]

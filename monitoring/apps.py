from django.apps import AppConfig


class MonitoringApp(AppConfig):
    name = "monitoring"

"""The real routes, and two that fail."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import *  # noqa: F403
from config.urls import urlpatterns as real


def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError("a detail for the log alone")


urlpatterns = [path("fail/", fail), path("api/v1/fail/", fail), *real]

from django.contrib.auth.views import LogoutView
from django.urls import path

from tenants.activity import pages as activity
from tenants.pages import SignInView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("activity/", activity.ActivityView.as_view(), name="activity"),
    path("activity/export/", activity.ActivityExportView.as_view(), name="activity-export"),
]

"""Before those of `containers`: a container's address with one word more is taken there for something to do with it."""

from django.urls import path

from access import activity_pages, create_pages, pages, shared_pages

urlpatterns = [
    # A page of `containers` that lets people in as well.
    path("containers/new/", create_pages.CreateView.as_view(), name="container-create"),
    path("containers/<uuid:pk>/people/", pages.PeopleView.as_view(), name="container-people"),
    path("containers/<uuid:pk>/people/<uuid:grant>/", pages.PersonView.as_view(), name="container-person"),
    path(
        "containers/<uuid:pk>/people/<uuid:grant>/extend/",
        pages.ExtendView.as_view(),
        name="container-person-extend",
    ),
    path(
        "containers/<uuid:pk>/people/<uuid:grant>/revoke/",
        pages.RevokeView.as_view(),
        name="container-person-revoke",
    ),
    path("containers/<uuid:pk>/activity/", activity_pages.HappenedView.as_view(), name="container-activity"),
    path(
        "containers/<uuid:pk>/activity/export/",
        activity_pages.HappenedExportView.as_view(),
        name="container-activity-export",
    ),
    path("shared/", shared_pages.SharedView.as_view(), name="shared"),
    path("shared/<uuid:grant>/leave/", shared_pages.LeaveView.as_view(), name="shared-leave"),
]

from django.urls import path

from tenants.activity import api as activity
from tenants.api import invitations, members, people, sign_up, tenants, tokens

urlpatterns = [
    path("sign-up/", sign_up.SignUpView.as_view(), name="api-sign-up"),
    path("sign-up/confirm/", sign_up.SignUpConfirmView.as_view(), name="api-sign-up-confirm"),
    path("password-reset/", sign_up.PasswordResetView.as_view(), name="api-password-reset"),
    path("password-reset/confirm/", sign_up.PasswordResetConfirmView.as_view(), name="api-password-reset-confirm"),
    path("me/", people.MeView.as_view(), name="api-me"),
    path("me/password/", people.MyPasswordView.as_view(), name="api-me-password"),
    path("tenants/", tenants.TenantListView.as_view(), name="api-tenants"),
    path("tenants/<slug:tenant>/", tenants.TenantView.as_view(), name="api-tenant"),
    path("tenants/<slug:tenant>/leave/", tenants.LeaveView.as_view(), name="api-tenant-leave"),
    path("tenants/<slug:tenant>/members/", members.MemberListView.as_view(), name="api-members"),
    path("tenants/<slug:tenant>/members/<int:member>/", members.MemberView.as_view(), name="api-member"),
    path("tenants/<slug:tenant>/members/<int:member>/hand-over/", members.HandOverView.as_view(), name="api-hand-over"),
    path("tenants/<slug:tenant>/invitations/", invitations.InvitationListView.as_view(), name="api-invitations"),
    path(
        "tenants/<slug:tenant>/invitations/<int:invitation>/",
        invitations.InvitationView.as_view(),
        name="api-invitation",
    ),
    path("invitations/accept/", invitations.AcceptView.as_view(), name="api-invitation-accept"),
    path("tokens/", tokens.TokenListView.as_view(), name="api-tokens"),
    path("tokens/current/", tokens.CurrentTokenView.as_view(), name="api-token-current"),
    path("tokens/<slug:key>/", tokens.TokenView.as_view(), name="api-token"),
    path("audit/", activity.AuditListView.as_view(), name="api-audit"),
    path("audit/export/", activity.AuditExportView.as_view(), name="api-audit-export"),
]

from django.contrib.auth.views import LogoutView
from django.urls import path

from tenants.activity import pages as activity
from tenants.pages import account, invitations, members, passwords, sign_up, tenant, tokens, viewing
from tenants.pages.sign_in import SignInView

urlpatterns = [
    path("sign-in/", SignInView.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("sign-up/", sign_up.SignUpView.as_view(), name="sign-up"),
    path("sign-up/<str:token>/", sign_up.SignUpConfirmView.as_view(), name="sign-up-confirm"),
    path("password-reset/", passwords.PasswordResetView.as_view(), name="password-reset"),
    path("password-reset/<str:token>/", passwords.PasswordResetConfirmView.as_view(), name="password-reset-confirm"),
    path("account/", account.AccountView.as_view(), name="account"),
    path("account/password/", passwords.PasswordChangeView.as_view(), name="password-change"),
    path("account/close/", account.CloseView.as_view(), name="account-close"),
    path("account/tokens/", tokens.TokensView.as_view(), name="tokens"),
    path("account/tokens/<slug:key>/revoke/", tokens.TokenRevokeView.as_view(), name="token-revoke"),
    path("language/", account.LanguageView.as_view(), name="set_language"),
    path("switch/", tenant.SwitchView.as_view(), name="tenant-switch"),
    path("tenants/new/", tenant.TenantCreateView.as_view(), name="tenant-create"),
    path("tenants/<slug:tenant>/", tenant.TenantView.as_view(), name="tenant"),
    path("tenants/<slug:tenant>/usage/", tenant.TenantView.as_view(), name="tenant-usage"),
    path("tenants/<slug:tenant>/members/", members.MembersView.as_view(), name="tenant-members"),
    path("tenants/<slug:tenant>/settings/", tenant.SettingsView.as_view(), name="tenant-settings"),
    path("tenants/<slug:tenant>/name/", tenant.TenantNameView.as_view(), name="tenant-name"),
    path("tenants/<slug:tenant>/delete/", tenant.TenantDeleteView.as_view(), name="tenant-delete"),
    path("tenants/<slug:tenant>/leave/", members.LeaveView.as_view(), name="tenant-leave"),
    path("tenants/<slug:tenant>/members/<int:member>/role/", members.RoleView.as_view(), name="member-role"),
    path("tenants/<slug:tenant>/members/<int:member>/remove/", members.RemoveView.as_view(), name="member-remove"),
    path("tenants/<slug:tenant>/members/<int:member>/hand-over/", members.HandOverView.as_view(), name="hand-over"),
    path(
        "tenants/<slug:tenant>/invitations/<int:invitation>/withdraw/",
        members.WithdrawView.as_view(),
        name="invitation-withdraw",
    ),
    path("invitations/<str:token>/", invitations.InvitationView.as_view(), name="invitation"),
    path("view-as/", viewing.ViewAsView.as_view(), name="view-as"),
    path("view-as/stop/", viewing.StopView.as_view(), name="view-as-stop"),
    path("activity/", activity.ActivityView.as_view(), name="activity"),
    path("activity/export/", activity.ActivityExportView.as_view(), name="activity-export"),
]

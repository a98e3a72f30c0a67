"""The pages where a container is shared: its people, one of them, and the end of their access."""

from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views import View

from access import addresses, ending, granting, levels, members, sharing, visits
from access.forms import WEEK, ChangeForm, ShareForm
from access.holding import Holding
from access.models import Grant
from access.models.grant import GrantQuerySet
from access.states import State
from containers.models import Container, Desired
from containers.pages import Mine
from tenants import audit, current
from tenants.events import Action
from tenants.pages.forms import refused
from tenants.refusal import Refused
from tenants.words import gettext as _

A_PAGE = 50


class _Shared(Mine, View):
    """About who may enter one container, for those who may let others in."""

    container: Container
    mine: Holding
    action: Action  # what a post asks for
    tab = "people"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What nobody can ask here is refused as that, to everybody."""
        if request.user.is_authenticated and str(request.method).lower() in self.http_method_names:
            rows = self.get_queryset().select_related("tenant__plan")
            self.container = get_object_or_404(rows, pk=kwargs["pk"])
            self.mine = self._managing()
        return super().dispatch(request, *args, **kwargs)

    def _managing(self) -> Holding:
        """Whoever only looks and may not is refused as well; what was to change something is on record."""
        actor, tenant = current.person(self.request), self.container.tenant
        tried = audit.refusals(self.action, actor=actor, target=self.subject, tenant=tenant)
        try:
            with tried if self.request.method == "POST" else nullcontext():
                mine = sharing.managing(self.container, actor)
                self.require(mine)
                return mine
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc

    @property
    def subject(self) -> Model:
        return self.container

    def require(self, mine: Holding) -> None:
        """What more there is to hold. Raises `Refused`."""

    def page(self, template: str, status: int = 200, **more: Any) -> HttpResponse:
        facts = {"container": self.container, "mine": self.mine, "tab": self.tab}
        # Who gives nothing while the container may not run, and nothing to one that goes, can still take away.
        facts["giving"] = not self.container.suspended and self.container.desired != Desired.ABSENT
        return render(self.request, template, facts | more, status=status)

    @property
    def terms(self) -> dict[str, Any]:
        return {"plan": self.container.tenant.plan, "own": self.mine.grant}

    def grants(self) -> GrantQuerySet:
        return Grant.objects.filter(container=self.container.pk)


class PeopleView(_Shared):
    """Who may come in, who could, and the form that lets others in."""

    action = Action.GRANT_CREATE
    http_method_names = ["get", "head", "post"]  # noqa: RUF012  (Django declares it for the instance)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What refreshes itself leads away from what is gone or no longer allowed, instead of failing in silence."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except (Http404, PermissionDenied) as exc:
            if not getattr(request, "htmx", False):
                raise
            if isinstance(exc, PermissionDenied):
                messages.info(request, str(exc))
            return HttpResponse(headers={"HX-Redirect": reverse("container", args=[kwargs["pk"]])})

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        if getattr(request, "htmx", False):
            return self.page("access/_people.html", refreshed=True, **self._people())
        return self._whole(ShareForm(**self.terms))

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        form = ShareForm(request.POST, **self.terms)
        if not form.is_valid() or self._would_lose(form):
            return self._whole(form)
        given = {"emails": form.cleaned_data["email"], "note": form.cleaned_data["note"]}
        given |= {"permission": form.cleaned_data["permission"], "expires_at": form.expires_at()}
        try:
            made = sharing.share(self.container, actor=current.person(request), **given)
        except Refused as exc:
            form.refuse(exc)
            return self._whole(form, 403 if exc.status == 403 else 200)
        who = (
            made[0].email if len(made) == 1 else ngettext("%(n)s person", "%(n)s people", len(made)) % {"n": len(made)}
        )
        told = _("They get a mail once Cloudflare lets them in.")
        if not settings.EMAIL_URL:
            told = _("This installation sends no mail: tell them the address, %(url)s") % {"url": self.container.url}
        messages.success(request, _("Shared with %(who)s.") % {"who": who} + f" {told}")
        # The form's own fragment leads past what is said here, and a browser keeps it unless there is another.
        return redirect(f"{reverse('container-people', args=[pk])}#main")

    def _would_lose(self, form: ShareForm) -> bool:
        """Nobody loses anything by a form that shares: it always says how much and until when, meant for newcomers."""
        level, end = form.cleaned_data["permission"], form.expires_at()
        for grant in self.grants().live().filter(email__in=addresses.spellings(form.cleaned_data["email"])):
            sooner = end is not None and (grant.expires_at is None or end < grant.expires_at)
            if sooner or not levels.within(grant.permission, level):
                words = _("%(email)s has more, or for longer, already; change that in the table.")
                form.wrong_address(grant.email, words % {"email": grant.email})
        return bool(form.errors)

    def _whole(self, form: ShareForm, status: int = 200) -> HttpResponse:
        inside = members.emails(self.container)
        shown = {"form": form, "members": inside, "mails": bool(settings.EMAIL_URL)}
        return self.page("access/people.html", status, **shown, **self._people())

    def _people(self) -> dict[str, Any]:
        """Also those who are not out at the edge yet stand among the present ones; all others have ended."""
        unsettled = visits.with_last(self.grants().unsettled())
        shown = Paginator(unsettled, A_PAGE).get_page(self.request.GET.get("page"))
        for grant in shown:
            grant.container = self.container
        ended = self.grants().filter(ended_at__isnull=False, out_at__isnull=False).order_by("-ended_at", "-pk")
        return {
            "people": shown,
            "ended": Paginator(ended, A_PAGE).get_page(self.request.GET.get("ended")),
        }


class _OfPerson(_Shared):
    """About one open grant, for those who may decide about it."""

    http_method_names = ["get", "head", "post"]  # noqa: RUF012  (Django declares it for the instance)
    grant: Grant
    action = Action.GRANT_CHANGE

    @property
    def subject(self) -> Model:
        return self.grant

    def require(self, mine: Holding) -> None:
        granting.require_own(self.grant, mine)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.user.is_authenticated and str(request.method).lower() in self.http_method_names:
            rows = Grant.objects.filter(container=kwargs["pk"]).select_related("container__tenant")
            self.grant = get_object_or_404(rows, pk=kwargs["grant"])
        return super().dispatch(request, *args, **kwargs)

    def back(self, said: str = "") -> HttpResponse:
        if said:
            messages.success(self.request, said)
        return redirect("container-people", pk=self.container.pk)

    def refused(self, exc: Refused) -> HttpResponse:
        return refused(self.request, exc, "container-people", self.container.pk)

    def check(self) -> HttpResponse | None:
        """Before a form is shown; None where there is something to decide."""
        if self.grant.state not in {State.PENDING, State.ACTIVE}:
            messages.info(self.request, _("The access of %(email)s has ended already.") % {"email": self.grant.email})
            return self.back()
        return None


class PersonView(_OfPerson):
    """What somebody may do, and until when."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.check() or self._page(ChangeForm(before=self.grant, **self.terms))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = ChangeForm(request.POST, before=self.grant, **self.terms)
        if form.is_valid():
            try:
                sharing.change(self.grant, actor=current.person(request), **form.wanted())
                return self.back(_("The access of %(email)s is changed.") % {"email": self.grant.email})
            except Refused as exc:
                form.refuse(exc)
                return self._page(form, 403 if exc.status == 403 else 200)
        return self._page(form)

    def _page(self, form: ChangeForm, status: int = 200) -> HttpResponse:
        return self.page("access/person.html", status, form=form, grant=self.grant)


class ExtendView(_OfPerson):
    http_method_names = ["post"]  # noqa: RUF012

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        before = self.grant.expires_at
        if before is None:
            return self.back(_("The access of %(email)s has no end.") % {"email": self.grant.email})
        try:
            sharing.change(self.grant, actor=current.person(request), expires_at=before + WEEK)
        except Refused as exc:
            return self.refused(exc)
        return self.back(_("The access of %(email)s lasts a week longer.") % {"email": self.grant.email})


class RevokeView(_OfPerson):
    """Asks first, and says what happens then."""

    action = Action.GRANT_REVOKE

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        given = [each.email for each in ending.given_by(self.grant)]
        return self.check() or self.page("access/revoke.html", grant=self.grant, given=given)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            sharing.revoke(self.grant, actor=current.person(request))
        except Refused as exc:
            return self.refused(exc)
        return self.back(_("The access of %(email)s is revoked.") % {"email": self.grant.email})

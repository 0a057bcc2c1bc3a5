"""Signing in and out, the profile, the language of people who are not signed in."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash, views
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.users.forms import AbsenceForm, ProfileForm
from crm.users.models import Absence


class SignInView(views.LoginView):
    """axes locks out by account and by address; the answer is the same for known and unknown users."""

    template_name = "users/sign_in.html"
    redirect_authenticated_user = True


class PasswordChangeView(views.PasswordChangeView):
    """A new password ends every other session of the person."""

    template_name = "users/password_change.html"
    success_url = reverse_lazy("users:profile")

    def form_valid(self, form) -> HttpResponse:
        response = super().form_valid(form)
        update_session_auth_hash(self.request, form.user)
        messages.success(self.request, _("Your password was changed. Other devices were signed out."))
        return response


class PasswordResetView(views.PasswordResetView):
    template_name = "users/password_reset.html"
    email_template_name = "users/password_reset_email.txt"
    subject_template_name = "users/password_reset_subject.txt"
    success_url = reverse_lazy("users:password_reset_done")


class PasswordResetConfirmView(views.PasswordResetConfirmView):
    template_name = "users/password_reset_confirm.html"
    success_url = reverse_lazy("users:sign_in")


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """The person's own name, language, time zone and theme."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile was saved."))
        return redirect("users:profile")
    away = {"absences": request.user.absences.filter(ends_at__gt=timezone.now()).select_related("deputy")}
    return render(request, "users/profile.html", {"form": form, **away}, status=422 if form.is_bound else 200)


@login_required
def absence(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Say when one is away, change it, or come back early (``remove``)."""
    found = get_object_or_404(request.user.absences, pk=pk) if pk else Absence(user=request.user)
    if request.method == "POST" and pk and "remove" in request.POST:
        found.delete()
        messages.success(request, _("The absence was removed."))
        return redirect("users:profile")
    form = AbsenceForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your absence was saved."))
        return redirect("users:profile")
    return render(request, "users/absence.html", {"form": form}, status=422 if form.is_bound else 200)

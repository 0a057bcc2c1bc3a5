"""People, departments and teams."""

from axes.utils import reset
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.users.models import Absence, Department, Membership, Team, User

# What only an administrator may give or take.
RIGHTS = {"is_staff", "is_superuser", "roles"}

admin.site.site_header = admin.site.site_title = _("CRM administration")
admin.site.index_title = _("Set-up and permissions")
admin.site.unregister(Group)


class NewUserForm(AdminUserCreationForm):
    """A new person needs a name beside the sign-in."""

    class Meta(AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "name")


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    """A deactivated person is signed out everywhere at the next request."""

    add_form = NewUserForm
    list_display = ("name", "username", "email", "department", "manager", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "roles", "department")
    list_select_related = ("department", "manager")
    search_fields = ("name", "username", "email", "mobile")
    ordering = ("name",)
    actions = ("unlock",)
    autocomplete_fields = ("department", "manager")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("name", "email", "mobile", "department", "manager")}),
        (_("Rights"), {"fields": ("is_active", "is_staff", "is_superuser", "roles")}),
        (_("Preferences"), {"fields": ("language", "timezone", "theme")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "name", "usable_password", "password1", "password2")}),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """With the way to bring people in from a file, for who may."""
        may = request.user.has_perm("users.import_user")
        url = reverse("exchange:start", args=["users.user"]) if may else ""
        return super().changelist_view(request, {**(extra_context or {}), "import_url": url})

    @admin.action(description=_("Let them try to sign in again"))
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Forget the failed sign-ins that lock the chosen people out."""
        for person in queryset:
            reset(username=person.get_username())
        messages.success(request, _("They may try to sign in again at once."))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None):
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or request.user.is_superuser:
            return fieldsets
        return [
            (title, options | {"fields": tuple(f for f in options["fields"] if f not in RIGHTS)})
            for title, options in fieldsets
        ]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Only an administrator changes an administrator."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are deactivated: the log speaks of them for ever."""
        return False

    def get_form(self, request: HttpRequest, obj: User | None = None, **kwargs):
        if obj is not None:
            kwargs["form"] = UserWithRolesForm
        return super().get_form(request, obj, **kwargs)

    def save_related(self, request: HttpRequest, form, formsets, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change and "roles" in form.cleaned_data:
            form.instance.roles.set(form.cleaned_data["roles"])


class UserWithRolesForm(DjangoUserAdmin.form):
    """Roles hold their users; the person's page edits the same relation from the other side."""

    roles = forms.ModelMultipleChoiceField(
        label=_("Roles"),
        queryset=User.roles.rel.related_model._default_manager.all(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta(DjangoUserAdmin.form.Meta):
        model = User

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].initial = self.instance.roles.all()


@admin.register(Department)
class DepartmentAdmin(admin.ModelAdmin):
    """The tree of the organisation, in the order of its paths."""

    list_display = ("indented", "kind", "head", "people")
    list_filter = ("kind",)
    list_select_related = ("head",)
    search_fields = ("name",)
    autocomplete_fields = ("parent", "head")
    ordering = ("path",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Department]:
        return super().get_queryset(request).annotate(people_count=Count("members"))

    @admin.display(description=_("department"), ordering="path")
    def indented(self, department: Department) -> str:
        return "　" * (department.path.count("/") - 2) + department.name

    @admin.display(description=_("people"), ordering="people_count")
    def people(self, department: Department) -> int:
        return department.people_count


class MembershipInline(admin.TabularInline):
    model = Membership
    autocomplete_fields = ("user",)
    extra = 0


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ("name", "size")
    search_fields = ("name", "members__name")
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(size_count=Count("members"))

    @admin.display(description=_("people"), ordering="size_count")
    def size(self, team: Team) -> int:
        return team.size_count


@admin.register(LogEntry)
class AdminLogAdmin(admin.ModelAdmin):
    """What was changed in this administration; nobody edits it."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_filter = ("action_flag", "content_type")
    search_fields = ("object_repr", "change_message")
    list_select_related = ("user", "content_type")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LogEntry | None = None) -> bool:
        return False


@admin.register(Absence)
class AbsenceAdmin(admin.ModelAdmin):
    """Who is away, until when, and who stands in."""

    list_display = ("user", "starts_at", "ends_at", "deputy", "note")
    search_fields = ("user__name", "user__username", "deputy__name")
    list_select_related = ("user", "deputy")
    autocomplete_fields = ("user", "deputy")
    date_hierarchy = "starts_at"

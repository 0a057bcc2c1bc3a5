"""Answers Django's permission questions from the same policy as ``restrict()``."""

from django.apps import apps
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from crm.access import policy
from crm.users.models import User


class AccessBackend(ModelBackend):
    """``user.has_perm("sales.change_opportunity", opportunity)``."""

    def get_user(self, user_id: int) -> User | None:
        """The person of a session, with the department that the menu of every page names."""
        user = User.objects.select_related("department").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: AbstractBaseUser, perm: str, obj: Model | None = None) -> bool:
        if not user_obj.is_active or "_" not in perm:
            return False
        app_label, codename = perm.split(".", 1)
        action, model_name = codename.rsplit("_", 1)
        if obj is None or not hasattr(type(obj), "access"):
            return policy.can(user_obj, f"{app_label}.{model_name}", action)
        return isinstance(obj, apps.get_model(app_label, model_name)) and policy.can_record(user_obj, obj, action)

    def has_module_perms(self, user_obj: AbstractBaseUser, app_label: str) -> bool:
        if not user_obj.is_active:
            return False
        access = policy.access_of(user_obj)
        return access.superuser or any(label.startswith(f"{app_label}.") for label, _action in access.scopes)

"""What people were told, and how they want to be told."""

from __future__ import annotations

from datetime import time

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Notification(models.Model):
    """One thing one person was told. Not an entity: only that person sees it.

    It keeps no value of a record: names and words are read anew, for the reader, whenever it is shown. ``text`` is a sentence
    in English to be translated, ``data`` what it counts or names beside records; ``subject`` is a part of the record that is
    quoted (a comment). ``key`` is unique a person: the same thing is told once.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(_("kind"), max_length=50)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    entity = models.CharField(_("entity"), max_length=100, blank=True)
    record_id = models.BigIntegerField(_("record"), null=True)
    subject_entity = models.CharField(max_length=100, blank=True)
    subject_id = models.BigIntegerField(null=True)
    text = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    url = models.CharField(max_length=500, blank=True)
    why = models.CharField(max_length=50, blank=True)
    key = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True)
    in_app = models.BooleanField(default=True)
    in_digest = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], condition=models.Q(in_app=True), name="notification_inbox"),
            models.Index(
                fields=["user"], condition=models.Q(in_app=True, read_at__isnull=True), name="notification_unread"
            ),
            models.Index(fields=["user"], condition=models.Q(in_digest=True), name="notification_digest"),
            models.Index(fields=["entity", "record_id"], name="notification_record"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], condition=~models.Q(key=""), name="told_once_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.user_id}"


class Choice(models.Model):
    """By which ways one person wants one kind; without a row the kind's own ways count. Not an entity."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=50)
    channels = ArrayField(models.CharField(max_length=20), default=list)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="one_choice_a_kind")]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.kind}"


class Hours(models.Model):
    """When one person may be disturbed by what leaves the program, and when the daily summary comes. Not an entity."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_hours")
    quiet_from = models.TimeField(_("Quiet from"), null=True, blank=True, default=time(21))
    quiet_until = models.TimeField(_("Quiet until"), null=True, blank=True, default=time(8))
    only_working_time = models.BooleanField(
        _("Only in working time"), default=False, help_text=_("By the working calendar of your department.")
    )
    digest_at = models.TimeField(_("Daily summary at"), default=time(8, 30))
    digest_on_workdays = models.BooleanField(_("Only on working days"), default=True)
    digested_on = models.DateField(null=True, editable=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.user_id)

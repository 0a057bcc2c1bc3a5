"""Encrypting anew under the present key what lies under earlier ones."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models, transaction

from crm.customfields.models import CustomField
from crm.customfields.stored import PLACE
from crm.entities.entity import registry
from crm.fields.columns import SealedField
from crm.lib.sealing import Unreadable, current_prefix, seal, unseal


def rotate(batch: int = 500) -> Iterator[tuple[str, int, int]]:
    """(place, values encrypted anew, values that can't be read) of each encrypted column and custom field."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield (f"{model._meta.label_lower}.{field.name}", *_rotate_column(model, field, batch))
    for field in CustomField.objects.filter(kind="sealed"):
        if field.entity in registry:
            yield (
                f"{field.entity}.custom.{field.code}",
                *_rotate_custom(registry[field.entity].model, field.code, batch),
            )


def _rotate_column(model: type[models.Model], field: SealedField, batch: int) -> tuple[int, int]:
    table, column = connection.ops.quote_name(model._meta.db_table), connection.ops.quote_name(field.column)
    return _rotate(table, column, f"{column} = %s", field.place, batch)


def _rotate_custom(model: type[models.Model], code: str, batch: int) -> tuple[int, int]:
    table = connection.ops.quote_name(model._meta.db_table)
    value = f"(custom ->> '{code}')"
    return _rotate(table, value, f"custom = jsonb_set(custom, '{{{code}}}', to_jsonb(%s::text))", PLACE, batch)


def _rotate(table: str, value: str, assign: str, place: str, batch: int) -> tuple[int, int]:
    """Batches that commit, each row only where it still holds what was read."""
    done = unreadable = last = 0
    select = f"select id, {value} from {table} where id > %s and {value} like 'sealed:%%' and {value} not like %s order by id limit %s"
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(select, [last, current_prefix() + "%", batch])
            rows = cursor.fetchall()
            if not rows:
                return done, unreadable
            for pk, token in rows:
                last = pk
                try:
                    fresh = seal(unseal(token, place), place)
                except Unreadable:
                    unreadable += 1
                    continue
                cursor.execute(f"update {table} set {assign} where id = %s and {value} = %s", [fresh, pk, token])
                done += cursor.rowcount

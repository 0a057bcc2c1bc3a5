"""Which records are people, which of their fields are personal, and who is the same person.

Rooms above declare theirs: ``person_kind("customers.contact", name="name")``, ``@same_person``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.customfields import definitions
from crm.entities.entity import registry
from crm.fields.field import Field
from crm.lib.folding import fold
from crm.matching.services import matching_ids
from crm.privacy.models import PersonalField
from crm.records.models import Record

NAME, PHONE, EMAIL, ADDRESS, SOCIAL, BIRTH, IDENTITY, ABOUT, TEXT = (
    "name",
    "phone",
    "email",
    "address",
    "social",
    "birth",
    "identity",
    "about",
    "text",
)
CATEGORIES = {
    NAME: _("Name"),
    PHONE: _("Phone"),
    EMAIL: _("E-mail"),
    ADDRESS: _("Address"),
    SOCIAL: _("Account elsewhere"),
    BIRTH: _("Birthday"),
    IDENTITY: _("Number that identifies"),
    ABOUT: _("About the person"),
    TEXT: _("Free text"),
}
OF_KIND = {
    "phone": PHONE,
    "email": EMAIL,
    "address": ADDRESS,
    "longtext": TEXT,
    "richtext": TEXT,
    "sealed": IDENTITY,
    "url": SOCIAL,
    "file": ABOUT,
}
# What names and labels tell, where the kind does not.
WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (BIRTH, ("birth", "生日", "出生")),
    (IDENTITY, ("id_number", "idcard", "id_card", "passport", "identity", "bank", "tax_id", "身份证", "护照", "证件", "银行", "卡号", "车牌", "社保")),
    (SOCIAL, ("wechat", "weixin", "openid", "unionid", "whatsapp", "linkedin", "微信", "微博", "抖音")),
    (ADDRESS, ("address", "地址", "住址")),
    (PHONE, ("mobile", "telephone", "手机", "电话")),
    (EMAIL, ("e-mail", "email", "邮箱")),
    (ABOUT, ("sex", "gender", "job_title", "nickname", "hobby", "marital", "religion", "性别", "爱好", "婚", "民族", "昵称")),
)  # fmt: skip


@dataclass(frozen=True)
class PersonKind:
    """An entity whose records are people: all of them, or those that ``where`` keeps (``when`` asks one record the same).

    ``also`` names further fields as personal, ``never`` those that are not, whatever their kind says.
    """

    label: str
    name: str = "name"
    where: Q = field(default_factory=Q)
    when: Callable[[Any], bool] = lambda record: True
    also: dict[str, str] = field(default_factory=dict)
    never: frozenset[str] = frozenset()


kinds: dict[str, PersonKind] = {}
_same: list[Callable[[Any], Iterable[Any]]] = []


def person_kind(label: str, **options: Any) -> PersonKind:
    """Declare that the records of an entity are people."""
    kinds[label] = PersonKind(label, **options)
    return kinds[label]


def same_person(fn: Callable[[Any], Iterable[Any]]) -> Callable[[Any], Iterable[Any]]:
    """Let ``fn(record)`` yield further records of the same person: the lead that a contact came from."""
    _same.append(fn)
    return fn


def is_person(record: Any) -> bool:
    """Whether the record is about one person."""
    kind = kinds.get(record._meta.label_lower)
    return kind is not None and kind.when(record)


def find_person(label: str, pk: int | None) -> Record | None:
    """The record of a person, in the trash too, whoever asks; None when there is none."""
    if label not in kinds or label not in registry or pk is None:
        return None
    return registry[label].model._base_manager.filter(pk=pk).first()


def told_by_admins() -> dict[tuple[str, str], bool]:
    """What admins say of fields: kept until the definitions change."""
    return definitions.kept(
        "privacy.personal",
        lambda: {(row.entity, row.field): row.personal for row in PersonalField.objects.all()},
    )


def personal_fields(label: str) -> dict[str, str]:
    """The entity's own personal fields by name, with the category of each; custom ones too."""
    kind, told = kinds.get(label), told_by_admins()
    found: dict[str, str] = {}
    entity = registry[label]
    for name in own_names(label):
        field_ = entity.field(name)
        category = category_of(field_, kind)
        if told.get((label, name), category is not None):
            found[name] = category or ABOUT
    return found


def own_names(label: str) -> list[str]:
    """Every column of its own that holds a value of the record, and its custom fields."""
    entity = registry[label]
    silent = {"extras", "custom", "id", *entity.model.prepared, *entity.model.derived}
    columns = [f.name for f in entity.model._meta.concrete_fields if not f.generated and f.editable]
    return [name for name in columns if name not in silent] + [
        n for n in entity.custom_names if entity.field(n).source.editable
    ]


def category_of(field_: Field, kind: PersonKind | None) -> str | None:
    """What a field holds of a person; None for nothing."""
    if kind is not None:
        if field_.name in kind.never:
            return None
        if field_.name == kind.name:
            return NAME
        if field_.name in kind.also:
            return kind.also[field_.name]
    if field_.source.is_relation and field_.kind != "file":
        return None
    if found := OF_KIND.get(field_.kind):
        return found
    if field_.kind not in {"text", "choice", "date", "multichoice"}:
        return None
    said = f"{field_.name} {field_.label}".lower()
    return next((category for category, words in WORDS if any(word in said for word in words)), None)


def same_people(record: Record) -> list[Record]:
    """The record and the others of the same person: those that rooms know, and those with the same name and number or address."""
    found: dict[tuple[str, int], Record] = {}
    waiting = [record]
    while waiting:
        one = waiting.pop()
        key = (one.entity_label(), one.pk)
        if key in found:
            continue
        found[key] = one
        waiting += [other for fn in _same for other in fn(one) if other is not None and is_person(other)]
        waiting += _twins(one)
    return list(found.values())


def _twins(record: Record) -> Iterator[Record]:
    """People of the same name who share a number or an address with the record."""
    name = fold(name_of(record))
    for label in kinds if name else ():
        model = registry[label].model if label in registry else None
        if model is None:
            continue
        (ids,) = matching_ids([record], model=model, kinds=("phone", "email"))
        for other in model._base_manager.filter(pk__in=ids):
            if is_person(other) and fold(name_of(other)) == name:
                yield other


def name_of(record: Record) -> str:
    """What the person is called."""
    kind = kinds.get(record.entity_label())
    return str(getattr(record, kind.name, "") or "") if kind else ""


def blanked(label: str, record: Record, alias: str) -> dict[str, Any]:
    """The values that empty the personal fields of a record: columns by name; custom values and extras as they remain."""
    kind, values = kinds.get(label), {}
    custom = dict(record.custom or {})
    for name in personal_fields(label):
        if name.startswith("custom."):
            code = name.removeprefix("custom.")
            custom = {key: value for key, value in custom.items() if key.lstrip("~") != code}
            continue
        source = record._meta.get_field(name)
        if kind is not None and name == kind.name:
            values[name] = alias
        else:
            values[name] = None if source.null else _empty(source)
    return values | {"custom": custom, "extras": {}}


def _empty(source: models.Field) -> Any:
    return (
        source.get_default()
        if source.has_default()
        else source.to_python("")
        if isinstance(source, models.CharField | models.TextField)
        else source.get_default()
    )

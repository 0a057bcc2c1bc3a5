"""The OpenAPI 3.1 document of what one token may do, made from the declarations: it knows the fields that admins added."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from crm.api.models import READ, WRITE, ApiToken
from crm.api.values import readable_names
from crm.entities.bound import BoundEntity, BoundField, bind
from crm.entities.entity import registry
from crm.entities.forms import may_write

KINDS: dict[str, dict[str, Any]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "string", "format": "decimal"},
    "money": {"type": "string", "format": "decimal"},
    "percent": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "email": {"type": "string", "format": "email"},
    "url": {"type": "string", "format": "uri"},
    "multichoice": {"type": "array", "items": {"type": "string"}},
}
LINK = {"type": "object", "properties": {"id": {"type": "integer"}, "text": {"type": "string"}}}
ERRORS = {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
PK = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def document(token: ApiToken) -> dict[str, Any]:
    """The whole document; nothing of entities, fields and verbs that the token's person may not see."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Refusal": {"type": "object", "properties": {"errors": ERRORS}}}
    for label, entity in sorted(registry.items()):
        bound = bind(entity, token.user)
        if not token.allows(label, READ) or not bound.can("view"):
            continue
        schemas[label] = _schema(bound)
        paths |= _paths(bound, token.allows(label, WRITE))
    return {
        "openapi": "3.1.0",
        "info": {"title": "CRM", "version": "1"},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
    }


def _schema(bound: BoundEntity) -> dict[str, Any]:
    fields = {field.name: _field(bound, field) for field in bound.visible(readable_names(bound))}
    return {
        "type": "object",
        "title": bound.name,
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "version": {"type": "integer"},
            "title": {"type": "string", "readOnly": True},
            "url": {"type": "string", "readOnly": True},
            "fields": {"type": "object", "properties": fields},
        },
    }


def _field(bound: BoundEntity, field: BoundField) -> dict[str, Any]:
    """The JSON of a field: whether it may be empty, its choices, whether it can be written."""
    made: dict[str, Any] = dict(LINK if field.source.is_relation else KINDS.get(field.kind, {"type": "string"}))
    made["title"] = str(field.label)
    if field.masked:
        made = {"type": "string", "title": made["title"]}
    elif field.kind == "choice" and not field.source.is_relation:
        made["enum"] = [value for value, _label in field.choices] + [""]
    if field.name not in bound.form_names or not may_write(bound, field):
        made["readOnly"] = True
    return made


def _paths(bound: BoundEntity, writes: bool) -> dict[str, Any]:
    many = f"/{bound.area}/{bound.slug}/"
    one: dict[str, Any] = {"get": _operation(bound, _("Read"), 200, PK)}
    listed: dict[str, Any] = {"get": _listing(bound)}
    verbs: dict[str, Any] = {}
    if writes and bound.can("add"):
        listed["post"] = _operation(bound, _("Create"), 201, body=True)
    if writes and bound.can("change"):
        one["patch"] = _operation(bound, _("Change"), 200, PK, body=True)
    if writes and bound.can("delete"):
        one["delete"] = _operation(bound, _("Move to the trash"), 204, PK)
    for action in bound.entity.all_actions if writes else ():
        if bound.can(action.permission):
            operation = _operation(bound, str(action.label), 200, PK, body=action.form is not None)
            verbs[f"{many}{{id}}/do/{action.name}/"] = {"post": operation}
    return {many: listed, f"{many}{{id}}/": one, **verbs}


def _listing(bound: BoundEntity) -> dict[str, Any]:
    """The parameters are those of the list's page: conditions by field, words, order, and the place in it."""
    names = ["q", "where", "sort", "cols", "after", "limit", *bound.filterable]
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in dict.fromkeys(names)]
    return {**_operation(bound, bound.plural, 200), "parameters": parameters}


def _operation(
    bound: BoundEntity, summary: str, status: int, *parameters: dict[str, Any], body: bool = False
) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{bound.label}"}}}
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    made: dict[str, Any] = {
        "summary": summary,
        "tags": [bound.plural],
        "parameters": list(parameters),
        "responses": {
            str(status): {"description": summary, **({} if status == 204 else {"content": content})},
            "422": {"description": _("Refused"), "content": refusal},
        },
    }
    if body:
        made["requestBody"] = {"content": content}
    return made

"""One declaration a model: how it is listed, shown, edited, boarded, filtered, bulk-changed, imported and found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.text import capfirst, slugify

from crm.access.policy import entity_label, follows
from crm.access.snapshot import NOT_GRANTED
from crm.customfields.definitions import custom_links, custom_names
from crm.customfields.logic_guard import begin
from crm.customfields.values import set_defaults
from crm.entities.lanes import Card, Lane, Lanes
from crm.fields.contributed import contributed_names
from crm.fields.field import Field, resolve
from crm.records import services

registry: dict[str, Entity] = {}
_by_path: dict[tuple[str, str], Entity] = {}
_contributed: dict[str, list[Action]] = {}
_everywhere: list[tuple[Callable[[Entity], bool], Action]] = []
_figures: dict[str, list[Callable[[Any, Any], list[dict]]]] = {}
_gates: list[Callable[..., None]] = []


def register(cls: type[Entity]) -> type[Entity]:
    """Class decorator: make the entity known to every generic surface."""
    put(cls())
    return cls


def put(entity: Entity) -> None:
    """Make an entity known that came at run time."""
    registry[entity.label] = entity
    _by_path[entity.area, entity.slug] = entity


def forget(label: str) -> None:
    """Drop an entity that came at run time."""
    entity = registry.pop(label, None)
    if entity is not None:
        _by_path.pop((entity.area, entity.slug), None)


def entity_at(area: str, slug: str) -> Entity | None:
    """The entity whose pages lie at ``/<area>/<slug>/``."""
    return _by_path.get((area, slug))


def contribute(label: str, action: Action) -> None:
    """Add an action to an entity that lives lower than the caller."""
    _contributed.setdefault(label, []).append(action)


def action_gate(fn: Callable[..., None]) -> Callable[..., None]:
    """Decorator: ``fn(action, record, params, *, actor)`` is asked before any verb is done; it refuses by ValidationError."""
    _gates.append(fn)
    return fn


def contribute_where(fits: Callable[[Entity], bool], action: Action) -> None:
    """Add an action to every entity that ``fits``, those too that admins define later."""
    _everywhere.append((fits, action))


def contribute_figures(label: str) -> Callable:
    """Decorator: add the key figures that ``fn(record, user)`` returns to the pages of an entity that lives lower."""

    def add(fn: Callable[[Any, Any], list[dict]]) -> Callable:
        _figures.setdefault(label, []).append(fn)
        return fn

    return add


EVERY_ENTITY = (
    "view", "add", "change", "delete", "purge", "assign", "share", "export", "import", "unlock", "tag", "unmask",
)  # fmt: skip
"""What the permission matrix offers for whatever can be granted."""


@dataclass(frozen=True)
class Action:
    """A verb on one record: a button, a permission and the service that does the work.

    ``run(record, *, actor, **form.cleaned_data)`` returns the record to go to (None: stay). ``form(user=…, record=…)``
    asks for what the verb needs. ``when(record)`` says whether it fits now. ``permission`` is the action granted in the matrix.
    ``gone(bound, pk)`` says what became of a record that the user no longer reaches, where they may know (empty: they may not).
    ``automatic``: a rule may do it too, with what the form asks for written down beforehand (its record is then a blank one).
    ``makes`` is the entity of which it adds a record: only who may add one has the verb.
    ``page(entity, ids)`` is the address of the verb's own page, where it has one: its button leads there, for one record or many.
    """

    name: str
    label: Any
    run: Callable
    icon: str = "bolt"
    form: type | None = None
    permission: str = "change"
    when: Callable[[Any], bool] = lambda record: True
    primary: bool = False
    danger: bool = False
    bulk: bool = False
    automatic: bool = True
    page: Callable[[Any, Sequence[int]], str] | None = None
    gone: Callable[[Any, int], str] | None = None
    makes: str = ""

    def perform(self, record: Any, *, actor: Any, **params: Any) -> Any:
        """Do it, unless something stands before it."""
        for gate in _gates:
            gate(self, record, params, actor=actor)
        return self.run(record, actor=actor, **params)


@dataclass(frozen=True)
class Through:
    """A way to somebody over parts of a record: the link ``link`` of those parts ``part`` in which ``where`` is true."""

    part: str
    link: str
    where: str


@dataclass(frozen=True)
class View:
    """A saved view that every user has: a tab of the list with its conditions and order."""

    name: str
    label: Any
    where: Mapping[str, Any]
    sort: str = ""


@dataclass(frozen=True)
class Board:
    """The list as lanes. ``field`` is the link or choice that makes the lanes; ``move(record, to, *, actor)`` changes it.

    ``sums`` are added up a lane; ``weighted`` is an expression, the expected value of a card. ``tally(user, lanes, *, money,
    weighted)`` knows the figures of all rows that the user sees, without adding them up: rows of ``lane``, ``currency``,
    ``count``, ``total`` and ``expected``.
    """

    field: str
    move: Callable
    sums: Sequence[str] = ()
    weighted: Any = None
    tally: Callable | None = None
    template: str = "entities/card.html"


class Entity:
    """Subclass, set ``model`` and what differs from the defaults, decorate with ``@register``.

    Names are fields, walking links by ``__``. ``sortable`` maps a shown field to the non-null column that orders it.
    ``title`` and ``subtitle`` name what a search hit shows; ``pills`` are the states beside a record's name; ``search``
    maps a search kind (text, person, company, phone, email, code) to fields. ``synonyms`` are further headings under which a column of a file is recognised, ``levels`` such that count only
    where the values look like levels (高, 中, 低; A, B, C); ``keys`` are the
    fields by which an import may find a record. ``shows_on`` maps a parent entity to the link field by which this one
    appears as a tab on the parent's page. ``workload`` is the condition of rows that keep their owner busy. ``attention`` is the condition of rows that call for action: the navigation counts them.
    ``variant`` names a link or choice (a pipeline) whose values may have layouts of their own. ``reached_by`` are the ways to
    whom one writes to or calls where the record has no address itself, the best first: links, or ``Through`` parts. None: its
    links in their order, unless it has fields for addresses of its own.
    """

    model: type
    icon = "circle"
    area = ""
    slug = ""
    columns: Sequence[str] = ()
    filters: Sequence[str] = ()
    sortable: Mapping[str, str] = {"created_at": "created_at", "updated_at": "updated_at"}
    default_sort = "-created_at"
    sums: Sequence[str] = ()
    search: Mapping[str, Sequence[str]] = {}
    subtitle: Sequence[str] = ()
    pills: Sequence[str] = ()
    sections: Mapping[Any, Sequence[str]] = {}
    quick: Sequence[str] = ()
    bulk_edit: Sequence[str] = ()
    inline: Sequence[str] = ()
    board: Board | None = None
    views: Sequence[View] = ()
    shows_on: Mapping[str, str] = {}
    actions: Sequence[Action] = ()
    synonyms: Mapping[str, Sequence[str]] = {}
    levels: Mapping[str, Sequence[str]] = {}
    keys: Sequence[str] = ()
    importable = True
    face = "sq"
    attention: Mapping[str, Any] | None = None
    workload: Mapping[str, Any] | None = None
    verbs: Sequence[str] = ()
    variant = ""
    reached_by: Sequence[str | Through] | None = None
    nav = True

    def __init__(self) -> None:
        self.label = entity_label(self.model)
        self.area = self.area or self.model._meta.app_label
        self.slug = self.slug or slugify(self.model._meta.object_name + "s")

    def save(self, record: Any, *, actor: Any, **options: Any) -> Any:
        """How a form, an inline edit or the API writes one record."""
        return services.save(record, actor=actor, **options)

    def new(self, user: Any, initial: Mapping[str, Any]) -> Any:
        """An unsaved record with its defaults for ``user``; ``initial`` holds raw values of the address."""
        return self.model(owner=user)

    def fresh(self, user: Any, initial: Mapping[str, Any]) -> Any:
        """``new`` with the defaults of the fields that admins defined."""
        record = self.new(user, initial)
        set_defaults(record)
        begin(record, user)
        return record

    def settled(self, record: Any) -> Collection[str]:
        """Fields that stand fast on a record, whoever asks: its form only tells them, as writing them would be refused."""
        return ()

    def clean(self, form: Any) -> None:
        """Rules over several fields: call ``form.add_error(field, message)``."""

    def warnings(self, record: Any, user: Any) -> list[Any]:
        """Records that look like the same thing as ``record``, as far as ``user`` may know."""
        return []

    def link_rows(self, name: str, rows: QuerySet) -> QuerySet:
        """Of the rows that the link ``name`` may point at, those that fit this entity."""
        return rows

    def lanes(self, params: Mapping[str, str]) -> Lanes:
        """The lanes that the address asks for: here the choices of the board's field."""
        return Lanes([Lane(value, label) for value, label in self.field(self.board.field).choices])

    def card(self, record: Any, seen: Collection[str]) -> Card:
        """What the card of a record shows to who may know the fields ``seen``."""
        return Card({"title": str(record)}, {})

    def figures(self, record: Any, user: Any) -> list[dict]:
        """Key figures of the record page's header: ``{"label", "value", "url", "tone"}``."""
        return []

    def all_figures(self, record: Any, user: Any) -> list[dict]:
        """Its own figures and those that upper apps contribute."""
        contributed = [figure for fn in _figures.get(self.label, ()) for figure in fn(record, user)]
        return [*self.figures(record, user), *contributed]

    @property
    def name(self) -> str:
        return capfirst(str(self.model._meta.verbose_name))

    @property
    def variant_label(self) -> str:
        """What the field that varies layouts is called."""
        return self.field(self.variant).label if self.variant else ""

    @property
    def plural(self) -> str:
        return capfirst(str(self.model._meta.verbose_name_plural))

    @property
    def all_actions(self) -> list[Action]:
        general = (action for fits, action in _everywhere if fits(self))
        return [*self.actions, *_contributed.get(self.label, ()), *general]

    @property
    def granted(self) -> tuple[str, ...]:
        """Every action that the permission matrix offers for the entity; none where what it hangs on decides."""
        if follows(self.label):
            return ()
        asked = [a.permission for a in self.all_actions if a.permission not in {"change", *NOT_GRANTED}]
        return tuple(dict.fromkeys((*EVERY_ENTITY, *asked, *self.verbs)))  # a verb may ask for one of them

    @property
    def field_names(self) -> tuple[str, ...]:
        """Every field named anywhere in the declaration, columns first, then those that admins defined and upper apps contribute."""
        return (*self.kept_names, *self.contributed_names)

    @property
    def kept_names(self) -> tuple[str, ...]:
        """Those of them that the record itself keeps, so that its history names them."""
        return (*self.declared_names, *self.custom_names)

    @property
    def contributed_names(self) -> tuple[str, ...]:
        """The fields that upper apps contribute: "rfm.class"."""
        return contributed_names(self.label)

    @property
    def custom_names(self) -> tuple[str, ...]:
        """The fields that admins defined, in their order: "custom.grade"."""
        return custom_names(self.label)

    @cached_property
    def links(self) -> dict[str, str]:
        """Links that the declaration names or walks through, with the entity that each leads to."""
        found = {}
        for name in self.declared_names:
            hops = [hop for hop in resolve(self.model, name).path if hop.is_relation]
            for number, hop in enumerate(hops, 1):
                found["__".join(h.name for h in hops[:number])] = hop.related_model._meta.label_lower
        return found

    @property
    def linked_names(self) -> tuple[str, ...]:
        """What admins defined and upper apps contribute on what the links lead to: "account__custom.grade"."""
        return tuple(
            name
            for link, label in self.links.items()
            for name in (*custom_names(label, link), *contributed_names(label, link))
        )

    @cached_property
    def declared_names(self) -> tuple[str, ...]:
        """Every field named anywhere in the declaration, columns first."""
        named = [*self.columns, *self.filters, *self.sortable, *self.sums, *self.quick, *self.bulk_edit, *self.inline]
        named += [name for names in self.sections.values() for name in names]
        return tuple(dict.fromkeys(named))

    @property
    def form_names(self) -> tuple[str, ...]:
        """The fields a person fills in."""
        custom = [name for name in self.custom_names if self.field(name).source.editable]
        return (*self.declared_form_names, *custom)

    @cached_property
    def declared_form_names(self) -> tuple[str, ...]:
        """The fields of the declaration that a person fills in."""
        own = [
            name
            for names in self.sections.values()
            for name in names
            if "__" not in name and resolve(self.model, name).source.editable
        ]
        return tuple(dict.fromkeys([*self.quick, *own]))

    def field(self, name: str) -> Field:
        return resolve(self.model, name)

    def url(self, view: str, *args: Any) -> str:
        """The address of one of the entity's generic pages."""
        if args and type(args[0]) is int:
            return _address(self.area, self.slug, view, _ANY, *args[1:]).replace(_SIGN, str(args[0]))
        return _address(self.area, self.slug, view, *args)

    def related(self) -> list[Entity]:
        """Entities that show on this one's page."""
        return [e for e in registry.values() if self.label in e.parents]

    @property
    def parents(self) -> Mapping[str, str]:
        """``shows_on``, and the entities to which links lead that admins defined."""
        return {**custom_links(self.label), **self.shows_on}


# Stands for the id of a record while its address is worked out, so that this happens once for all records.
_ANY = 6_174_617_461_746_174
_SIGN = str(_ANY)


@lru_cache(maxsize=4096)
def _address(area: str, slug: str, view: str, *args: Any) -> str:
    """Addresses don't change while the program runs."""
    return reverse(f"entities:{view}", args=[area, slug, *args])


def entity_of(record_or_model: Any) -> Entity:
    """The entity of a record or model; KeyError when it has none."""
    return registry[record_or_model._meta.label_lower]

"""The standard roles that a new company starts with; admins change them afterwards as they like."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from crm.access.models import FieldRule, Grant, Role, Scope
from crm.access.policy import Open, Owned, Shared
from crm.entities.entity import Entity, registry

NONE, OWN, TEAM, DEPARTMENT, ALL = Scope.NONE, Scope.OWN, Scope.TEAM, Scope.DEPARTMENT, Scope.ALL

# code → (Chinese name, English name, what the role does with records that have an owner).
ROLES: dict[str, tuple[str, str, dict[str, Scope]]] = {
    "rep": (
        "销售代表",
        gettext_noop("Sales rep"),
        {"view": OWN, "add": OWN, "change": OWN, "delete": OWN, "assign": OWN, "verbs": OWN},
    ),
    "lead": (
        "销售主管",
        gettext_noop("Team lead"),
        {
            "view": TEAM,
            "add": OWN,
            "change": TEAM,
            "delete": TEAM,
            "assign": TEAM,
            "export": TEAM,
            "import": OWN,
            "verbs": TEAM,
        },
    ),
    "manager": (
        "销售经理",
        gettext_noop("Sales manager"),
        {
            "view": DEPARTMENT,
            "add": OWN,
            "change": DEPARTMENT,
            "delete": DEPARTMENT,
            "assign": DEPARTMENT,
            "export": DEPARTMENT,
            "import": DEPARTMENT,
            "verbs": DEPARTMENT,
        },
    ),
    "finance": ("财务", gettext_noop("Finance"), {"view": ALL, "export": ALL}),
    "legal": ("法务", gettext_noop("Legal"), {"view": ALL}),
    "agent": ("客服专员", gettext_noop("Service agent"), {"view": ALL}),
    "marketer": ("市场专员", gettext_noop("Marketer"), {"view": ALL, "add": OWN}),
    "admin": (
        "管理员",
        gettext_noop("Administrator"),
        dict.fromkeys(("view", "add", "change", "delete", "purge", "assign", "export", "import", "verbs"), ALL),
    ),
}
BOUGHT = (
    "supplierprice", "supplierrating", "purchaseorder", "purchaseorderline", "goodsreceipt", "bill", "billpayment",
)  # fmt: skip
# Beyond the pattern: (role, entity) → scopes that differ.
EXCEPTIONS: dict[tuple[str, str], dict[str, Scope]] = {
    ("marketer", "sales.lead"): {
        "change": ALL,
        "delete": OWN,
        "assign": ALL,
        "import": ALL,
        "export": ALL,
        "verbs": OWN,
    },
    ("marketer", "marketing.webform"): dict.fromkeys(("change", "delete", "assign", "export"), ALL),
    ("marketer", "marketing.trackedlink"): dict.fromkeys(("change", "delete", "assign", "export"), ALL),
    **{
        ("legal", label): {"privacy": ALL, "unmask": ALL}
        for label in ("customers.account", "customers.contact", "sales.lead")
    },
    ("agent", "customers.contact"): {"add": OWN, "change": ALL, "points": ALL},
    ("marketer", "customers.contact"): {"points": ALL},
    ("marketer", "customers.account"): {"points": ALL},
    ("marketer", "loyalty.referral"): {"change": ALL, "points": ALL},
    ("marketer", "segments.segment"): dict.fromkeys(("view", "add", "change", "delete", "export"), ALL),
    **{
        (role, label): {"points": NONE}
        for role in ("rep", "lead")
        for label in ("customers.contact", "customers.account", "loyalty.referral")
    },
    **{
        (role, label): dict.fromkeys(("view", "add", "change", "delete"), ALL)
        for role in ("lead", "manager", "marketer")
        for label in ("sequences.sequence", "sequences.sequencestep")
    },
    **{
        (role, "sequences.enrolment"): {"view": NONE, "add": NONE, "export": NONE}
        for role in ("finance", "legal", "agent")
    },
    # Whoever sells hands the links of all booking pages on; they keep their own.
    **{
        (role, f"booking.{name}"): {"view": ALL} if role in ("rep", "lead", "manager") else {"view": NONE, "add": NONE}
        for role in ("rep", "lead", "manager", "finance", "legal", "agent")
        for name in ("bookingpage", "bookinghost", "bookingquestion")
    },
    ("agent", "sales.opportunity"): {"view": NONE},
    ("agent", "sales.lead"): {"view": NONE},
    # Whoever sells registers what came in; finance alone says that it is there, and moves it.
    **{
        (role, "receivables.payment"): dict.fromkeys(("confirm", "allocate", "refund"), NONE)
        for role in ("rep", "lead", "manager")
    },
    ("finance", "receivables.payment"): dict.fromkeys(
        ("add", "change", "assign", "import", "confirm", "allocate", "refund"), ALL
    ),
    ("finance", "receivables.allocation"): dict.fromkeys(("add", "change", "delete"), ALL),
    ("finance", "receivables.refund"): dict.fromkeys(("add", "change"), ALL),
    ("finance", "receivables.writeoff"): dict.fromkeys(("add", "change"), ALL),
    ("finance", "receivables.bankstatement"): dict.fromkeys(("add", "change", "delete", "assign"), ALL),
    ("finance", "receivables.statementline"): dict.fromkeys(("add", "change", "delete"), ALL),
    # Instalments are parts of contracts: whoever puts them off, splits or writes them off may change those; what is agreed is locked.
    ("finance", "receivables.instalment"): {"change": ALL},
    ("finance", "contracts.contract"): {"change": ALL},
    **{
        (role, label): dict.fromkeys(("add", "change", "delete", "assign"), NONE)
        for role in ("rep", "lead", "manager")
        for label in ("receivables.refund", "receivables.writeoff", "receivables.bankstatement")
    },
    # Whoever sells asks for invoices; finance alone issues and credits them. More than agreed is an administrator's to allow.
    **{(role, "invoicing.invoice"): {"issue": NONE, "beyond": NONE} for role in ("rep", "lead", "manager")},
    ("finance", "invoicing.invoice"): dict.fromkeys(("add", "change", "assign", "issue"), ALL),
    ("finance", "invoicing.invoiceline"): dict.fromkeys(("add", "change", "delete"), ALL),
    ("finance", "invoicing.invoicetitle"): dict.fromkeys(("add", "change"), ALL),
    ("agent", "invoicing.invoice"): {"view": NONE},
    ("marketer", "invoicing.invoice"): {"view": NONE, "add": NONE},
    ("legal", "contracts.contract"): {"change": ALL, "export": ALL},
    ("legal", "contracts.contracttemplate"): dict.fromkeys(("add", "change", "delete", "export"), ALL),
    ("legal", "contracts.contractparty"): dict.fromkeys(("add", "change", "delete"), ALL),
    # Targets are set for people, not by them: managers plan their departments.
    **{
        (role, label): dict.fromkeys(("add", "change", "delete", "assign", "import"), NONE)
        for role in ("rep", "lead")
        for label in ("planning.target", "planning.forecastadjustment")
    },
    **{("manager", label): {"add": DEPARTMENT} for label in ("planning.target", "planning.forecastadjustment")},
    **{
        (role, label): {"view": NONE, "add": NONE}
        for role in ("legal", "agent", "marketer")
        for label in ("planning.target", "planning.forecastadjustment")
    },
    ("agent", "receivables.payment"): {"view": NONE},
    ("agent", "receivables.bankstatement"): {"view": NONE},
    ("marketer", "receivables.bankstatement"): {"view": NONE, "add": NONE},
    # Managers buy, finance pays; who sells does not know what things cost us.
    ("manager", "purchasing.supplier"): dict.fromkeys(("add", "change", "delete", "assign", "export", "import"), ALL),
    ("manager", "purchasing.purchaseorder"): {"overbill": NONE},
    ("manager", "purchasing.bill"): {"pay": NONE},
    ("manager", "purchasing.billpayment"): dict.fromkeys(("add", "change", "delete", "assign", "import"), NONE),
    ("finance", "purchasing.supplier"): {"change": ALL, "export": ALL},
    ("finance", "purchasing.purchaseorder"): {"overbill": ALL, "bill": ALL},
    **{(role, "orders.order"): {"purchase": NONE} for role in ("rep", "lead")},
    ("finance", "purchasing.bill"): dict.fromkeys(("add", "change", "delete", "assign", "import", "pay"), ALL),
    ("finance", "purchasing.billpayment"): dict.fromkeys(("add", "change", "delete", "assign", "import"), ALL),
    **{(role, "purchasing.supplier"): {"view": NONE} for role in ("agent", "marketer")},
    **{
        (role, f"purchasing.{name}"): dict.fromkeys(
            ("view", "add", "change", "delete", "assign", "export", "import", "verbs"), NONE
        )
        for role in ("rep", "lead", "agent", "marketer")
        for name in BOUGHT
    },
    **{
        ("legal", f"purchasing.{name}"): {"view": NONE}
        for name in ("supplierprice", "supplierrating", "goodsreceipt", "bill", "billpayment")
    },
    # Whoever forwards leads chooses among all partners; who keeps them is another question.
    ("rep", "partners.partner"): {"view": ALL},
    ("rep", "partners.dealregistration"): {"decide": NONE},
    ("lead", "partners.dealregistration"): {"decide": NONE},
    ("lead", "partners.partner"): {"view": ALL},
    ("manager", "partners.partner"): {"view": ALL},
    # What partners are given to read is seen by everybody who sells, and published by managers and marketing.
    **{
        (role, "partners.partnerdocument"): {"view": ALL} | dict.fromkeys(("add", "change", "delete", "assign"), NONE)
        for role in ("rep", "lead")
    },
    ("manager", "partners.partnerdocument"): {"view": ALL},
    ("marketer", "partners.partnerdocument"): dict.fromkeys(("change", "delete", "assign", "export"), ALL),
}
# Everybody keeps tasks and follow-ups of their own; who leads sees those of the people they lead.
DAILY = {"add": OWN, "change": OWN, "delete": OWN, "assign": OWN, "verbs": OWN}
# What the pattern of verbs never gives: administrators have it, others where it is said above.
RIGHTS = frozenset({"privacy", "unmask"})
# What a role may not know in full.
GUARDED = [
    ("rep", "purchasing.supplier", "bank_account", FieldRule.Mode.HIDDEN),
    ("lead", "purchasing.supplier", "bank_account", FieldRule.Mode.HIDDEN),
    ("marketer", "customers.contact", "mobile", FieldRule.Mode.MASKED),
    ("legal", "customers.contact", "mobile", FieldRule.Mode.MASKED),
]


def ensure_roles(language: str = "zh-hans") -> dict[str, Role]:
    """Make the standard roles that are missing, with their grants and field rules; those there are stay as they are."""
    roles = {}
    for code, (chinese, english, pattern) in ROLES.items():
        role, made = Role.objects.get_or_create(
            code=code, defaults={"name": chinese if language == "zh-hans" else english}
        )
        roles[code] = role
        if made:
            Grant.objects.bulk_create(
                Grant(role=role, entity=label, action=action, scope=scope)
                for label, entity in registry.items()
                for action, scope in _cells(code, entity, pattern).items()
                if scope
            )
            FieldRule.objects.bulk_create(
                FieldRule(role=role, entity=entity, field=field, mode=mode)
                for guarded, entity, field, mode in GUARDED
                if guarded == code and entity in registry
            )
    return roles


def _cells(code: str, entity: Entity, pattern: dict[str, Scope]) -> dict[str, Scope]:
    held = dict(pattern)
    if entity.area == "privacy":
        officer = dict.fromkeys(("view", "add", "change", "privacy"), ALL)
        held = {"admin": pattern, "legal": officer}.get(code, {})
    elif isinstance(entity.model.access, Shared | Open) and not isinstance(entity.model.access, Owned):
        held = {"view": ALL} if code != "admin" else pattern
    elif entity.area == "activities":
        view = pattern["view"] if code in {"lead", "manager", "admin"} else OWN
        held = pattern if code == "admin" else DAILY | {"view": view}
    held = held | EXCEPTIONS.get((code, entity.label), {})  # a new one: the pattern serves the next entity, too
    verbs = held.pop("verbs", NONE)
    rights = ALL if code == "admin" else NONE
    given = {action: rights if action in RIGHTS else NONE if action in GENERIC else verbs for action in entity.granted}
    return {action: held.get(action, scope) for action, scope in given.items()}


GENERIC = {"view", "add", "change", "delete", "assign", "export", "import", "purge"}

"""The demo steps of the foundation itself, and what is measured of a shaped company."""

from crm.demo import people  # noqa: F401
from crm.demo.shaping import is_shaped
from crm.demo.steps import bench_page
from crm.users.models import User


@bench_page("shaped: list by custom field", goal=2.5)
def list_by_custom(user: User) -> tuple[str, str, None] | None:
    """These are there only where the company is shaped (``bench --shaped``)."""
    return ("GET", "/customers/accounts/?sort=custom.plant", None) if is_shaped() else None


@bench_page("shaped: list filtered", goal=2.5)
def list_filtered(user: User) -> tuple[str, str, None] | None:
    return ("GET", "/customers/accounts/?custom.grade=a&sort=-custom.credit", None) if is_shaped() else None


@bench_page("shaped: search", goal=1.5, htmx=True)
def search(user: User) -> tuple[str, str, None] | None:
    return ("GET", "/search/?q=SAP7007", None) if is_shaped() else None


@bench_page("shaped: save", goal=2.5)
def save(user: User) -> tuple[str, str, dict] | None:
    """A new account with values in every kind of custom field."""
    if not is_shaped():
        return None
    data = {
        "name": "测量用定制客户有限公司",
        "kind": "prospect",
        "lifecycle": "prospect",
        "currency": "CNY",
        "confirm": "1",
    }
    custom = {"plant": "东区一厂", "sap_no": "SAP1", "seats": "7", "credit": "120000", "discount": "5", "grade": "a"}
    custom |= {"audited_on": "2026-01-05", "strategic": "on", "needs": ["mes", "care"]}
    return "POST", "/customers/accounts/add/", data | {"owner": user.pk} | {f"custom.{n}": v for n, v in custom.items()}

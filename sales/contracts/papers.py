"""What papers of contracts may name: who agrees with whom, on what, for how much, paid when, and the clauses filled in."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from crm.documents import texts
from crm.documents.printing import Values, company, paper
from crm.documents.verbs import offers_paper
from sales.catalogue.pricing import plain
from sales.catalogue.totals import reduction
from sales.contracts.approving import plans
from sales.contracts.models import Contract, ContractParty
from sales.quotes.papers import PRICED, ask_fields, line_values, lines_of, told_of

LABEL, LINE = "contracts.contract", "contracts.contractline"
TOLD = (
    *((LABEL, name) for name in ("title", "account", "amount", "payment_terms", "clauses", "description")),
    *((LABEL, name) for name in ("signed_on", "starts_on", "ends_on")),
    *((LINE, name) for name in PRICED),
)
State, Role = Contract.State, ContractParty.Role


def values_of(contract: Contract, user: Any) -> Values:
    """The values of a contract. PermissionDenied for who may not know what it comes to."""
    ask_fields(user, TOLD)
    lines = lines_of(contract)
    owner = contract.owner
    parties = list(ContractParty.objects.alive().filter(contract=contract).order_by("pk"))
    values = {
        "contract": _whole(contract, lines),
        "customer": _customer(contract, parties, user),
        "us": _us(parties),
        "parties": [_party(one) for one in parties if one.role not in (Role.US, Role.CUSTOMER)],
        "contact": told_of(contract.contact, user, "name", "mobile"),
        "seller": {"name": owner.name or owner.username, "mobile": owner.mobile, "email": owner.email},
        "lines": [line_values(line) for line in lines],
        "plan": [row for tell in plans for row in tell(contract)],
    }
    return values | {"clauses": clauses_of(contract.clauses, values)}


def _whole(contract: Contract, lines: list[Any]) -> Values:
    listed = sum((line.amount for line in lines), Decimal(0))
    return {
        "number": contract.number,
        "title": contract.title,
        "kind": contract.get_kind_display(),
        "signed_on": _day(contract.signed_on),
        "starts_on": _day(contract.starts_on),
        "ends_on": _day(contract.ends_on),
        "currency": contract.currency,
        "tax_included": contract.tax_included,
        "discounted": any(line.discount_percent for line in lines),
        "reduction": plain(reduction(contract, listed)),
        "net_total": plain(contract.net_total),
        "tax_total": plain(contract.tax_total),
        "total": plain(contract.amount),
        "payment_terms": contract.payment_terms,
        "description": contract.description,
        "draft": contract.state in (State.DRAFT, State.APPROVING),
        "terminated": contract.state == State.TERMINATED,
    }


def _day(day: Any) -> str:
    return day.isoformat() if day else ""


def _customer(contract: Contract, parties: list[ContractParty], user: Any) -> Values:
    account = told_of(contract.account, user, "name", "tax_id", "address", "phone")
    named = next((one for one in parties if one.role == Role.CUSTOMER), None)
    return account | {
        "name": named.name if named else account["name"],
        "tax_id": (named.tax_id if named else "") or account["tax_id"],
        "signatory": named.signatory if named else "",
    }


def _us(parties: list[ContractParty]) -> Values:
    named = next((one for one in parties if one.role == Role.US), None)
    head = company()
    return {
        "name": named.name if named else head["name"],
        "tax_id": (named.tax_id if named else "") or head["tax_id"],
        "signatory": named.signatory if named else "",
    }


def _party(party: ContractParty) -> Values:
    role = party.get_role_display()
    return {"role": str(role), "name": party.name, "tax_id": party.tax_id, "signatory": party.signatory}


def clauses_of(text: str, values: Values) -> list[Values]:
    """Clauses with their variables filled in; a line that begins with # is the heading of one. ValidationError as ``texts.fill``."""
    found: list[Values] = []
    for line in texts.fill(text, {"company": company(), **values}, plain=True).splitlines():
        if line.startswith("#"):
            found.append({"title": line.lstrip("# ").strip(), "text": ""})
        elif line.strip() or found:
            found = found or [{"title": "", "text": ""}]
            found[-1]["text"] += f"{line}\n"
    return [one | {"text": one["text"].strip()} for one in found]


def sample() -> Values:
    """A made-up contract."""
    rows = [
        ("立式多级离心泵", "CDLF32-80，Q=32 m³/h，H=122 m", "4", "台", "12800", "5", "13", "48640"),
        ("变频控制柜", "一拖四，含触摸屏", "1", "套", "36500", "0", "13", "36500"),
        ("安装与调试", "", "6", "人天", "1800", "0", "6", "10800"),
    ]
    names = ("name", "spec", "quantity", "unit", "unit_price", "discount", "tax_rate", "amount")
    plan = [
        ("首付", "30", "28500", "签约后, 7 天"),
        ("验收款", "60", "57000", "验收后"),
        ("质保金", "10", "9500", "验收后, 12 个月"),
    ]
    return {
        "contract": {
            "number": "HT2026000001", "title": "二期泵房改造设备采购合同", "kind": "销售", "signed_on": "",
            "starts_on": "2026-12-01", "ends_on": "2027-11-30", "currency": "CNY", "tax_included": True,
            "discounted": True, "reduction": "940", "net_total": "84556.6", "tax_total": "10443.4", "total": "95000",
            "payment_terms": "30% 签约后 7 天, 60% 验收, 10% 质保 12 个月", "description": "", "draft": True, "terminated": False,
        },
        "customer": {
            "name": "宁波远山机械有限公司", "tax_id": "91330200MA2XXXXX0X", "address": "浙江省宁波市鄞州区科技路 88 号",
            "phone": "0574-87000000", "signatory": "王建国",
        },
        "us": {"name": settings.COMPANY_NAME, "tax_id": "", "signatory": "林晓"},
        "parties": [],
        "contact": {"name": "王建国", "mobile": "13800000000"},
        "seller": {"name": "林晓", "mobile": "13900000000", "email": "lin@example.com"},
        "lines": [dict(zip(names, row, strict=True), note="") for row in rows],
        "plan": [dict(zip(("name", "share", "amount", "due"), row, strict=True)) for row in plan],
        "clauses": [
            {"title": "质量与验收", "text": "货到后 7 日内由甲方验收；逾期未提出书面异议的，视为验收合格。"},
            {"title": "违约责任", "text": "逾期交货或逾期付款的，每逾期一日按应付金额的 0.5‰ 支付违约金。"},
        ],
    }  # fmt: skip


paper(LABEL, values_of, sample, Path(__file__).parent / "paper")
offers_paper(LABEL)

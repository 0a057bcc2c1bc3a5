"""How well pairs are judged: measured on labelled pairs, through the keys that let them meet at all."""

from __future__ import annotations

from collections import Counter

import pytest

from crm.matching.models import MatchPolicy
from crm.matching.scoring import alike, compare, facts_of
from crm.matching.tests.labelled import pairs
from customers.models import Account

WARN = MatchPolicy(entity="").warn_from


def warned(pair) -> bool:
    """Whether the two meet by a key and are then told to look alike."""
    one, other = (facts_of(Account(**values)) for values in (pair.one, pair.other))
    return bool(one.keys & other.keys) and compare(one, other).points >= WARN


@pytest.mark.parametrize("seed", [7, 20261122, 99])
def test_precision_and_recall_at_the_warn_level(seed):
    labelled = pairs(seed)
    said = [(pair, warned(pair)) for pair in labelled]
    right = sum(pair.same and found for pair, found in said)
    wrong = Counter(pair.how for pair, found in said if found and not pair.same)
    missed = Counter(pair.how for pair, found in said if not found and pair.same)
    same = sum(pair.same for pair in labelled)
    precision, recall = right / (right + wrong.total()), right / same
    print(f"seed {seed}: {len(labelled)} pairs, {same} the same; precision {precision:.4f}, recall {recall:.4f}")
    print("wrong", wrong.most_common(8), "missed", missed.most_common(8))
    assert precision >= 0.97, wrong
    assert recall >= 0.95, missed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("深圳市腾讯计算机系统有限公司", "腾讯计算机系统（深圳）有限公司", True),
        ("華為技術有限公司", "华为技术", True),
        ("北京华为", "华为上海分公司", False),
        ("中国银行朝阳支行", "中国银行海淀支行", False),
        ("中国银行股份有限公司朝阳支行", "中国银行朝阳支行", True),
        ("华为技术有限公司", "华为终端有限公司", False),
        ("中建三局集团有限公司", "中建八局集团有限公司", False),
        ("中国移动", "中国联通", False),
        ("东方航空", "南方航空", False),
        ("北京银行", "上海银行", False),
        ("广东省深圳市南山区大疆创新科技有限公司", "大疆创新科技（深圳）有限公司", True),
        ("大疆创新科技", "大彊创新科技", True),
        ("Acme Robotics Co., Ltd.", "ACME ROBOTICS", True),
        ("Acme Robotics", "Acme Robotcs Inc", True),
        ("Acme Robotics", "Acme Logistics", False),
        ("Siemens (China) Ltd", "Siemens AG", True),
    ],
)
def test_names_that_people_argue_about(one, other, same):
    assert (alike(one, other) * 0.95 >= WARN) is same


def test_reasons_are_said_in_words():
    one = Account(name="大疆创新科技", phone="13800138000")
    other = Account(name="大彊创新科技", phone="+86 138 0013 8000")
    verdict = compare(facts_of(one), facts_of(other))
    assert verdict.points >= 95
    assert [reason.kind for reason in verdict.reasons] == ["company", "phone"]
    assert "90" in str(verdict.reasons[0])

"""Pinyin keys and search forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lib import pinyin_data
from crm.lib.pinyin import Pinyin, pinyin_forms, pinyin_key, pinyin_many


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("曾志伟", "zengzhiwei"),
        ("单田芳", "shantianfang"),
        ("仇英", "qiuying"),
        ("解晓东", "xiexiaodong"),
        ("查良镛", "zhaliangyong"),
        ("区楚良", "ouchuliang"),
        ("任正非", "renzhengfei"),
        ("盖叫天", "gejiaotian"),
        ("覃辉", "qinhui"),
        ("朴树", "piaoshu"),
        ("尉迟恭", "yuchigong"),
        ("尉健行", "weijianxing"),
        ("万俟卨", "moqixie"),
        ("华罗庚", "hualuogeng"),
        ("翟志刚", "zhaizhigang"),
        ("乐嘉", "yuejia"),
        ("员晓", "yunxiao"),
        ("缪缪", "miaomou"),
        ("冼星海", "xianxinghai"),
        ("洗星", "xianxing"),
        ("逄先知", "pangxianzhi"),
        ("黑敬", "hejing"),
        ("长孙无忌", "zhangsunwuji"),
        ("单于夫罗", "chanyufuluo"),
        ("澹台明", "tantaiming"),
        ("曾 国 藩", "zengguofan"),
        ("單田芳", "shantianfang"),
        ("張三", "zhangsan"),
        ("李乾", "liqian"),
        ("吕布", "lvbu"),
        ("查尔斯", "zhaersi"),
        ("欧阳锋", "ouyangfeng"),
        ("李行", "lixing"),
        ("陈长青", "chenchangqing"),
    ],
)
def test_person_names(name, full):
    assert pinyin_forms(name, person=True)[0] == full


@pytest.mark.parametrize(
    ("name", "full", "initials"),
    [
        ("重庆长安汽车", "chongqingchanganqiche", "cqcaqc"),
        ("长城汽车", "changchengqiche", "ccqc"),
        ("招商银行", "zhaoshangyinhang", "zsyh"),
        ("厦门航空", "xiamenhangkong", "xmhk"),
        ("乐视网", "leshiwang", "lsw"),
        ("成都音乐厅", "chengduyinyueting", "cdyyt"),
        ("曾记食品", "zengjishipin", "zjsp"),
        ("聯想集團", "lianxiangjituan", "lxjt"),
        ("腾讯QQ 2025", "tengxunqq2025", "txqq2025"),
        ("Acme Corporation", "acmecorporation", "acmecorporation"),
        ("（中国）有限·公司", "zhongguoyouxiangongsi", "zgyxgs"),
        ("", "", ""),
        ("！？", "", ""),
    ],
)
def test_company_names(name, full, initials):
    assert pinyin_forms(name) == (full, initials)


def test_sort_keys():
    assert pinyin_key("Acme  Corporation") == "acme corporation"
    assert pinyin_key("ＡＣＭＥ 重庆") == "acmechongqing"
    assert pinyin_key("Müller Söhne") == "müller söhne"
    names = ["重庆", "阿里", "长城", "北京", "3M", "Zoom", "曾记"]
    assert sorted(names, key=pinyin_key) == ["3M", "阿里", "北京", "长城", "重庆", "曾记", "Zoom"]


def test_a_surname_only_counts_for_persons():
    assert pinyin_key("单") == "dan"
    assert pinyin_key("单", person=True) == "shan"
    assert pinyin_many(["仇总", "王伟"], person=True) == [
        Pinyin("qiuzong", "qiuzong", "qz"),
        Pinyin("wangwei", "wangwei", "ww"),
    ]


@given(st.text(st.characters(codec=None), max_size=40), st.booleans())
def test_any_text_has_forms(name, person):
    key = pinyin_key(name, person=person)
    full, initials = pinyin_forms(name, person=person)
    assert key.replace(" ", "") == full.replace(" ", "")
    assert len(initials) <= len(full)


def test_the_tables_are_those_of_the_pinned_package():
    assert pinyin_data.PATH.read_text(encoding="utf-8") == pinyin_data.made()

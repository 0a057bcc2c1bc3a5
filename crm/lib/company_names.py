"""A company's name taken apart, so that two of them can be compared: what it is called, where it sits, which part of it this is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from .company import ENGLISH_FORMS, LEGAL, PROVINCES
from .company import TRADES as SINGLE_TRADES
from .folding import fold
from .pinyin import pinyin_forms

# The cities that stand in names without 市, by province.
_CITIES_OF = {
    "河北": "石家庄 唐山 保定 廊坊 秦皇岛 邯郸 沧州",
    "山西": "太原 大同 临汾",
    "辽宁": "沈阳 大连 鞍山 锦州",
    "吉林": "长春",
    "黑龙江": "哈尔滨 大庆 齐齐哈尔",
    "江苏": "南京 无锡 徐州 常州 苏州 南通 扬州 镇江 盐城 泰州 淮安 连云港 昆山",
    "浙江": "杭州 宁波 温州 嘉兴 绍兴 金华 台州 湖州 义乌",
    "安徽": "合肥 芜湖 蚌埠 马鞍山",
    "福建": "福州 厦门 泉州 漳州 莆田",
    "江西": "南昌 赣州 九江",
    "山东": "济南 青岛 烟台 潍坊 临沂 淄博 威海 济宁",
    "河南": "郑州 洛阳 开封 南阳 新乡",
    "湖北": "武汉 宜昌 襄阳 荆州",
    "湖南": "长沙 株洲 湘潭 岳阳 衡阳",
    "广东": "广州 深圳 珠海 佛山 东莞 中山 惠州 汕头 江门 湛江 肇庆",
    "广西": "南宁 柳州 桂林",
    "海南": "海口 三亚",
    "四川": "成都 绵阳 德阳 宜宾",
    "贵州": "贵阳 遵义",
    "云南": "昆明",
    "陕西": "西安 咸阳 宝鸡",
    "甘肃": "兰州",
    "青海": "西宁",
    "宁夏": "银川",
    "新疆": "乌鲁木齐",
    "内蒙古": "呼和浩特 包头 鄂尔多斯",
    "西藏": "拉萨",
}
PROVINCE_OF = {city: province for province, cities in _CITIES_OF.items() for city in cities.split()}
_ENGLISH_PLACES = {
    "beijing": "北京", "shanghai": "上海", "tianjin": "天津", "chongqing": "重庆", "guangzhou": "广州", "shenzhen": "深圳",
    "hangzhou": "杭州", "nanjing": "南京", "suzhou": "苏州", "wuhan": "武汉", "chengdu": "成都", "xiamen": "厦门",
    "qingdao": "青岛", "dalian": "大连", "ningbo": "宁波", "hongkong": "香港", "taiwan": "台湾", "macau": "澳门",
    "guangdong": "广东", "zhejiang": "浙江", "jiangsu": "江苏",
}  # fmt: skip
# Where the whole country is meant, no place is: it stands before or in brackets in thousands of names.
_COUNTRY = frozenset(
    {"中国", "china", "prc", "cn", "中华", "全国", "大陆", "国际", "international", "asia", "亚洲", "亚太"}
)
_NAMED = "|".join(sorted([*PROVINCES, *PROVINCE_OF], key=len, reverse=True))
_SUFFIX = "(?:壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|省|市)?"
_PLACE = re.compile(rf"(?:(?:{_NAMED}){_SUFFIX})")
_LEADING = re.compile(
    rf"^(?:中华人民共和国)?((?:{_PLACE.pattern})*(?:(?<=[省市])[\u4e00-\u9fff]{{2,3}}?[市区县])?"
    rf"|(?!.?[超城都上])[\u4e00-\u9fff]{{2,3}}?市(?![场值政])(?:[\u4e00-\u9fff]{{2,3}}?[区县])?)"
)
_BRACKETS = re.compile(r"[(\[【〔]([^()\[\]【】〔〕]{1,20})[)\]】〕]")
_BRANCH = re.compile(
    "分公司|支公司|分行|支行|营业部|营业厅|办事处|代表处|分院|分校|分部|分局|分店|门店|专卖店|事业部|branch|office"
)
_COMPANY = re.compile(r"(?<![分支])公司")
_FILLING = re.compile("集团|控股|中心$")
_NUMBER = re.compile(
    r"\d+|[一二三四五六七八九十]+(?=[局院厂公航建冶机中小分队号所处司])|(?<=第)[一二三四五六七八九十]+"
)
_WORD = re.compile(r"[^\W_]+")
_DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b)")
_POSSESSIVE = re.compile(r"['’`](?=s\b|$|\s)|(?<=\w)['’`](?=\w)")
_VOWELS = re.compile(r"(?<!^)[aeiouy]")
_DOUBLED = re.compile(r"(.)\1+")
# Trades by their longer names first; a town or a province is no trade.
_MORE_TRADES = (
    "新能源 新材料 人工智能 计算机 互联网 大数据 云计算 半导体 集成电路 光电 通讯 数码 数字 智能 自动化 仪器 仪表 精密 模具 五金 塑料 塑胶 "
    "橡胶 玻璃 陶瓷 造纸 包装 印刷 印务 建材 装饰 装修 装潢 园林 绿化 环境 水利 水电 热电 电缆 照明 灯饰 光伏 电池 钢结构 金属 铝业 "
    "农业 牧业 渔业 林业 种业 饲料 粮油 乳业 酒业 茶业 饮料 水产 农产品 冷链 供应链 仓储 货运 客运 船舶 海运 轮胎 配件 零部件 器械 "
    "器材 制药 医学 健康 养老 体育 影视 影业 音乐 游戏 动漫 娱乐 文旅 文创 设计 策划 会展 人力资源 劳务 会计 律师 律师事务所 事务所 检测 检验 "
    "认证 研究 研究院 研究所 开发 制造 加工 生产 销售 经营 营销 电子商务 电商 零售 批发 系统 集成 软件开发 信息技术 网络科技 商务 商城 珠宝 首饰 "
    "服装 鞋业 皮具 箱包 玩具 文具 家居 家电 日用品 化妆品 美容 美发 洗涤 保洁 安防 保安 消防 培训 幼儿园 学校 金融 担保 典当 小额贷款 财务 资产 "
    "创业 风险 重型 重工 装备 轴承 阀门 泵业 电机 变压器 开关 传感 激光 焊接 铸造 锻造 热处理 表面处理"
).split()
_TRADE = re.compile(
    "|".join(sorted({*SINGLE_TRADES.pattern.split("|"), *_MORE_TRADES} - {"市", "省", "部"}, key=len, reverse=True))
)
# What is said of too many companies to name one of them.
GENERIC = frozenset(
    "中国 中华 国家 全国 东方 世纪 中国人民 环球 华夏 大地 新世纪 tech technology technologies global international general "
    "group china national united american".split()
)


@dataclass(frozen=True)
class CompanyName:
    """``core`` is the name without legal form and place, ``stem`` what is left of it without its trade (never empty where the
    core is not), ``trade`` that trade. ``branch`` says which kind of part of a company it is, "" for the company itself."""

    core: str = ""
    stem: str = ""
    trade: str = ""
    places: frozenset[str] = frozenset()
    branch: str = ""
    numbers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def latin(self) -> bool:
        """Whether it is written in letters alone."""
        return bool(self.words)

    @property
    def place(self) -> str:
        """One word for where it sits: the city before the province; "" when the name does not say."""
        return min(self.places, key=lambda place: (place not in PROVINCE_OF, place), default="")


NOTHING = CompanyName()


@lru_cache(maxsize=20_000)
def read_company(name: str) -> CompanyName:
    """The parts of a company's name in any spelling."""
    text = _POSSESSIVE.sub("", _DOTTED.sub("", fold(name)))
    places: set[str] = set()
    text = _BRACKETS.sub(lambda found: _bracket(found[1], places), text)
    words = _WORD.findall(text)
    if not words:
        return NOTHING
    if all(word.isascii() for word in words):
        return _read_latin(words, places)
    return _read_han("".join(_without_latin_forms(words)), places)


def _bracket(inside: str, places: set[str]) -> str:
    """What brackets hold: a place is noted and goes, a form goes, anything else stays where it stands."""
    plain = "".join(_WORD.findall(inside))
    if plain in _COUNTRY or not LEGAL.sub("", plain):
        return " "
    if plain in _ENGLISH_PLACES:
        places.add(_ENGLISH_PLACES[plain])
        return " "
    found = _LEADING.match(plain)
    if found and found.end() == len(plain) and found[1]:
        _note(found[1], places)
        return " "
    return f" {inside} "


def _note(text: str, places: set[str]) -> None:
    """The places that a text names; a town that is not in the list by its own name."""
    known = [match[0] for match in re.finditer(_NAMED, text)]
    places.update(known)
    if not known and text:
        places.add(re.split("[市区县]", text)[0])


def _read_han(joined: str, places: set[str]) -> CompanyName:
    branch = found[0] if (found := _BRANCH.search(joined)) else ""
    if branch:
        _note_all(joined, places)
        joined = _PLACE.sub("", joined)
    leading = _LEADING.match(joined)
    place = leading[1] if leading and leading[1] else ""
    bare = _COMPANY.sub("", LEGAL.sub("", joined[len(leading[0]) :] if leading and place else joined))
    if place and len(_TRADE.sub("", bare)) >= 2:
        _note(place, places)
    elif place:
        # 北京银行: the place is its name.
        bare = _COMPANY.sub("", LEGAL.sub("", joined))
    core = bare or joined
    plain = _FILLING.sub("", core) or core
    stem = _TRADE.sub("", plain)
    if len(stem) < 2 or stem in GENERIC or stem in PROVINCES or stem in PROVINCE_OF:
        stem = plain
    trade = "".join(_TRADE.findall(plain)) if stem != plain else ""
    return CompanyName(core, stem, trade, frozenset(places), branch, _numbers(core))


def _note_all(text: str, places: set[str]) -> None:
    places.update(match[0] for match in re.finditer(_NAMED, text))


def _read_latin(words: list[str], places: set[str]) -> CompanyName:
    kept = list(words)
    while len(kept) > 1 and (kept[-1] in ENGLISH_FORMS or kept[-1] in _COUNTRY):
        kept.pop()
    for word in kept[1:]:
        if word in _ENGLISH_PLACES:
            places.add(_ENGLISH_PLACES[word])
    kept = [word for number, word in enumerate(kept) if number == 0 or word not in _ENGLISH_PLACES]
    if len(kept) > 1 and kept[0] == "the":
        kept = kept[1:]
    while len(kept) > 1 and kept[-1] in ENGLISH_FORMS:
        kept.pop()
    kept = [word for word in kept if word not in {"and", "of", "und", "et"}] or kept
    core = "".join(kept)
    branch = next((word for word in kept if _BRANCH.fullmatch(word)), "")
    return CompanyName(core, core, "", frozenset(places), branch, tuple(re.findall(r"\d+", core)), tuple(kept))


def _without_latin_forms(words: list[str]) -> list[str]:
    kept = list(words)
    while len(kept) > 1 and kept[-1] in ENGLISH_FORMS:
        kept.pop()
    return kept


def _numbers(core: str) -> tuple[str, ...]:
    return tuple(sorted(_NUMBER.findall(core)))


@lru_cache(maxsize=20_000)
def sound_of(stem: str) -> str:
    """How a name sounds: its pinyin, or of a Latin name the consonants, in which most slips of the pen are equal."""
    if stem.isascii():
        return _DOUBLED.sub(r"\1", _VOWELS.sub("", stem))
    return pinyin_forms(stem)[0]


def same_place(one: CompanyName, other: CompanyName) -> bool:
    """Whether nothing that the names say of their places stands against each other: a city lies in its province."""
    if not one.places or not other.places:
        return True
    wide = one.places | {PROVINCE_OF[p] for p in one.places if p in PROVINCE_OF}
    also = other.places | {PROVINCE_OF[p] for p in other.places if p in PROVINCE_OF}
    narrow_one = {p for p in one.places if p in PROVINCE_OF} or one.places
    narrow_other = {p for p in other.places if p in PROVINCE_OF} or other.places
    return narrow_one <= also or narrow_other <= wide

"""The key under which two spellings of one company's name are the same."""

import re
from functools import lru_cache

from .folding import fold

PROVINCES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 "
    "台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门"
).split()
# Cities that people also put before a name without 市.
_CITIES = (
    "石家庄 唐山 太原 沈阳 大连 长春 哈尔滨 南京 无锡 徐州 常州 苏州 南通 扬州 镇江 杭州 宁波 温州 嘉兴 绍兴 金华 台州 合肥 芜湖 福州 厦门 "
    "泉州 南昌 济南 青岛 烟台 潍坊 临沂 郑州 洛阳 武汉 宜昌 长沙 株洲 广州 深圳 珠海 佛山 东莞 中山 惠州 汕头 南宁 柳州 桂林 海口 三亚 "
    "成都 绵阳 贵阳 昆明 西安 兰州 西宁 银川 乌鲁木齐 呼和浩特 拉萨"
).split()
_PLACE = re.compile(
    rf"^(?:(?:{'|'.join(PROVINCES)})(?:省|市|壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区)?)?"
    rf"(?:(?:{'|'.join(_CITIES)})市?|(?!.?[超城都上])[\u4e00-\u9fff]{{2,3}}?市(?![场值]))?"
)
LEGAL = re.compile(r"(?:集团)?(?:股份有限责任公司|股份有限公司|有限责任公司|有限公司|股份公司|总公司|集团公司)|集团")
_TRAILING_COMPANY = re.compile(r"(?<![分子])公司$")
# What is left of a name when its place is gone must say more than its trade: 北京银行 is not 上海银行.
TRADES = re.compile(
    "银行|大学|学院|中学|小学|医院|科技|技术|信息|网络|软件|电子|电力|电网|电信|移动|联通|通信|燃气|水务|地铁|机场|航空|铁路|港务|港口|石化|石油|化工|"
    "汽车|机械|设备|工程|建筑|建设|建工|地产|房地产|置业|物业|投资|控股|资本|基金|证券|期货|保险|信托|租赁|商贸|贸易|实业|工业|产业|发展|"
    "农商|农村商业|商业|百货|超市|物流|运输|快递|酒店|餐饮|食品|药业|医药|生物|医疗|传媒|文化|广告|旅游|教育|咨询|服务|管理|材料|能源|环保|"
    "国际|进出口|外贸|城建|城投|交通|公交|出版|报业|广播|电视|日报|家具|服饰|纺织|钢铁|有色|煤业|矿业|重工|电器|电气|厂|局|院|社|店|部|市|省"
)
ENGLISH_FORMS = frozenset(
    "co ltd limited inc incorporated corp corporation company llc llp lp plc gmbh ag kg sa sas sarl srl spa bv nv ab oy as aps "
    "pty pte sdn bhd kk holdings holding group".split()
)
_WORD = re.compile(r"[^\W_]+")
_DOTTED = re.compile(r"(?<=\b\w)\.(?=\w\b)")


@lru_cache(maxsize=8192)
def normalise_company(name: str) -> str:
    """A duplicate key: without legal form, leading place, brackets, punctuation, case and width.

    A branch (分公司) stays apart from its company, and a name that is only a place and a trade
    (北京银行) keeps its place. Names with nothing to compare give "".
    """
    folded = _DOTTED.sub("", fold(name))
    words = _WORD.findall(folded)
    latin = [word for word in words if word.isascii()]
    if len(latin) == len(words):
        return _without_forms(words)
    joined = _without_forms(words) if latin else "".join(words)
    bare = LEGAL.sub("", joined)
    bare = _TRAILING_COMPANY.sub("", bare)
    return _without_place(bare) or joined


def _without_forms(words: list[str]) -> str:
    """The words joined, without the legal forms at their end and without “the” and “and”."""
    kept = list(words)
    while len(kept) > 1 and kept[-1] in ENGLISH_FORMS:
        kept.pop()
    if len(kept) > 1 and kept[0] == "the":
        kept = kept[1:]
    return "".join(word for word in kept if word != "and") or "".join(words)


def _without_place(name: str) -> str:
    """The name without the province and city at its start, where it stays telling."""
    match = _PLACE.match(name)
    rest = name[match.end() :] if match else name
    return rest if len(TRADES.sub("", rest)) >= 2 else name

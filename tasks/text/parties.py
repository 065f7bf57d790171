"""Names of companies, banks, exchanges and authorities, found by how they end and by what stands before them."""

import re
from collections.abc import Iterator

COMPANY = r"(?:股份|有限|责任|控股|集团|管理|资产){1,4}公司"
ENDING = re.compile(
    rf"(?:交易所|交易中心|研究院|研究所|协会|管理局|监管局|总局|人民政府|人民法院)(?:{COMPANY})?"
    rf"|(?:证券|基金|集团|保险|信托|期货)?{COMPANY}(?:[\u4e00-\u9fff]{{2,8}}?[分支]公司)?|(?<=[a-z])公司"
    rf"|银行(?:{COMPANY})?(?![业家间系存贷卡保])(?:(?:(?![分支行部的])[\u4e00-\u9fff]){{2,6}}[分支]行)?"
    r"|证券(?![法化业市交投账监期时报登公发])|基金(?![业法会份净经合产资管定市投发规持销账公])|集团(?![化军公])"
    r"|委员会(?!委员)|证监会|银保监会|发改委|国资委|财政部|商务部|国务院"
)
"""公司 alone ends too few names: what precedes it is mostly a verb."""

WHOLE = frozenset({"证监会", "银保监会", "发改委", "国资委", "财政部", "商务部", "国务院"})
"""Endings that are names by themselves, or after a place: 美国财政部, 国家发改委."""
PLACE = re.compile("(?:.国|国家|.省|.市)\\Z")

NAME = re.compile(r"[\u4e00-\u9fffA-Za-z（）()·&]*\Z")
LONGEST = 24

BEFORE = (
    # verbs whose object is a party
    "收购|增持|减持|入股|旗下|控股|参股|并购|增资|成为|担任|起诉|处罚|要求|邀请|组织|支持|约谈|授权|赋予|注入|任命|聘任|现任|质押"
    "|设立|成立|看好|推荐|关注|调整|托管|核查|处置|制订|制定|证明|引进|引入|支付|购买|认购|买入|卖出|持有|获得|取得|进入"
    "|提高|提升|预计|增强|归属|所属|没有|携手|合作|签约|签署|(?<!中华)联合(?![会国资利证信])|发行(?!银)",
    # words that introduce who speaks or acts
    "来自|关于|截至|根据|按照|依据|通过|作为|其中|包括|除了|以及|所有|共同|分别|称作?|显示|表示|认为|指出|披露|宣布|发布|公告"
    "|负责人|董事长|总经理|总裁|行长|主席|记者",
    # time and degree
    "近日|日前|目前|今年|去年|昨日|今日|当日|此外|同时|另外|随后|此前|如果|由于|进一步|不断|继续|持续|左右",
    "[多几两三一数各这该]家",
    # single characters that end what stands before a name, unless they are part of one (华为, 中和, 对外, 在线)
    "[的了是被由据受与及或让把使给但而则其该各这那等你我他她它到拟报经]|(?<!中)将|并|(?<![共中永祥泰平])和(?![谐平])|(?<!华)为|对(?!外)"
    "|在(?!线)|于(?!洪)|从(?!化|江)|向(?!日|阳)|因(?!特)|至(?!诚)",
)
CUT = re.compile(f".*(?:{'|'.join(BEFORE)})", re.DOTALL)
GENERAL = (
    "公司|上市|拟|本|母|子|孙|分|总|全资|控股|参股|关联|目标|某|贵|我国|全国性?|国有|国内|国外|境内|境外|外资|中资|合资|民营",
    "一些|大|地区性|大型|中型|小型|中小|新|老|小|多|个|家|龙头|头部|传统|优质|最新|一期|上述|相关|有关|所有|部分|主要|其他|当地",
    "股份制?|有限|责任|集团|金融|银行业?|保险业?|证券业?|基金业?|信托|期货|理财|资产|管理|担保|小额|贷款|租赁|投资|商业|政策性|地方",
    "股票|债券|货币|混合|指数|偏股|偏债|灵活(?:配置)?|主动|被动|量化|纯债|权益类?|开放式|封闭式|公募|私募|社保|养老|公积金|产业|创业|引导|政府|专项|联邦",
    "企业|行业|物业|科技|互联网|电商|物流|快递|房地产|生产|制造|运营|开发|跨国|独角兽|初创|中介|评级|咨询|会计师",
    "董事会|监事会|审计|提名|薪酬与?考核|战略|专业|专门|常务|法律|安全|工作|评审|自律|业主|居民|村民|村镇|城市|农村",
    "[县市省]级|以上|以下|设区|直辖|自治|[省市县区州乡镇]|各级|同级|上级|所在地|本级|民间|人民|中级|高级|最高|基层",
)
GENERIC = re.compile(f"(?:{'|'.join(GENERAL)})*")
"""What names a kind and no one: 上市公司, 县级以上地方人民政府."""


def find_parties(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each name, in order and without overlap; words such as 上市公司 are no names."""
    floor = 0
    for ending in ENDING.finditer(text):
        begin = max(floor, ending.start() - LONGEST)
        floor = ending.end()
        run = NAME.search(text[begin : ending.start()])
        stem = run.group() if run else ""
        cut = CUT.match(stem)
        stem = stem[cut.end() :] if cut else stem
        stem = _after_bracket(stem)
        if ending.group() in WHOLE:
            stem = stem[-2:] if PLACE.search(stem) else ""
        if ending.group() in WHOLE or (len(stem) >= 2 and not GENERIC.fullmatch(stem)):
            yield ending.start() - len(stem), ending.end()


def _after_bracket(stem: str) -> str:
    """What follows the last bracket that is not closed, or a bracket at the front, as of a numbered item."""
    for opening, closing in ("（）", "()"):
        if stem.startswith(opening) or stem.count(opening) != stem.count(closing):
            stem = re.split(r"[（）()]", stem)[-1]
    return stem

"""Where the noise of web pages stands in a text: footers, advertisements of brokers, menus and links."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

PIECE = re.compile(r"([^\s|｜。！？]+)([。！？]?)")
"""What white space, bars and sentence ends part, and the sentence end after it."""

PROVINCE = "[京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川蜀贵黔云滇藏陕甘陇青宁新港澳台]"
LICENCE = re.compile(
    rf"{PROVINCE}?ICP[备证]\s*(?:\d{{6,10}}|[A-Z]\d-\d{{6,10}})\s*号?(?:-\d{{1,3}})?"
    rf"|{PROVINCE}?公网安备\s*\d{{8,16}}\s*号?"
    r"|网站标识码\s*[：:]?\s*[0-9a-zA-Z]{6,14}"
)
"""The numbers that a Chinese site must show."""
SPOKEN_OF = re.compile(r"[\u4e00-\u9fff，,“（(]\Z")
"""What stands before a licence number of which a sentence speaks: 备案号为京ICP备……"""
FOOTER_REACH = 240
FOOTER_ENTRY = re.compile(
    r"(?:法律|网站|免责|隐私|版权)声明|(?:隐私|版权)保护|.{0,30}版权所有|Copyright|©|All\Z|Rights\Z|Reserved"
    r"|(?:主办|承办|运维|协办)(?:单位)?(?:[：:]|\Z)|技术支持[：:]|(?:关于|联系)我们|网站地图|广告服务|投稿邮箱"
    r"|(?:联系)?(?:地址|电话|邮编|传真|邮箱)[：:]|\d[\d-]{5,}\Z",
    re.IGNORECASE,
)
FOOTER_TAIL = re.compile(
    r"(?:[\s|｜·-]*(?:网站安全检测平台|违法和?不良信息举报\S{0,20}|无障碍\S{0,6}|版权所有\S{0,30}"
    r"|技术支持[：:]\S{1,30}|建议使用\S{1,30}|网站地图|(?:联系|关于)我们|All Rights Reserved\.?"
    r"|(?:电话|传真|邮编|地址|邮箱|主办单位|承办单位|运维单位)[：:]\s?\S{1,40}))+",
    re.IGNORECASE,
)
COPYRIGHT = re.compile(
    r"(?<![^\s。！？!?|｜])(?:Copyright\s*(?:©|\(c\)|\d{4})|©\s*(?:\d{4}|[\u4e00-\u9fff])|版权所有)"
    r"[^\n。！？!?]{0,80}?(?=[ \t]{0,9}(?:\n|\Z|[。！？]))",
    re.IGNORECASE,
)

UNIT = re.compile(r"【[^【】\n]{1,60}】|[^\s|｜。！？!?；;【]+[。！？!?；;]?")
"""A sentence, a piece of a menu or a heading in brackets."""
CLAUSE = re.compile(r"[^，,：:]+(?:[，,：:]|\Z)")
OFFER = re.compile(
    r"模拟炒股|免费诊股|微牛证券|开户佣金(?:低至|仅)?万[0-9一二三四五]"
    r"|(?:荐股|牛股|炒股|股票)[^，,。！？\s]{0,6}(?:QQ群|微信群|Q群|交流群)",
    re.IGNORECASE,
)
CALL = re.compile(
    r"\A【?(?:请|欢迎|快来?|速|立即|马上|赶紧)?(?:点击|扫码|扫描|长按|添加|关注|咨询|领取|下载|输入|进群|入群|加入|加(?:微信|QQ|群|V)"
    r"|办理|注册|参加|一键|开户(?!佣金))"
    r"|(?:QQ|微信|V信|群|电话|热线)群?号?\s?[：:]?\s?[0-9A-Za-z_-]{5,}|\A[0-9A-Za-z_-]{5,}[，,]?\Z"
    r"|立即|立刻|马上|免费领|最高领|等你|火热|报名|扫码|开户(?:即?送|享|立)",
    re.IGNORECASE,
)
"""An imperative, or a number to call."""
RATE = re.compile(
    r"\A(?:股票|证券|网上|手机|期货|低佣金?|超低|[A-Z]{1,3}级|大?券商|在线){0,3}开户佣金", re.IGNORECASE
)
REPORTED = re.compile(
    r"[骗罚警诉罪称]|非法|违法|违规|监管|提醒|涉嫌|受害|举报|风险|(?<!数)据|功能|推出|报道|教学"
)
"""Words of a sentence that speaks about such offers, and is none."""
SHORT_CLAUSE = 12

MENU_CORE = re.compile(
    r"(?:(?:您?的?当前|所在)位置[：:])?(?:网站|返回)?首页|新闻(?:中心|动态|资讯)|(?:联系|关于)我们|网站地图|设为首页"
    r"|加入收藏|收藏本站|广告服务|投稿邮箱|隐私保护|(?:法律|版权|免责)声明|政策法规|会员服务|人才招聘|组织架构|大事记"
    r"|.{0,6}(?:公告|动态|资讯)"
)
MENU_LIKE = re.compile(
    r".{0,6}(?:概况|系统|指引|查询|登记|介绍|合作|服务|中心|大厅|提示|披露|研究|分析|规章|政策|文件|细则|培训|讲师|证书|班次"
    r"|资源|登录|注册|专栏|频道|下载|新闻|法规|留言|投诉)"
)
MENU_PIECE = 10
NOT_MENU = re.compile(r"[，；、,;!?（）()《》“”0-9]")
MENU_SHARE = 0.5

TRAIL = r"(?:\s*[>»›]\s*(?:正文|[^\s>»›【】，。：！？（）]{1,10}(?![^\s>»›【。])))"
LINKS = re.compile(
    r"\[(?:查看原文|阅读原文|原文链接)\]\([^()\s]{0,500}\)"
    r"|返回(?:搜狐|每经网首页|腾讯网?|网易)[，,]?(?:查看更多)?(?:\s*责任编辑[：:]\s*[^\s。]{0,8}\s*\Z)?"
    r"|分享让更多人看到|查看本报告全文(?:PDF)?|打开网易新闻查看(?:更多)?精彩图片"
    r"|(?<![^\s。！？!?|｜>\[【」”）)])[【\[]?"
    r"(?:设为首页|加入收藏|收藏本站|返回顶部|返回首页|网站地图|(?:打印|关闭)(?:本页|此页|窗口)|(?:联系|关于|加入)我们|广告服务"
    r"|新浪微博|分享到(?:[：:]\S{0,20})?|(?:微信)?扫一扫|点击查看(?:更多|详情)?|[上下]一[页篇])"
    r"[】\]]?(?![^\s|｜<\[【·>-])(?:[ \t]*[|｜])*"
    r"|(?<![^\s。！？!?])[上下]一篇[：:][^\n。！？]{0,80}(?=\n|\Z|\s下一篇)"
    r"|(?<![^\s。！？])来源[：:]\s*时间[：:](?=\s|\Z)|(?<![^\s。！？])字[号体][：:]\s*大\s*中\s*小(?!\S)"
    rf"|(?<![^\s。！？])(?:(?:您?的?当前|所在)位置[：:]\s*首页{TRAIL}*|首页{TRAIL}+)"
    r"|(?m:^[ \t]*[|｜][ \t|｜]*$)"
)


def footers(text: str) -> Iterator[Span]:
    """Site footers: a licence number with the footer entries before and after it, and copyright lines."""
    done = 0
    spans = sorted({*_licensed(text), *(match.span() for match in COPYRIGHT.finditer(text))})
    for start, end in spans:
        if end > done:
            yield max(start, done), end
            done = end


def spam(text: str) -> Iterator[Span]:
    """Advertisements of brokers and stock tips: the clause that offers, and those beside it that call or are short."""
    if not OFFER.search(text):
        return
    for unit in UNIT.finditer(text):
        if OFFER.search(unit.group()) and not REPORTED.search(unit.group()):
            yield from _offer(unit)


def menus(text: str, fewest: int) -> Iterator[Span]:
    """Runs of at least `fewest` menu entries, half of what stands between the first and the last or more."""
    run: list[tuple[int, int, bool, bool]] = []
    for piece in PIECE.finditer(text):
        word = piece[1]
        short = len(word) <= MENU_PIECE and not piece[2]
        core = short and MENU_CORE.fullmatch(word) is not None
        if core or (short and not NOT_MENU.search(word)):
            run.append((*piece.span(), core, core or MENU_LIKE.fullmatch(word) is not None))
            continue
        yield from _menu(run, fewest)
        run = []
    yield from _menu(run, fewest)


def navigation(text: str) -> Iterator[Span]:
    """Links and buttons that stand by themselves."""
    return (match.span() for match in LINKS.finditer(text))


def _licensed(text: str) -> Iterator[Span]:
    for licence in LICENCE.finditer(text):
        begin = _footer_start(text, licence.start())
        if begin == licence.start() and SPOKEN_OF.search(text, max(0, begin - 1), begin):
            continue
        tail = FOOTER_TAIL.match(text, licence.end())
        yield begin, tail.end() if tail else licence.end()


def _footer_start(text: str, licence: int) -> int:
    """Where the footer entries before a licence number begin; a bare value may follow an entry (地址： 北京)."""
    begin = licence
    value = False
    for piece in reversed(list(PIECE.finditer(text, max(0, licence - FOOTER_REACH), licence))):
        if FOOTER_ENTRY.match(piece[1]):
            begin, value = piece.start(), False
        elif value or piece[2]:
            break
        elif not LICENCE.match(piece[1]):
            value = True
    return begin


def _offer(unit: re.Match[str]) -> Iterator[Span]:
    clauses = list(CLAUSE.finditer(unit.group()))
    words = [clause.group() for clause in clauses]
    first = last = next(index for index, clause in enumerate(words) if OFFER.search(clause))
    alone = len(words) == 1 and len(words[0]) <= SHORT_CLAUSE and words[0][-1] not in "。！？!?；;"
    if not (alone or RATE.search(words[first]) or any(map(CALL.search, words))):
        return
    while first > 0 and CALL.search(words[first - 1]):
        first -= 1
    while last + 1 < len(words) and _belongs(words[last + 1]):
        last += 1
    yield unit.start() + clauses[first].start(), unit.start() + clauses[last].end()


def _belongs(clause: str) -> bool:
    """Whether a clause after an offer is part of it."""
    said = clause.rstrip("，,：:。！？!?；;】")
    return bool(CALL.search(clause) or OFFER.search(clause)) or (
        len(said) <= SHORT_CLAUSE and not re.search(r"\d", said)
    )


def _menu(run: list[tuple[int, int, bool, bool]], fewest: int) -> Iterator[Span]:
    """The run from its first core entry to its last, where it is a menu."""
    cores = [index for index, (_, _, core, _) in enumerate(run) if core]
    if len(cores) < 2:
        return
    between = run[cores[0] : cores[-1] + 1]
    entries = sum(entry for _, _, _, entry in between)
    if entries >= fewest and entries >= MENU_SHARE * len(between):
        yield between[0][0], between[-1][1]

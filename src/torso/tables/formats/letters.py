"""The likelihood of a text: the cost of its letters, by which encodings are compared."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

__all__ = ["cost"]

_LATIN = {  # language -> its letters beyond ASCII
    "fr": "éèêëàâçîïôùûœ",
    "de": "äöüß",
    "es": "áéíóúñü¿¡",
    "pt": "ãõáéíóúâêôçà",
    "it": "àèéìòù",
    "nordic": "åäöæøé",
    "nl": "ëïéèöü",
    "is": "áéíóúýþæðö",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "hr": "čćđšž",
    "tr": "çğıöşüâîİ",
}
_WESTERN = ("fr", "de", "es", "pt", "it", "nordic", "nl", "is")
_ICELANDIC = frozenset("ýþð")  # rare in the languages that share an encoding with it
_ALL_LATIN = frozenset("".join(_LATIN.values()))
_CYRILLIC = (("оеаинтсрвл", 2.8), ("кмдпуя", 3.3), ("ызбьгчй", 4.1), ("хжшюцщэфъёіїєґўјљњћђџ", 5.0))
_GREEK = (("αοιετσνηυρπκλμς", 2.9), ("άέήίόύώγδωθχφβ", 4.2), ("ξψζϊϋΐΰ", 5.5))
_HANGUL = (
    "이다는에의가을하고지로를은사도인어한자기아대있리시나해서정일보수것스전과여상조부구장주제라그원들만안선성거우신게국동문울산광김박최"
    "강남북경색빨파노란초록검흰녹청서울부산대구인천좋쁨나음품맛빠비싸요습니재질배송물건무민영진현미소유"
)
_HAN = (
    "的一是不了在人有我他这中大来上国和地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如"
    "都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将"
    "两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立"
    "及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克"
    "许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉"
    "术领共确传师观清今切院让识候带导争运红黄蓝绿黑京州江省城县店价量城贵店名称颜尺寸良差评快慢味香质深圳广武汉成都杭重庆苏津好坏苹橙菜饭茶肉鱼鸡汉李王张刘陈杨赵吴周伟芳娜敏静"
    "這來國說時會對過發後種經麼學動開從實軍無與長機業關點將兩間問應戰頭體見產給門東聲員論處義幾條氣題爾別變總電數報結務場計統區保隊書則"
    "聽達強難權記類據邊張該規萬術領確傳師觀運紅黃藍綠臺灣台灣價質貴顏島"
    "本日人大年出見行上前会社時東京気分円駅店色赤青白黒緑値段品名商県市町村区番号良悪電車食味新古高低安美何今私彼学校先生語話買売読書"
    "使用思言持方物事間手目内家最中小子女男国作者地図料理金銀山川田木水火土曜"
)
_TOP_HAN, _TOP_HANGUL = frozenset(_HAN), frozenset(_HANGUL)
_TYPOGRAPHIC = frozenset("“”‘’–—…•€°£«»§©®™²½×")
_EAST_ASIAN = frozenset("、。，「」『』（）：；！？·～【】《》・ー￥％　")
_UNKNOWN_LETTER, _FOREIGN_LATIN, _SIGN, _BROKEN, _NEVER = 12.0, 8.0, 11.0, 10.0, 30.0
_MIXED, _TWO_ACCENTS, _CAPITAL_WITHIN, _WITHIN_WORD = 5.0, 3.5, 6.0, 7.0
_ACCENTED = r"[\u00aa\u00b5\u00ba\u00c0-\u024f]"
_EAST = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_OTHERS = "\u0370-\u03ff\u0400-\u052f\u0590-\u06ff"
_TWO = re.compile(rf"{_ACCENTED}(?={_ACCENTED})")
_MIX = re.compile(
    rf"[A-Za-z\u00c0-\u024f](?=[{_OTHERS}])|[{_OTHERS}](?=[A-Za-z\u00c0-\u024f])"
    "|[\uac00-\ud7af](?=[\u3040-\u9fff])|[\u3040-\u9fff](?=[\uac00-\ud7af])"
    f"|[\u00c0-\u024f](?=[{_EAST}])|[{_EAST}](?=[\u00c0-\u024f])"
)
_SIGMA = re.compile(r"ς(?=\w)")  # ends a word, never stands within one
_EAST_IN_WORD = re.compile(f"(?<=[a-z])[{_EAST}]+(?=[a-z])")
_WORD = re.compile(r"[^\W\d_]+")


def cost(text: str, *, western: bool = False) -> float:
    """Return how unlikely a text is: a sum over its letters, for the language that suits it best.

    Args:
        text: lines of cells.
        western: its accented letters are of western European languages only.

    >>> cost("Москва") < cost("Москва".encode("cp1251").decode("cp1252"))
    True
    """
    counts = Counter(text)
    fixed = sum(_letter(letter) * count for letter, count in counts.items())
    accented = {letter: n for letter, n in counts.items() if _small(letter) in _ALL_LATIN}
    latin = min(
        sum(_accent(letter, language) * n for letter, n in accented.items())
        for language in (_WESTERN if western else _LATIN)
    )
    return (
        fixed
        + latin
        + _TWO_ACCENTS * len(_TWO.findall(text))
        + _MIXED * len(_MIX.findall(text))
        + _WITHIN_WORD * (len(_EAST_IN_WORD.findall(text)) + len(_SIGMA.findall(text)))
        + _CAPITAL_WITHIN * _capitals_within(text)
    )


def _small(letter: str) -> str:
    small = letter.lower()
    return small if len(small) == 1 else letter  # the Turkish capital with a dot has no single one


def _accent(letter: str, language: str) -> float:
    capital = 1.5 * letter.isupper()
    if _small(letter) not in _LATIN[language]:
        return capital + _FOREIGN_LATIN
    return capital + (6.0 if _small(letter) in _ICELANDIC and language == "is" else 4.0)


@lru_cache(maxsize=1 << 16)
def _letter(letter: str) -> float:
    """Return the cost of a letter in any language; none for accented Latin, which depends on it."""
    code = ord(letter)
    if code < 0x80:
        return _NEVER if code < 0x20 and letter not in "\t\r\n" else 3.0
    if _small(letter) in _ALL_LATIN:
        return 0.0
    if letter in _TYPOGRAPHIC or letter in _EAST_ASIAN or letter == "\xa0":
        return 6.0
    if letter == "\ufffd":
        return _BROKEN
    if code < 0xA0 or 0xE000 <= code < 0xF900 or code > 0xFFFF:
        return _NEVER
    return _of_script(letter, code)


def _of_script(letter: str, code: int) -> float:
    small, capital = letter.lower(), 0.5 * letter.isupper()
    for letters, price in _CYRILLIC:
        if small in letters:
            return price + capital
    for letters, price in _GREEK:
        if small in letters:
            return price + 2 * capital
    if 0x5D0 <= code <= 0x5EA or 0x621 <= code <= 0x64A:
        return 3.1
    if 0x3041 <= code <= 0x3096:
        return 3.8
    if 0x30A1 <= code <= 0x30F6:
        return 4.5
    if 0xAC00 <= code <= 0xD7A3:
        return 5.0 if letter in _TOP_HANGUL else 8.5 if _lead(letter, "euc_kr") else 15.0
    if 0x4E00 <= code <= 0x9FFF:
        return _han(letter)
    if letter.isalpha():
        return _UNKNOWN_LETTER
    return _SIGN


def _han(letter: str) -> float:
    if letter in _TOP_HAN:
        return 5.5
    common = (
        0 < _lead(letter, "gb2312") < 0xD8
        or 0 < _lead(letter, "big5") < 0xC7
        or 0 < _lead(letter, "euc_jp") < 0xD0
    )
    return 9.0 if common else 13.0 if _lead(letter, "gb2312") or _lead(letter, "big5") else 16.0


def _lead(letter: str, encoding: str) -> int:
    """Return the first byte of a letter of two bytes; 0 if an encoding lacks it."""
    try:
        content = letter.encode(encoding)
    except UnicodeEncodeError:
        return 0
    return content[0] if len(content) == 2 else 0


def _capitals_within(text: str) -> int:
    """Return the number of capitals after a small letter, beyond ASCII on either side."""
    return sum(
        1
        for word in _WORD.findall(text)
        if not word.isascii()
        for before, after in pairwise(word)
        if before.islower() and after.isupper() and not (before.isascii() and after.isascii())
    )

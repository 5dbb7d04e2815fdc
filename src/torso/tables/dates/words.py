"""The words of dates: months, weekdays, halves of the day and time zones, in one plain spelling.

Words are compared in small letters and without accents, so `Août`, `AOÛT` and `aout` are one month.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from zoneinfo import available_timezones

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.missing import says_missing

__all__ = [
    "FILLERS",
    "HALVES",
    "MONTHS",
    "UNITS",
    "WEEKDAYS",
    "ZONES",
    "plain",
    "plain_text",
    "says_no_date",
    "zone_names",
]

_NO_DATE = r"^\s*(?i:nat|[-?.–—]+|0{4}[-/.]00[-/.]00(?:[ T]00:00(?::00)?)?|00[-/.]00[-/.]0{4})\s*$"
"""Beside the words for a missing value, zeros as databases write them."""

_REWRITTEN = (
    (r"^ *[\[(\"](.*)[\])\"] *$", r"\1"),  # brackets around all of it
    (r"^([12]\d{3}):(\d\d):(\d\d)( |$)", r"\1-\2-\3\4"),  # a camera's
    (r"^(\d{4}-\d\d-\d\d)[ t](\d\d)-(\d\d)-(\d\d)$", r"\1 \2:\3:\4"),  # a file's name
    (r" г\.?( |,|$)", r"\1"),  # the Russian word for year
)

_MONTHS = """
january jan | february feb | march mar | april apr | may | june jun | july jul | august aug |
september sep sept | october oct | november nov | december dec
januar jänner jän | februar feber | märz mrz mär | april | mai | juni | juli | august | september |
oktober okt | november | dezember dez
janvier janv | février févr fév | mars | avril avr | mai | juin | juillet juil | août aoû |
septembre | octobre | novembre | décembre déc
enero ene | febrero | marzo | abril abr | mayo | junio | julio | agosto ago | septiembre setiembre |
octubre | noviembre | diciembre dic
gennaio gen | febbraio | marzo | aprile | maggio mag | giugno giu | luglio lug | agosto |
settembre set | ottobre ott | novembre | dicembre
janeiro | fevereiro fev | março | abril | maio | junho | julho | agosto | setembro | outubro out |
novembro | dezembro
januari | februari | maart mrt | april | mei | juni | juli | augustus | september | oktober | november |
december
januari | februari | mars | april | maj | juni | juli | augusti | september | oktober | november | december
januar | februar | marts | april | maj | juni | juli | august | september | oktober | november | desember des
styczeń stycznia sty | luty lutego lut | marzec marca | kwiecień kwietnia kwi | maj maja |
czerwiec czerwca cze | lipiec lipca lip | sierpień sierpnia sie | wrzesień września wrz |
październik października paź | listopad listopada lis | grudzień grudnia gru
январь января янв | февраль февраля фев февр | март марта мар | апрель апреля апр | май мая |
июнь июня июн | июль июля июл | август августа авг | сентябрь сентября сен сент | октябрь октября окт |
ноябрь ноября ноя нояб | декабрь декабря дек
leden ledna | únor února | březen března | duben dubna | květen května | červen června | červenec července |
srpen srpna | září | říjen října | listopadu | prosinec prosince
január | február | március márc | április ápr | május | június | július | augusztus | szeptember szept |
október | november | december
tammikuuta tammikuu | helmikuuta helmikuu | maaliskuuta maaliskuu | huhtikuuta huhtikuu |
toukokuuta toukokuu | kesäkuuta kesäkuu | heinäkuuta heinäkuu | elokuuta elokuu | syyskuuta syyskuu |
lokakuuta lokakuu | marraskuuta marraskuu | joulukuuta joulukuu
ocak | şubat | mart | nisan | mayıs | haziran | temmuz | ağustos | eylül | ekim | kasım | aralık
一月 | 二月 | 三月 | 四月 | 五月 | 六月 | 七月 | 八月 | 九月 | 十月 | 十一月 | 十二月
"""  # twelve groups a language, those of one language after those of another

_WEEKDAYS = """
monday mon tuesday tue tues wednesday wed thursday thu thur thurs friday fri saturday sat sunday sun
montag mo dienstag di mittwoch mi donnerstag do freitag fr samstag sonnabend sa sonntag so
lundi lun mardi mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim
lunes martes mié miércoles mié jueves jue viernes vie sábado sáb domingo dom
lunedì martedì mercoledì giovedì gio venerdì sabato domenica
segunda seg terça ter quarta qua quinta qui sexta sex
maandag ma dinsdag woensdag wo donderdag vrijdag vr zaterdag za zondag zo
måndag mandag tisdag tirsdag onsdag torsdag fredag lördag lørdag söndag søndag
пн вт ср чт пт сб вс
星期一 星期二 星期三 星期四 星期五 星期六 星期日 星期天 周一 周二 周三 周四 周五 周六 周日
月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日
"""

_HALVES = {
    "am": ("am", "a.m.", "a.m", "a. m.", "vorm.", "上午", "오전", "午前"),
    "pm": ("pm", "p.m.", "p.m", "p. m.", "nachm.", "下午", "오후", "午後"),
}

FILLERS = ("de", "of", "del", "the", "den", "le", "el", "do", "di", "d'")
"""Words between the parts of a date that say nothing: `17 de mayo de 2024`."""

UNITS = {
    "年": "Y",
    "년": "Y",
    "月": "m",
    "월": "m",
    "日": "d",
    "号": "d",
    "일": "d",
    "时": "H",
    "時": "H",
    "点": "H",
    "시": "H",
    "分": "M",
    "분": "M",
    "秒": "S",
    "초": "S",
}
"""Signs behind a number that say which part of a date or time it is."""

ZONES = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "ut": 0,
    "wet": 0,
    "bst": 60,
    "west": 60,
    "cet": 60,
    "cest": 120,
    "mez": 60,
    "mesz": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "ist": 330,
    "jst": 540,
    "kst": 540,
    "aest": 600,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "akst": -540,
    "akdt": -480,
    "hst": -600,
}
"""Short names of zones, in minutes east of UTC; EST, CST and the like are those of North America."""


def plain_text(text: str) -> str:
    """Return a text in small letters, with plain signs and single spaces.

    >>> plain_text(" 17.  MÄRZ ２０２４")
    '17. marz 2024'
    """
    # `pa.array` would import pandas, half a second, wherever it happens to be installed.
    letters = text.encode()
    ends = pa.py_buffer(np.array([0, len(letters)], np.int64))
    cell = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(letters)])
    return str(plain(cell)[0].as_py())


def plain(strings: pa.Array) -> pa.Array:
    """Return the texts in small letters, without accents, with plain dashes, digits and single spaces."""
    if pc.all(pc.string_is_ascii(strings)).as_py() is False:
        strings = pc.utf8_normalize(strings, "NFKD")
        strings = pc.replace_substring_regex(strings, r"[\p{Mn}\p{Cf}]", "")
        strings = pc.utf8_normalize(strings, "NFC")
        strings = pc.replace_substring_regex(strings, r"[\p{Pd}\x{2212}]", "-")
    strings = pc.replace_substring_regex(pc.utf8_lower(strings), r"[\s_]+|\s*['’`]\s*", " ")
    for pattern, plain_form in _REWRITTEN:
        strings = pc.replace_substring_regex(strings, pattern, plain_form)
    return pc.utf8_trim_whitespace(strings)


def says_no_date(strings: pa.Array) -> pa.Array:
    """Return where a cell among dates says that there is none; null where the cell itself is null.

    >>> says_no_date(pa.array(["N/A", "NaT", "0000-00-00", "-", "2024-05-17"])).to_pylist()
    [True, True, True, True, False]
    """
    other = pc.match_substring_regex(strings, _NO_DATE)
    return pc.or_(says_missing(strings), other)


@cache
def zone_names() -> dict[str, str]:
    """Return the names of the zones of the world, such as Europe/Berlin, by their plain text."""
    return {name.lower().replace("_", " "): name for name in available_timezones() if "/" in name}


def _plain_word(word: str) -> str:
    """Return the word as `plain` spells it, without a table of Arrow."""
    letters = unicodedata.normalize("NFKD", word.lower())
    letters = "".join(sign for sign in letters if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", letters)


def _months() -> dict[str, int]:
    groups = [group.split() for group in " | ".join(_MONTHS.strip().split("\n")).split("|")]
    groups = [group for group in groups if group]
    return {
        _plain_word(word): position % 12 + 1
        for position, group in enumerate(groups)
        for word in group
    }


MONTHS = _months()
"""Number of a month by its name or short name, in sixteen languages."""
WEEKDAYS = frozenset(map(_plain_word, _WEEKDAYS.split()))
"""Names of weekdays, which say nothing that the date does not."""
HALVES = {_plain_word(word): half for half, words in _HALVES.items() for word in words}
"""`am` or `pm` by the words that say so."""

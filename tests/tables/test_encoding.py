"""A text file's encoding is chosen by the text that it gives, told, and may be set."""

import json

import pytest

from torso.core.errors import DataError
from torso.tables.formats.text_settings import TextSettings
from torso.tables.peek import column_names
from torso.tables.table import read_table

TEXTS = {
    "cp1252": ["café", "Größe und Straße", "niño, señor", "São Paulo", "Göteborg", "5 € – “fine”", "très déçu"],
    "gb18030": ["北京", "颜色、城市", "这个产品很好", "质量很差，不推荐"],
    "cp932": ["東京", "これは良い商品です", "コンピュータ"],
    "euc_jp": ["これは良い商品です"],
    "cp949": ["서울", "이 제품은 좋습니다"],
    "big5": ["這個產品很好", "高雄、台中"],
    "cp1251": ["Москва", "МОСКВА", "хороший товар", "да"],
    "koi8_r": ["хороший товар, рекомендую всем"],
    "cp1250": ["Łódź", "Příliš žluťoučký kůň", "książka"],
    "cp1253": ["Αθήνα, Ελλάδα"],
    "cp1254": ["kırmızı", "güneş, ağaç"],
    "cp1255": ["ירושלים עיר הקודש"],
    "cp1256": ["مرحبا بكم"],
    "utf-16": ["café"],
    "utf-16-le": ["red and green, blue and more"],
    "utf-32-be": ["café"],
}  # fmt: skip


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_the_likely_encoding_is_found_and_told(tmp_path, encoding, form):
    for text in TEXTS[encoding]:
        rows = [{"note": text, "size": "x"}, {"note": "plain", "size": "y"}]
        content = {
            "csv": f'note,size\n"{text}",x\nplain,y\n',
            "jsonl": "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows),
            "json": json.dumps(rows, ensure_ascii=False),
        }[form]
        path = tmp_path / f"t.{form}"
        path.write_bytes(content.encode(encoding))
        table = read_table(path)
        assert table.data.to_pylist() == rows, (text, table.notes)
        assert len(table.notes) == 1 and path.name in table.notes[0]


def test_the_cure_for_a_wrong_guess_works(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("x,y\né,1\n".encode("cp1252"))
    note = read_table(path).notes[0]
    assert "line 2" in note and "cp1252" in note and "'é'" in note
    other = note.rpartition("data.encoding=")[2]
    read_table(path, settings=TextSettings(encoding=other.rstrip(".")))
    said = read_table(path, settings=TextSettings(encoding="latin-1"))
    assert said.notes == () and said.column("x").values.to_pylist() == ["é"]


def test_an_encoding_that_does_not_fit_is_refused_with_the_likely_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("x,y\n北京上海,1\n".encode("gb18030"))
    with pytest.raises(
        DataError, match=r"t\.csv is not utf-8: line 2 .* set data.encoding=gb18030"
    ):
        read_table(path, settings=TextSettings(encoding="utf-8"))


def test_a_few_broken_characters_do_not_change_the_encoding(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("x,y\nà é,1\nüß,2\nÖl,3\n".encode() + b"caf\xc3,4\n")
    table = read_table(path)
    assert table.column("x").values.to_pylist() == ["à é", "üß", "Öl", "caf\ufffd"]
    assert "UTF-8 but for 1 broken" in table.notes[0] and "line 5" in table.notes[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 and more", "Excel file; save the sheet as CSV"),
        (b"\x1f\x8b and more", "name end in .gz"),
        (b"PAR1 and more", "name end in .parquet"),
        (bytes(100), "no text"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "tsv", "json", "jsonl"])
def test_files_of_another_kind_are_named(tmp_path, content, said, form):
    path = tmp_path / f"t.{form}"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"t\.{form} is .*{said}"):
        read_table(path)


SHORT = {
    "cp1250": ["Gdańsk", "Čapek", "pes"],
    "cp1253": ["κόκκινο"],
    "big5": ["蘋果"],
    "cp1252": ["ñ", "Ø"],
}


@pytest.mark.parametrize("encoding", SHORT)
def test_a_row_alone_has_the_encoding_of_the_training_table(tmp_path, encoding):
    path = tmp_path / "t.csv"
    for text in SHORT[encoding]:
        path.write_bytes(f"note,size\n{text},1\n".encode(encoding))
        table = read_table(path, settings=TextSettings(usual=encoding))
        assert table.column("note").values.to_pylist() == [text]
    for other in ("cp1251", "gb18030", "utf-16", "utf-8"):  # but another file may have another one
        text = "это хороший товар" if other == "cp1251" else "这个产品很好"
        path.write_bytes(f"note,size\n{text},1\n".encode(other))
        table = read_table(path, settings=TextSettings(usual=encoding))
        assert table.column("note").values.to_pylist() == [text]


def test_a_mark_wins_over_a_set_encoding_and_is_told(tmp_path):
    path = tmp_path / "t.csv"
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        path.write_bytes("x,y\n北京,1\n".encode(encoding))
        table = read_table(path, settings=TextSettings(encoding="gb18030"))
        assert table.column("x").values.to_pylist() == ["北京"]
        assert "not as gb18030" in table.notes[0]
    path.write_bytes("x,y\né,1\n".encode())
    said = read_table(path, settings=TextSettings(encoding="cp1252"))
    assert said.column("x").values.to_pylist() == ["Ã©"] and "UTF-8, too" in said.notes[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "cp1251", "utf-16"])
def test_names_of_columns_are_known_before_the_table_is_read(encoding, tmp_path):
    names = ["размер", "цена"] if encoding == "cp1251" else ["評價", "價格"]
    rows = ["большой,1", "малый,2"] if encoding == "cp1251" else ["很好看,1", "不太好,2"]
    path = tmp_path / "table.csv"
    path.write_text("\n".join([",".join(names), *rows * 40]) + "\n", encoding=encoding)
    assert column_names(path) == names

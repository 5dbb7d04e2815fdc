"""A config in another encoding: the command that the error prints converts it."""

import re
import shutil
import subprocess

import pytest

from torso.core.errors import ConfigError
from torso.runs.settings.config import read_config

CONFIG = "targets: [情感]\ninputs: {评论: text}  # 这个产品很好，推荐购买\n"


@pytest.mark.skipif(shutil.which("iconv") is None, reason="iconv is absent")
@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16"])
def test_the_cure_converts_it(tmp_path, encoding):
    path = tmp_path / "my run.yaml"
    path.write_bytes(CONFIG.encode(encoding))
    with pytest.raises(ConfigError, match=r"is not UTF-8 \(line 1\)") as error:
        read_config(path)
    command = re.search("iconv .*", str(error.value))[0]
    subprocess.run(command, shell=True, check=True)
    assert read_config(tmp_path / "my run-utf8.yaml") == {
        "targets": ["情感"],
        "inputs": {"评论": "text"},
    }


def test_a_broken_character_is_named_with_its_line(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_bytes(CONFIG.encode() + b"# caf\xe9 " + CONFIG.encode().replace(b"\n", b" "))
    with pytest.raises(ConfigError, match=r"not UTF-8 \(line 3\).* write the broken characters"):
        read_config(path)

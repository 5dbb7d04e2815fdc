"""Small texts and files that would take all memory or time: refused at once."""

import pytest

import torso
from tests import small_tables as tables
from torso.core.errors import ConfigError
from torso.core.yaml_text import read_yaml

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize("fusion", ["*a9", "&own [*own]", "{type: concat, hidden: *a9}"])
def test_aliases_that_stand_for_too_much_are_refused(fusion, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(f"{ALIASES}targets: {{price: number}}\nfusion: {fusion}\n")
    with pytest.raises(ConfigError, match="aliases") as caught:
        torso.fit(tables.plain(), config=file)
    assert str(file) in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_few_aliases_and_long_texts_are_read():
    assert read_yaml("a: &a [1, 2]\nb: *a") == {"a": [1, 2], "b": [1, 2]}
    values = list(range(30_000))
    assert read_yaml(f"a: {values}") == {"a": values}

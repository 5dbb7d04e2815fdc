import numpy as np

from torso.core.arguments import names_in


def test_names_of_numpys_type_become_plain():
    for given in ([np.str_("y")], (np.str_("y"),), np.array(["y"])):
        assert [type(name) for name in names_in("targets", given)] == [str]
    named = names_in("targets", {np.str_("y"): "number"})
    assert {type(name): kind for name, kind in named.items()} == {str: "number"}
    assert names_in("targets", "y") == "y"  # refused elsewhere, with the cure

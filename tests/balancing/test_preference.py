import pytest
import torch

from torso.balancing import FAMO, STCH, AlignedMTL, ConFIG, DualProj, Fixed, GradDrop, UPGrad
from torso.balancing._preference import per_task, preference_of

TASKS = ["a", "b", "c"]
# Parameter, what holds it, and what a task that is not named has.
PARAMETERS = [
    (UPGrad, "preference", "preference", 1.0),
    (DualProj, "preference", "preference", 1.0),
    (AlignedMTL, "preference", "preference", 1.0),
    (ConFIG, "preference", "preference", 1.0),
    (STCH, "preference", "preference", 1.0),
    (Fixed, "weights", "values", 1.0),
    (GradDrop, "leak", "leak", 0.0),
    (FAMO, "min_losses", "minimum", 0.0),
]


@pytest.mark.parametrize(("method", "parameter", "buffer", "default"), PARAMETERS)
def test_every_parameter_takes_the_same_spellings(method, parameter, buffer, default):
    expected = [0.5, default, 0.25]
    for given in ({"c": 0.25, "a": 0.5}, expected, tuple(expected), torch.tensor(expected)):
        assert getattr(method(TASKS, **{parameter: given}), buffer).tolist() == expected
    for wrong, message in (
        ({"d": 1.0}, rf"Unknown task in `{parameter}`: 'd'\. Known: \['a', 'b', 'c'\]"),
        ([1.0, 1.0], rf"`{parameter}` should be one number per task\. Found \[1\.0, 1\.0\] for"),
        ([0.5, 0.5, torch.nan], rf"`{parameter}` should be (finite|from).* Found {{'c': nan}}"),
    ):
        with pytest.raises(ValueError, match=message):
            method(TASKS, **{parameter: wrong})


def test_zeros_count_where_they_may():
    assert preference_of(TASKS, {"a": 0.0}).tolist() == [0.0, 1.0, 1.0]
    with pytest.raises(ValueError, match=r"should be finite and above 0\. Found {'a': 0\.0}"):
        preference_of(TASKS, {"a": 0.0}, positive=True)
    with pytest.raises(ValueError, match=r"should prefer some task\. Found only zeros"):
        preference_of(TASKS, [0.0, 0.0, 0.0])
    assert per_task("weights", TASKS, None, 2.0).tolist() == [2.0, 2.0, 2.0]

"""Every head can be traced by `torch.export`, or its class says why not."""

from copy import deepcopy

import pytest
from torch import nn

from tests.export_law import assert_exports
from tests.tasks import laws


class Outputs(nn.Module):
    """A head with the tokens that it reads, as the laws make them of the vectors: raw outputs, prediction and details."""

    def __init__(self, head):
        super().__init__()
        self.head = head

    def forward(self, features):
        raw = laws.run(self.head, features)
        return raw, self.head.answer(raw)


SPECS = [
    {"type": name, **settings}
    for name, kind in laws.Head.registry.items()
    for settings in ({}, *kind.law_settings)
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: "-".join(map(str, spec.values())))
def test_tracing(spec):
    head, (features, _) = laws.build(spec).float(), laws.example(spec)
    eager = Outputs(deepcopy(head))
    head.hold_still()
    assert_exports(Outputs(head), features.float(), reason=head.obstacle(), eager=eager)

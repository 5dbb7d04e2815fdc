"""Every head can be traced by `torch.export`, or its class says why not."""

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


@pytest.mark.parametrize("name", list(laws.Head.registry))
def test_tracing(name):
    spec = {"type": name}
    head, (features, _) = laws.build(spec).float(), laws.example(spec)
    head.hold_still()
    assert_exports(Outputs(head), features.float(), reason=head.not_exportable)

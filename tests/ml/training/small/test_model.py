from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from training.small.model import Llama, Shape, document_mask
from training.small.optimizer import Optimizers, orthogonalize

SHAPE = Shape(vocabulary=64, hidden=128, layers=2, heads=1, intermediate=128, context=32)


def awake(seed: int = 1) -> Llama:
    """A model whose blocks do something; fresh ones are the identity."""
    torch.manual_seed(seed)
    model = Llama(SHAPE)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


@pytest.mark.parametrize(
    "sizes", [{"hidden": 192, "heads": 2}, {"hidden": 256, "heads": 4}, {"intermediate": 700}]
)
def test_shape_that_turbomind_cannot_quantize_is_refused(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="128"):
        Shape(**sizes)


@torch.no_grad()
def test_documents_of_a_packed_row_do_not_see_each_other() -> None:
    model = awake()
    first, second = torch.randint(4, 64, (1, 12)), torch.randint(4, 64, (1, 20))
    documents = torch.tensor([[1] * 12 + [2] * 20])

    packed = model(torch.cat((first, second), dim=1), document_mask(documents))

    torch.testing.assert_close(packed[:, :12], model(first), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(packed[:, 12:], model(second), atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_later_tokens_change_nothing_before_them() -> None:
    model = awake()
    tokens = torch.randint(4, 64, (1, 16))
    changed = tokens.clone()
    changed[0, 10] = (changed[0, 10] + 1) % 64

    before, after = model(tokens), model(changed)

    torch.testing.assert_close(before[:, :10], after[:, :10])
    assert not torch.allclose(before[:, 10:], after[:, 10:])


@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (24, 64), (64, 24)])
def test_muon_brings_singular_values_near_one(rows: int, columns: int) -> None:
    torch.manual_seed(1)
    values = torch.linalg.svdvals(orthogonalize(torch.randn(3, rows, columns)))

    assert values.min() > 0.3
    assert values.max() < 1.4


def test_every_parameter_learns() -> None:
    model = awake()
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    with ThreadPoolExecutor(2) as pool:
        optimizers = Optimizers(model, pool, matrix_lr=0.02, embedding_lr=0.01, weight_decay=0.0)
        model(torch.randint(4, 64, (2, 16))).square().mean().backward()
        optimizers.step(1.0)

    for name, parameter in model.named_parameters():
        assert not torch.equal(parameter, before[name]), name

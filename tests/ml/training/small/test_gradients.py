from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from training.small.gradients import Gradients, RowWorkers, WholeBatch
from training.small.model import Llama, Shape, token_losses
from training.small.sequences import CLIENT, COUNSELOR, PADDING

SHAPE = Shape(vocabulary=64, hidden=128, layers=1, heads=1, intermediate=128, context=16)


@pytest.mark.parametrize("workers", [0, 1, 3], ids=["whole batch", "one", "three"])
def test_pieces_together_give_the_gradient_of_the_weighted_mean(workers: int) -> None:
    torch.manual_seed(1)
    model = Llama(SHAPE)
    tokens = torch.randint(4, 64, (5, 16))
    kinds = torch.tensor([PADDING, CLIENT, COUNSELOR])[torch.randint(0, 3, (5, 16))]
    documents = torch.ones(5, 16, dtype=torch.uint8)
    weights = torch.tensor([0.0, 0.3, 1.0])[kinds[:, 1:]]
    loss = (token_losses(model, tokens, documents) * weights).sum() / weights.sum()
    loss.backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()

    with ThreadPoolExecutor(max(1, workers)) as pool:
        gradients: Gradients = (
            RowWorkers(model, pool, workers, rows_at_once=2, compiled=False)
            if workers
            else WholeBatch(model, rows_at_once=2, bfloat16=False, compiled=False)
        )
        first = gradients.add(tokens, kinds, documents, client_weight=0.3)
        model.zero_grad()
        gradients.add(tokens, kinds, documents, client_weight=0.3)

    assert first == pytest.approx(loss.item(), rel=1e-5)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], atol=1e-6, rtol=1e-4)


def test_workers_see_the_weights_after_an_update() -> None:
    torch.manual_seed(1)
    model = Llama(SHAPE)
    tokens = torch.randint(4, 64, (4, 16))
    kinds = torch.full((4, 16), COUNSELOR)
    documents = torch.ones(4, 16, dtype=torch.uint8)
    with ThreadPoolExecutor(2) as pool:
        gradients = RowWorkers(model, pool, 2, rows_at_once=2, compiled=False)
        gradients.add(tokens, kinds, documents, client_weight=1.0)
        with torch.no_grad():
            model.embed_tokens.weight.mul_(3.0)

        loss = gradients.add(tokens, kinds, documents, client_weight=1.0)

    with torch.no_grad():
        assert loss == pytest.approx(float(token_losses(model, tokens, documents).mean()), rel=1e-5)

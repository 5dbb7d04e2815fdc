"""Optimizers as users write them: Lion, and one that is schedule-free, with the modes that its authors gave it."""

import torch


class Lion(torch.optim.Optimizer):
    """The sign of a running mean of gradients (Chen et al. 2023), with its counts as plain numbers."""

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                mean = state.setdefault("mean", torch.zeros_like(p))
                state["steps"] = state.get("steps", 0) + 1
                assert isinstance(state["steps"], int)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(mean.lerp(p.grad, 1 - first).sign(), alpha=group["lr"])
                mean.lerp_(p.grad, 1 - second)


class ScheduleFree(torch.optim.Optimizer):
    """Schedule-free gradient descent (Defazio et al. 2024), as their code does it: z moves, x is its mean, y has the gradient."""

    def __init__(self, params, lr=0.5, momentum=0.9, weight_decay=0.0):
        super().__init__(
            params,
            {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "k": 0, "moves": False},
        )

    @torch.no_grad()
    def _swap(self, weight, moves):
        for group in self.param_groups:
            if group["moves"] != moves:
                for p in group["params"]:
                    if "z" in self.state[p]:
                        p.lerp_(self.state[p]["z"], weight(group["momentum"]))
                group["moves"] = moves

    def train(self):
        self._swap(lambda momentum: 1 - momentum, True)

    def eval(self):
        self._swap(lambda momentum: 1 - 1 / momentum, False)

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            assert group["moves"], "a step in the mode that answers"
            group["k"] += 1
            for p in group["params"]:
                if p.grad is None:
                    continue
                z = self.state[p].setdefault("z", p.clone())
                gradient = p.grad.add(p, alpha=group["weight_decay"])
                share = 1 / group["k"]
                p.lerp_(z, share)
                p.add_(gradient, alpha=group["lr"] * (group["momentum"] * (1 - share) - 1))
                z.sub_(gradient, alpha=group["lr"])


class Hoarder(Lion):
    """One that keeps what no checkpoint holds."""

    def step(self, closure=None):
        super().step()
        for p in self.param_groups[0]["params"]:
            self.state[p]["seen"] = {1, 2}


class NoOptimizer:
    """Nothing to train with."""

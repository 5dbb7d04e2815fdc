"""学生的头半个小时：多任务、多模态，从公式到结果。

总损失 = 各任务损失的加权和：L = Σ w_t · L_t。共享主干被所有任务更新，每个任务有自己的输出头。

    python examples/first_half_hour/student.py
"""

# ruff: noqa: D415
import torch
from _orders import orders
from torch import nn

import torso

# 训练轮数少、宽度小，只为看清步骤；正式实验请去掉这些设置，用默认值。
SMALL = {
    "training.epochs": 15,
    "training.lr": 0.003,
    "dim": 32,
    "folds": 0,
    "blend": "off",
    "pretrained": "off",
    "inputs.note.kind": "text",
    "encoders.note": "ngrams",
}


def formula() -> None:
    """把公式写成代码：两个任务，一个共享主干。"""
    torch.manual_seed(0)
    x = torch.randn(128, 4)
    y_regression, y_class = x[:, :1] * 2, (x[:, 1:2] > 0).float()
    body = nn.Sequential(nn.Linear(4, 16), nn.ReLU())  # 共享主干
    heads = nn.ModuleList([nn.Linear(16, 1), nn.Linear(16, 1)])  # 每个任务一个输出头
    weights = (1.0, 1.0)  # 任务权重 w_t
    optimizer = torch.optim.Adam([*body.parameters(), *heads.parameters()], lr=0.01)
    for _ in range(100):
        shared = body(x)
        losses = (
            nn.functional.mse_loss(heads[0](shared), y_regression),
            nn.functional.binary_cross_entropy_with_logits(heads[1](shared), y_class),
        )
        loss = sum(w * each for w, each in zip(weights, losses, strict=True))  # L = Σ w_t · L_t
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"手写的两任务网络：回归损失 {losses[0]:.3f}，分类损失 {losses[1]:.3f}")


def score(targets: list[str], **settings: object) -> str:
    """训练一次，返回每个任务在测试行上的主要指标和 95 % 区间。"""
    rows = orders(160)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    predictor = torso.fit(columns, targets, settings={**SMALL, **settings})
    lines = []
    for task, report in predictor.reports.items():
        value = report.metrics[report.headline]
        lines.append(
            f"{task} {report.headline} {value.value:.2f} [{value.low:.2f}, {value.high:.2f}]"
        )
    return "，".join(lines)


def main() -> None:
    formula()
    # 一、哪些任务一起学？先单独训练，再一起训练，比较同一批测试行上的结果。
    print("单任务：", score(["price"]))
    print("多任务：", score(["price", "fruit"]))
    # 二、怎样融合？文本、数值、类别是不同的模态：并行（拼接）、串行、分层。
    print("并行融合：", score(["price", "fruit"], fusion="concat"))
    print("串行融合：", score(["price", "fruit"], fusion="sequential"))
    print("分层融合：", score(["price", "fruit"], fusion="hierarchical"))
    # 三、权重怎么定？equal 是相等的权重，uncertainty 让网络自己学。
    print("学习权重：", score(["price", "fruit"], balancing="uncertainty"))
    # 四、怎样看结果：区间重叠很多时，不能说一种方法更好；行数多、种子多，再下结论。


if __name__ == "__main__":
    main()

"""The picture of a robustness: no two curves look alike, and the legend covers none."""

import pytest

from torso.studies.robustness import Robustness

pytest.importorskip("matplotlib", reason="pictures need torso[plot]")

from matplotlib.figure import Figure

from torso.studies.robustness.pictures import draw_robustness

LEVELS = (0.0, 0.5, 1.0)


def study(modalities: int, tasks: int) -> Robustness:
    names = [f"a column {number}" for number in range(modalities)] + ["all modalities"]
    curves = {name: {f"task {task}": [0.9, 0.8, 0.7] for task in range(tasks)} for name in names}
    return Robustness(LEVELS, {f"task {task}": "accuracy" for task in range(tasks)}, curves, {})


@pytest.mark.parametrize(("modalities", "tasks"), [(2, 1), (14, 5)])
def test_curves_look_different_and_the_legend_lies_apart(modalities, tasks, tmp_path, monkeypatch):
    drawn = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *at, **how: (drawn.append(self), save(self, *at, **how))
    )
    shown = study(modalities, tasks)
    draw_robustness(shown, tmp_path / "curves.png", shown)
    [figure] = drawn
    assert len(figure.axes) == tasks
    looks = [(line.get_color(), line.get_marker()) for line in figure.axes[0].lines[::2]]
    assert len(set(looks)) == modalities + 1
    [legend] = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == [*shown.curves, "the other run"]
    area = legend.get_window_extent()
    assert not any(area.overlaps(axis.get_tightbbox()) for axis in figure.axes)
    assert area.x0 >= 0 and area.x1 <= figure.bbox.x1
    sizes = [text.get_fontsize() for text in legend.get_texts()]
    sizes += [label.get_fontsize() for axis in figure.axes for label in axis.get_xticklabels()]
    assert min(sizes) >= 9 and figure.get_figwidth() <= 8.8

"""docs/export.md, docs/machine.md: files, times and scores of exports, and sizes of environments that answer."""

from __future__ import annotations

from shown.words import table

__all__ = ["PAGES"]


def exports(report: dict) -> str:
    """A line per precision: size, time of the export and of a row, and scores beside those of float32."""
    rows = []
    for name, own in report["demo"].items():
        scores = own.get("held_out", {})
        changes = [
            f"{task} {score['metric']} {score['lighter'] - score['float32']:+.4f}"
            for task, score in scores.items()
        ]
        row = own["single_row_ms"]
        rows.append(
            [
                f"`{name}`",
                f"{own['megabytes']:.1f} MB",
                f"{own['seconds']:.0f} s",
                f"{row['median']:.2f} ms",
                f"{own['difference']:.1e}",
                ", ".join(changes) or "–",
            ]
        )
    titles = ["precision", "file", "export", "a row, `session.run`", "largest difference"]
    return table([*titles, "change of scores"], rows) + f"\n\nMeasured on {report['machine']}."


def image_size(report: dict) -> str:
    """A line per image: its environment's size after the last step."""
    rows = [
        [f"`docker/{name}.Dockerfile`", f"{own['megabytes']} MB"]
        for name, own in report.items()
        if isinstance(own, dict)
    ]
    return table(["image", "environment"], rows)


PAGES = {"docs/export.md": {"exports": exports}, "docs/machine.md": {"image_size": image_size}}

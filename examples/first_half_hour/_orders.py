"""A small shop's orders, drawn from a seed: text, numbers, categories and dates with gaps, and three targets."""

import csv
import random
import sys

FRUIT = {"peach": 2.0, "lemon": 0.5, "fig": 3.0, "melon": 1.0}


def orders(rows: int = 200, seed: int = 0) -> list[dict[str, object]]:
    """Return rows with the inputs note, Weight.kg, shop and day, and the targets price, late and fruit."""
    draw = random.Random(seed)
    table = []
    for row in range(rows):
        fruit, shop = draw.choice(list(FRUIT)), draw.choice(["North", "South", "West"])
        weight = round(draw.uniform(0.5, 9), 2)
        rain = draw.random() < 0.4
        note = f"{'wet' if rain else 'dry'} box of {fruit}, {draw.choice(['handle', 'stack'])} with care"
        price = FRUIT[fruit] * weight + (2 if shop == "West" else 0) + draw.gauss(0, 0.5)
        late = draw.random() < (0.8 if rain else 0.15)
        table.append(
            {
                "order": 1000 + row,
                "note": None if draw.random() < 0.1 else note,
                "Weight.kg": None if draw.random() < 0.05 else weight,
                "shop": shop,
                "day": f"2024-{1 + row % 12:02d}-{1 + row % 28:02d}",
                "price": round(price, 2),
                "late": "yes" if late else "no",
                "fruit": fruit,
            }
        )
    return table


if __name__ == "__main__":
    table = orders()
    writer = csv.DictWriter(sys.stdout, list(table[0]), delimiter=";")
    writer.writeheader()
    for row in table:
        writer.writerow({**row, "Weight.kg": "?" if row["Weight.kg"] is None else row["Weight.kg"]})

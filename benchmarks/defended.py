"""Why Torso reads a column as another kind than the person who described the set: set -> column -> reason."""

DEFENDED: dict[str, dict[str, str]] = {
    "exam/art_price": {
        "yearCreation": "years and ranges of years; 6 % in words are left out and told",
    },
    "exam/book_price": {"Ratings": "a number of reviews, each with the same unit"},
    "exam/cheese": {
        "fat_content": "percent and g/100g, some as ranges: numbers with units",
        "texture": "29 adjectives joined by commas, most of them in many cells: a set",
        "aroma": "39 adjectives joined by commas, most of them in many cells: a set",
        "calcium_content": "numbers in one unit, mg/100g",
    },
    "exam/coasters": {
        "Cost": "money in six currencies, a feature each",
        "Length": "feet, with metres in brackets",
        "Height restriction": "inches, with centimetres in brackets",
        "Duration": "minutes and seconds",
        "Capacity": "riders per hour",
        "Max vertical angle": "degrees",
        "Drop": "feet, with metres in brackets",
    },
    "exam/coffee": {
        "Altitude": "metres and feet, many as ranges",
        "Bag.Weight": "kilograms and pounds",
        "Harvest.Year": "years and pairs of years",
    },
    "exam/comics": {
        "GSM": "99.2 % of the cells are missing, and that is told",
        "FIRST APPEARANCE": "months and years in three spellings; 99.9 % are read",
    },
    "exam/crashes": {"Time": "times of day; the position within a day is what they say"},
    "exam/emodb": {
        "sentence": "ten sentences: as text each would be learned by heart, as a category it is ten"
    },
    "exam/squirrels": {"date": "eight digits that are a date, %m%d%Y, in every cell"},
    "census_income_kdd": {
        "own_or_self": "0, 1, 2: kept as numbers and told, since nothing in the cells says that they are codes",
        "vet_benefits": "0, 1, 2: kept as numbers and told, since nothing in the cells says that they are codes",
    },
    "emoji": {
        "emoji": "a character each: nothing in the cells says that it identifies the row",
        "tags": "3,638 labels, most of them in one cell: too many for a set, so they are read as text",
        "order": "numbers with gaps; that it gives the class away is told as a leak",
    },
    "talking_stamps/clips": {
        "id": "each stands in several rows: it groups them, and is no row's own"
    },
    "mtr_mulan/edm": {
        "DFlow": "-1, 0, 1: three values are classes, and number is proposed",
        "DGap": "-1, 0, 1: three values are classes, and number is proposed",
    },
    "mtr_mulan/sf1": {
        "evolution": "1, 2, 3 from decay to growth: an order, kept as numbers and told",
        "c-class": "0, 1, 2: three values are classes, and number is proposed",
        "x-class": "three values under a name that says class; number is proposed",
    },
    "mtr_mulan/sf2": {
        "evolution": "1, 2, 3 from decay to growth: an order, kept as numbers and told",
        "previous_day_activity": "1, 2, 3 by strength: an order, kept as numbers and told",
        "x-class": "three values under a name that says class; number is proposed",
    },
    "mtr_mulan/wq": {"57500": "four values with a gap; number is proposed"},
}
